import socket

import msgspec
import pytest
from dnslib import DNSRecord

from controlplane.objects import NamespacedName, ObjectMeta, Service, ServicePort, ServiceSpec
from dns.transfermessages import RECORDS_PER_MESSAGE

WEB = "web.default.svc.cluster.local"
MANY = "many.default.svc.cluster.local"
KUBERNETES = "kubernetes cluster.local {\n ttl 30\n }"


def block(*plugins):
    return "\n".join((". {", *plugins, KUBERNETES, "}"))


def test_a_whole_zone_is_transferred_in_several_messages(dns_lab, snapshot):
    served = dns_lab.serve(block("transfer {", "to 127.0.0.1", "}"))
    names = [f"svc-{number}" for number in range(3 * RECORDS_PER_MESSAGE)]
    ports = (ServicePort(name="http", port=80, protocol="TCP"),)
    services = {
        NamespacedName("default", name): Service(
            metadata=ObjectMeta(name=name, namespace="default"),
            spec=ServiceSpec(cluster_ip="10.96.9.9", cluster_ips=("10.96.9.9",), ports=ports),
        )
        for name in names
    }
    served.publish(msgspec.structs.replace(snapshot(generation=2), services=services))
    printed = served.dig("AXFR", "cluster.local", "-b", "127.0.0.1")
    records = [line.split() for line in printed.splitlines() if line and not line.startswith(";")]
    assert [words[3] for words in (records[0], records[-1])] == ["SOA", "SOA"]
    assert {words[0] for words in records if words[3] == "A"} >= {
        f"{name}.default.svc.cluster.local." for name in names
    }
    assert len(records) > 9 * RECORDS_PER_MESSAGE
    assert served.ask(WEB.replace("web", "svc-1")).short() == "10.96.9.9"


def test_nobody_else_gets_the_zone(dns_lab):
    served = dns_lab.serve(block("transfer {", "to 127.0.0.1", "}"))
    assert "Transfer failed" in served.dig("AXFR", "cluster.local", "-b", "127.0.0.2")
    assert "Transfer failed" in dns_lab.serve(block()).dig("AXFR", "cluster.local")


def test_who_has_the_serial_gets_nothing_but_the_soa(dns_lab):
    printed = dns_lab.serve(block("transfer {", "to *", "}")).dig("IXFR=1700000000", "cluster.local")
    assert len([line for line in printed.splitlines() if "\tSOA\t" in line and not line.startswith(";")]) == 1


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_client_that_may_not_ask_never_gets_what_another_was_told(dns_lab, transport):
    served = dns_lab.serve(block("acl {", "block net 127.0.0.2", "}"))
    for _ in range(2):
        assert "status: NOERROR" in served.dig(WEB, transport, "-b", "127.0.0.1")
        printed = served.dig(WEB, transport, "-b", "127.0.0.2")
        assert "status: REFUSED" in printed
        assert "EDE: 15 (Blocked)" in printed
    assert served.counters().wire_cache_hits == 0


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_what_is_dropped_gets_no_answer_and_the_next_question_does(dns_lab, question, kind):
    served = dns_lab.serve(block("acl {", "drop type TXT", "}"))
    packets = [question(WEB, "TXT", id=1).pack(), question(WEB, "A", id=2).pack()]
    is_tcp = kind == socket.SOCK_STREAM
    with served.tcp() if is_tcp else served.udp() as sock:
        for packet in packets:
            sock.send(len(packet).to_bytes(2) + packet if is_tcp else packet)
        assert DNSRecord.parse(sock.recv(512)[2 if is_tcp else 0 :]).header.id == 2


def test_the_server_says_who_it_is(dns_lab):
    served = dns_lab.serve(block("chaos lab-7 me", "nsid node-9"))
    assert 'version.bind.\t\t0\tCH\tTXT\t"lab-7"' in served.dig("CH", "TXT", "version.bind")
    assert f'"{socket.gethostname()}"' in served.dig("CH", "TXT", "hostname.bind")
    assert '("node-9")' in served.dig("+nsid", WEB)


def test_no_answer_over_udp_is_larger_than_the_servers_own_bound(dns_lab):
    printed = dns_lab.serve(block("bufsize 600")).dig("+bufsize=4096", "+ignore", MANY)
    assert "udp: 600" in printed
    assert " tc " in printed
    assert len(printed.split("MSG SIZE  rcvd: ")[1].split()[0]) == 3
    assert int(printed.split("MSG SIZE  rcvd: ")[1].split()[0]) <= 600


def test_header_bits_are_seen_by_dig(dns_lab):
    printed = dns_lab.serve(block("header {", "response set ra", "}")).dig(WEB)
    assert "flags: qr aa rd ra;" in printed
    assert "recursion requested but not available" not in printed


def test_a_rewritten_name_is_answered_under_the_name_that_was_asked_for(dns_lab):
    served = dns_lab.serve(block("rewrite name shop.example.org web.default.svc.cluster.local"))
    assert "shop.example.org.\t30\tIN\tA\t10.96.0.10" in served.dig("shop.example.org")


def test_kept_answers_differ_by_what_they_depend_on(dns_lab):
    served = dns_lab.serve(block("rewrite name a.test web.default.svc.cluster.local", "any", "minimal"))
    for _ in range(3):
        assert served.ask("a.test").short() == "10.96.0.10"
        assert served.ask(WEB).short() == "10.96.0.10"
    assert served.counters().wire_cache_hits == 4
