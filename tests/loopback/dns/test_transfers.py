"""Whole zones over the wire, and what is said before there is one, as dig sees it."""

import pytest

from dns.model import Query, RecordType
from dns.names import from_text
from dns.records import ClusterRecords, RecordOptions
from dns.zonetransfer import transfer
from tests.unit.dns.examplecluster import example_snapshot

SOA = "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5"
ZONE = from_text("cluster.local")
LOCAL = ("10.60.0.2",)
COREFILE = """. {
    transfer {
        to 127.0.0.1
    }
    kubernetes cluster.local in-addr.arpa {
        fallthrough in-addr.arpa
    }
    forward . %s
}
"""
ROWS = [
    "cluster.local. 5 IN NS kube-dns.kube-system.svc.cluster.local.",
    "kube-dns.kube-system.svc.cluster.local. 0 IN A 10.96.0.10",
    "web.shop.svc.cluster.local. 5 IN A 10.96.1.1",
    "_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 80 web.shop.svc.cluster.local.",
    "dual.shop.svc.cluster.local. 5 IN AAAA fd00:96::4",
    "db-0.db.data.svc.cluster.local. 5 IN A 10.60.2.1",
    "_pg._tcp.db.data.svc.cluster.local. 5 IN SRV 0 50 15432 db-0.db.data.svc.cluster.local.",
    "outside.shop.svc.cluster.local. 5 IN CNAME www.upstream.example.",
]


@pytest.fixture
def served(plain_dns_lab, addresses):
    upstream = plain_dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80")])
    made = plain_dns_lab.serve(COREFILE % upstream.text, host="127.0.53.30", published=False, local_addresses=LOCAL)
    made.upstream = upstream
    return made


def records(printed):
    return [" ".join(line.split()) for line in printed.splitlines() if line and not line.startswith(";")]


@pytest.mark.parametrize("question", ["AXFR", "IXFR=1", "IXFR=1699999999"])
def test_a_client_gets_every_record_of_the_zone_between_two_soas(served, question):
    served.publish(example_snapshot())
    found = records(served.dig(question, "cluster.local", "-b", "127.0.0.1"))
    assert (found[0], found[-1]) == (SOA, SOA)
    assert SOA not in found[1:-1]
    assert set(ROWS) <= set(found)
    options = RecordOptions(zones=(ZONE,), local_addresses=LOCAL)
    cluster = ClusterRecords.of(example_snapshot(), options)
    whole = transfer(cluster, Query(id=1, qname=ZONE, qtype=RecordType.AXFR))
    assert len(found) == len(list(whole))


def test_a_client_with_the_serial_gets_the_soa_alone(served):
    served.publish(example_snapshot())
    assert records(served.dig("IXFR=1700000000", "cluster.local", "-b", "127.0.0.1")) == [SOA]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("AXFR", "cluster.local", "-b", "127.0.0.2"), "REFUSED"),  # not its address
        (("IXFR=1", "cluster.local", "-b", "127.0.0.2"), "REFUSED"),
        (("IXFR=1", "cluster.local", "-b", "127.0.0.1", "+notcp"), "REFUSED"),
        (("AXFR", "svc.cluster.local", "-b", "127.0.0.1"), "REFUSED"),  # not a zone's name
        (("AXFR", "in-addr.arpa", "-b", "127.0.0.1"), "REFUSED"),  # not a forward zone
    ],
)
def test_what_is_no_transfer_of_ours_is_refused(served, words, status):
    served.publish(example_snapshot())
    printed = served.dig(*words, "+comments")
    assert f"status: {status}," in printed
    assert records(printed) == []


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    "question",
    ["web.shop.svc.cluster.local A", "nothing.shop.svc.cluster.local A", "cluster.local SOA", "cluster.local AXFR"],
)
def test_before_anything_is_published_names_of_the_cluster_fail_and_dig_is_told_why(served, question, transport):
    printed = served.dig(*question.split(), transport, "-b", "127.0.0.1", "+comments")
    assert "status: SERVFAIL," in printed
    assert "EDE: 14 (Not Ready): (the manifests are not read yet)" in printed
    assert records(printed) == []
    served.publish(example_snapshot())
    assert "status: SERVFAIL" not in served.dig(*question.split(), transport, "-b", "127.0.0.1")


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("name", ["www.upstream.example", "9.9.9.10.in-addr.arpa"])
def test_before_anything_is_published_upstreams_are_asked_for_the_rest(served, name, transport):
    assert records(served.dig(name, transport)) == [f"{name}. 300 IN A 192.0.2.80"]
    assert name in served.upstream.names
