import pytest

from controlplane.objects import LabelSelector
from dns.model import Query, RecordType, Srv
from dns.names import from_text, to_text
from dns.records import ClusterRecords, RecordOptions
from dns.zonetransfer import transfer

LOCAL = RecordOptions(local_addresses=("10.60.0.2",))


def zone_of(cluster, options=LOCAL, *, zone="cluster.local", serial=None):
    query = Query(id=1, qname=from_text(zone), qtype=RecordType.IXFR if serial else RecordType.AXFR, serial=serial)
    found = transfer(ClusterRecords.of(cluster, options), query)
    return None if found is None else tuple(found)


def lines(records, name):
    owner = from_text(f"{name}.cluster.local")
    found = [record for record in records if record.name == owner]
    return [(RecordType(r.type).name, r.ttl, data_of(r)) for r in found]


def data_of(record):
    match record.data:
        case Srv(priority, weight, port, target):
            return f"{priority} {weight} {port} {to_text(target)}"
        case str(address):
            return address
        case name:
            return to_text(name)


def test_it_begins_and_ends_with_the_soa_and_has_no_other(cluster):
    records = zone_of(cluster)
    assert records[0] == records[-1]
    assert [r.type for r in records].count(RecordType.SOA) == 2


def test_name_servers_come_first_and_their_addresses_have_no_ttl(cluster):
    ns, glue = zone_of(cluster)[1:3]
    assert (ns.type, data_of(ns)) == (RecordType.NS, "kube-dns.kube-system.svc.cluster.local.")
    assert (glue.type, glue.ttl, glue.data) == (RecordType.A, 0, "10.96.0.10")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "dual.shop.svc",
            [
                ("A", 5, "10.96.1.4"),
                ("AAAA", 5, "fd00:96::4"),
                ("SRV", 5, "0 100 80 dual.shop.svc.cluster.local."),
            ],
        ),
        ("_http._tcp.dual.shop.svc", [("SRV", 5, "0 100 80 dual.shop.svc.cluster.local.")]),
        ("lonely.shop.svc", [("A", 5, "10.96.1.2"), ("SRV", 5, "0 100 80 lonely.shop.svc.cluster.local.")]),
        ("db.data.svc", [("A", 5, "10.60.2.1"), ("A", 5, "10.60.2.2")]),
        ("db-0.db.data.svc", [("A", 5, "10.60.2.1")]),
        (
            "_pg._tcp.db.data.svc",
            [
                ("SRV", 5, "0 50 15432 db-0.db.data.svc.cluster.local."),
                ("SRV", 5, "0 50 15432 DB-1.db.data.svc.cluster.local."),
            ],
        ),
        ("portless.data.svc", [("A", 5, "10.60.2.31")]),
        ("outside.shop.svc", [("CNAME", 5, "www.upstream.example.")]),
        ("literal.shop.svc", []),
        ("hollow.data.svc", []),
        ("dns-version", []),
        ("ns.dns", []),
    ],
)
def test_what_a_name_has(cluster, name, expected):
    assert lines(zone_of(cluster), name) == expected


def test_options_hide_what_they_hide_from_questions(cluster):
    assert not lines(zone_of(cluster, RecordOptions(namespaces=frozenset({"data"}))), "web.shop.svc")
    labelled = RecordOptions(labels=LabelSelector(match_labels={"app": "front"}))
    assert not lines(zone_of(cluster, labelled), "web.shop.svc")
    assert lines(zone_of(cluster, labelled), "front.shop.svc")


@pytest.mark.parametrize(("serial", "is_whole"), [(1, True), (1_699_999_999, True), (1_700_000_000, False), (0, True)])
def test_ixfr_is_the_soa_alone_for_who_is_up_to_date(cluster, serial, is_whole):
    assert (len(zone_of(cluster, serial=serial)) > 1) == is_whole


@pytest.mark.parametrize("zone", ["in-addr.arpa", "svc.cluster.local", "upstream.example"])
def test_other_names_are_not_transferred(cluster, zone):
    assert zone_of(cluster, zone=zone) is None


def test_records_are_spelled_as_the_zone_was_asked_for(cluster):
    records = zone_of(cluster, zone="CLUSTER.local")
    assert all(record.name[-2:] == (b"CLUSTER", b"local") for record in records)


def test_options_are_keys_of_dictionaries():
    labelled = RecordOptions(labels=LabelSelector(match_labels={"app": "web"}))
    assert {labelled: 1, RecordOptions(): 2}[RecordOptions(labels=LabelSelector(match_labels={"app": "web"}))] == 1
