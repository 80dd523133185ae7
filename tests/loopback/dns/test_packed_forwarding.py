"""What upstreams said and the cache holds is packed once a second, what a hosts file says until it changes."""

import time

import pytest
from dnslib import DNSRecord

from tests.loopback.dns.conftest import HANG_SECONDS, make_snapshot

WWW = "www.upstream.example"


def corefile(upstream, *, plugins=""):
    return (
        ". {\n kubernetes cluster.local in-addr.arpa {\n fallthrough in-addr.arpa\n }\n"
        f" cache 30\n{plugins}\n forward . {upstream.text}\n}}"
    )


def framed(packet):
    return len(packet).to_bytes(2) + packet


@pytest.fixture(params=["udp", "tcp"])
def asking(request, question):
    """Asks a server over one socket; the answers, parsed."""

    def ask(served, *names, **header):
        with served.udp() if request.param == "udp" else served.tcp() as sock:
            for number, name in enumerate(names):
                packet = question(name, id=number, **header).pack()
                sock.send(packet if request.param == "udp" else framed(packet))
                found = DNSRecord.parse(sock.recv(65535)[0 if request.param == "udp" else 2 :])
                assert (found.header.id, str(found.q.qname)) == (number, f"{name}.")
                yield found

    return ask


def test_hits_and_answers_are_counted_whether_they_were_packed_or_not(dns_lab, asking, addresses, denial):
    def behave(asked):
        yield denial(asked) if asked.name.startswith("gone") else addresses(asked, "192.0.2.80")

    upstream = dns_lab.upstream(behave)
    served = dns_lab.serve(corefile(upstream))
    found = list(asking(served, *[WWW, "gone.example"] * 10))
    assert [each.header.rcode for each in found] == [0, 3] * 10
    assert all(each.header.ra for each in found)
    assert upstream.names == [WWW, "gone.example"]
    counters = served.counters()
    assert counters.cache_hits == {"success": 9, "denial": 9}
    assert counters.cache_misses == 2
    assert 0 < counters.wire_cache_hits <= 16
    assert {key.rcode: number for key, number in counters.responses.items()} == {"NOERROR": 10, "NXDOMAIN": 10}
    assert sum(sum(each.counts) for each in counters.durations.values()) == 20


@pytest.mark.parametrize("asking", ["udp"], indirect=True)
def test_ttls_are_counted_down_though_answers_are_packed(dns_lab, asking, addresses):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80")])
    served = dns_lab.serve(corefile(upstream))
    started = time.monotonic()
    seen = []
    for answer in asking(served, *[WWW] * 1_000_000):
        seen.append(answer.rr[0].ttl)
        if len(set(seen)) == 3 or time.monotonic() > started + HANG_SECONDS:
            break
    assert sorted(set(seen), reverse=True) == list(dict.fromkeys(seen)) == [30, 29, 28]
    assert time.monotonic() - started >= 1.0
    assert upstream.names == [WWW]
    assert served.counters().wire_cache_hits > len(seen) / 2


def test_an_answer_for_one_client_is_none_for_those_who_ask_in_another_way(dns_lab, asking, addresses):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80")])
    served = dns_lab.serve(corefile(upstream))
    for desired in (1, 0):
        assert {each.header.rd for each in asking(served, *[WWW] * 4, rd=desired)} == {desired}
    assert len(list(asking(served, *[WWW] * 2, cd=1))) == 2
    assert len(upstream.names) == 2  # who checks himself is told apart from the others, who share


def test_names_that_become_ours_are_no_longer_answered_as_the_upstream_did(dns_lab, denial):
    upstream = dns_lab.upstream(lambda asked: [denial(asked)])
    served = dns_lab.serve(corefile(upstream))
    name = "77.0.96.10.in-addr.arpa"
    assert {served.ask(name, "PTR").header.rcode for _ in range(4)} == {3}
    served.publish(make_snapshot(web="10.96.0.77", generation=2))
    assert served.ask(name, "PTR").short() == "web.default.svc.cluster.local."


def test_balanced_answers_of_upstreams_take_turns(dns_lab, addresses):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80", "192.0.2.81", "192.0.2.82")])
    served = dns_lab.serve(corefile(upstream, plugins="loadbalance"))
    first = [str(served.ask(WWW).rr[0].rdata) for _ in range(60)]
    assert set(first) == {"192.0.2.80", "192.0.2.81", "192.0.2.82"}
    assert served.counters().wire_cache_hits > 30


def test_whoever_spells_a_name_in_his_own_way_gets_it_back_so(dns_lab, asking, addresses):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80")])
    served = dns_lab.serve(corefile(upstream))
    names = [WWW, WWW.upper(), WWW, WWW.title(), WWW]
    assert [str(each.rr[0].rname) for each in asking(served, *names)] == [f"{name}." for name in names]
    assert served.counters().cache_hits == {"success": 4}


@pytest.mark.parametrize("plugin", ["log", "acl {\n allow net 127.0.0.0/8\n }"])
def test_plugins_that_see_each_query_see_those_for_cached_names_too(dns_lab, addresses, caplog, plugin):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80")])
    served = dns_lab.serve(corefile(upstream, plugins=plugin))
    caplog.set_level("INFO")
    assert [served.ask(WWW).short() for _ in range(5)] == ["192.0.2.80"] * 5
    assert sum(WWW in each.getMessage() for each in caplog.records) == (5 if plugin == "log" else 0)
    counters = served.counters()
    assert (counters.cache_hits, counters.wire_cache_hits) == ({"success": 4}, 0)


def test_packed_answers_from_a_hosts_file_go_when_it_changes(dns_lab, tmp_path):
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 web.test\n")
    served = dns_lab.serve(f". {{\n hosts {path} test {{\n reload 5ms\n }}\n kubernetes cluster.local\n}}")
    assert {served.ask("web.test").short() for _ in range(5)} == {"10.0.0.1"}
    assert served.counters().wire_cache_hits == 4
    path.with_name("next").write_text("10.0.0.2 web.test\n")
    path.with_name("next").replace(path)
    started = time.monotonic()
    while served.ask("web.test").short() == "10.0.0.1":
        assert time.monotonic() < started + HANG_SECONDS
    assert {served.ask("web.test").short() for _ in range(5)} == {"10.0.0.2"}
