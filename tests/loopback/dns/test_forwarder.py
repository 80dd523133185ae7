import asyncio
import contextlib
import logging
import socket
import threading
import time

import pytest
from dnslib import DNSRecord

from dns.upstreams import OVERALL_TIMEOUT

WWW = "www.upstream.example"
BOUND = 2 * OVERALL_TIMEOUT  # seconds: the promise, and as much for a busy machine


def corefile(*upstreams, options="", plugins=""):
    """Forwards everything but the cluster's names to upstreams, in order."""
    where = " ".join(each if isinstance(each, str) else each.text for each in upstreams)
    return (
        f". {{\n errors\n kubernetes cluster.local\n{plugins}\n"
        f" forward . {where} {{\n policy sequential\n{options}\n }}\n}}"
    )


def silent(asked):
    return []


@pytest.fixture
def closed(nowhere):
    """Gives addresses where nobody listens."""
    return lambda: "{}:{}".format(*nowhere())


@pytest.fixture
def good(addresses):
    """Answers every question with one address."""
    return lambda asked: [addresses(asked, "192.0.2.80")]


def failed(reply):
    return (reply.header.rcode, reply.header.aa, reply.rr) == (2, 0, [])


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_other_names_are_forwarded_over_the_transport_of_the_client(dns_lab, good, transport):
    upstream = dns_lab.upstream(good)
    printed = dns_lab.serve(corefile(upstream)).dig(transport, WWW)
    assert "status: NOERROR" in printed
    assert "flags: qr rd ra;" in printed
    assert "192.0.2.80" in printed
    (asked,) = upstream.asked
    assert (asked.proto, asked.name) == ("udp" if transport == "+notcp" else "tcp", WWW)


def test_names_of_the_cluster_are_never_forwarded(dns_lab, good):
    upstream = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(upstream))
    served.ask("web.default.svc.cluster.local")
    served.ask("gone.default.svc.cluster.local")
    assert upstream.asked == []


def test_the_clients_id_cookie_and_subnet_stay_here(dns_lab, good):
    upstream = dns_lab.upstream(good)
    printed = dns_lab.serve(corefile(upstream)).dig("+cookie=0123456789abcdef", "+subnet=192.0.2.0/24", "+dnssec", WWW)
    assert "COOKIE: 0123456789abcdef" in printed
    (asked,) = upstream.asked
    (opt,) = asked.record.ar
    assert (opt.rclass, opt.edns_do, opt.rdata) == (1232, 1, [])


def test_a_denial_comes_back_with_its_soa(dns_lab, denial):
    printed = dns_lab.serve(corefile(dns_lab.upstream(lambda asked: [denial(asked)]))).dig("gone.example")
    assert "status: NXDOMAIN" in printed
    assert "ns.example. mail.example. 1 2 3 4 60" in printed


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packet: b"",
        lambda packet: b"garbage",
        lambda packet: bytes(12),
        lambda packet: packet[:2] + b"\x01" + packet[3:],
        lambda packet: bytes((packet[0] ^ 1,)) + packet[1:],
        lambda packet: packet[:13] + b"x" + packet[14:],
        lambda packet: packet.replace(b"example\0\0\1\0\1", b"example\0\0\x1c\0\1", 1),
        lambda packet: packet[:4] + b"\0\0" + packet[6:],
        lambda packet: packet[:6] + b"\0\xff" + packet[8:],
        lambda packet: packet[:-3],
    ],
    ids=[
        "nothing", "garbage", "zeros", "the query itself", "another id", "another name", "another type", "no question",
        "255 records", "half a record",
    ],
)  # fmt: skip
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_is_not_the_answer_is_passed_over_until_the_answer_comes(plain_dns_lab, addresses, spoil, transport):
    def behave(asked):
        packet = bytes(addresses(asked, "192.0.2.66").pack())
        yield from [spoil(packet)] * 3
        yield addresses(asked, "192.0.2.80")

    upstream = plain_dns_lab.upstream(behave)
    served = plain_dns_lab.serve(corefile(upstream, options="force_tcp" if transport == "tcp" else ""))
    assert served.ask(WWW).short() == "192.0.2.80"
    assert len(upstream.asked) == 1
    assert served.counters().upstream_ignored == 3


def test_answers_from_elsewhere_are_not_even_seen(plain_dns_lab, addresses):
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.54.99", 0))

    def behave(asked):
        stranger.sendto(addresses(asked, "192.0.2.66").pack(), asked.client)
        yield addresses(asked, "192.0.2.80")

    served = plain_dns_lab.serve(corefile(plain_dns_lab.upstream(behave)))
    assert served.ask(WWW).short() == "192.0.2.80"
    stranger.close()


def test_ids_and_ports_cannot_be_told_in_advance(dns_lab, good):
    upstream = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(upstream))
    for number in range(30):
        served.ask(f"{number}.example", id=7)
    ids = {each.record.header.id for each in upstream.asked}
    ports = {each.client[1] for each in upstream.asked}
    assert len(ids) > 25
    assert len(ports) > 15
    assert len({second - first for first, second in zip(sorted(ports), sorted(ports)[1:], strict=False)}) > 3


def test_equal_questions_at_a_time_go_out_as_one(dns_lab, addresses, question):
    enough = threading.Event()

    def behave(asked):
        assert enough.wait(10)
        yield addresses(asked, "192.0.2.80")

    upstream = dns_lab.upstream(behave)
    served = dns_lab.serve(corefile(upstream))
    with served.udp() as sock:
        for identity in range(50):
            sock.send(question(WWW if identity % 2 else WWW.upper(), id=identity).pack())
        dns_lab.wait(lambda: served.server.forwarder.waiting == 50)
        enough.set()
        found = [DNSRecord.parse(sock.recv(512)) for _ in range(50)]
    assert sorted(each.header.id for each in found) == list(range(50))
    assert {each.short() for each in found} == {"192.0.2.80"}
    assert all(str(each.q.qname) == (f"{WWW}." if each.header.id % 2 else f"{WWW}.".upper()) for each in found)
    assert len(upstream.asked) == 1


def test_a_slow_upstream_holds_up_its_own_questions_only(dns_lab, addresses, question):
    enough = threading.Event()

    def behave(asked):
        assert enough.wait(10)
        yield addresses(asked, "192.0.2.80")

    served = dns_lab.serve(corefile(dns_lab.upstream(behave)))
    with served.tcp() as stream, served.udp() as sock:
        for number, name in enumerate((WWW, "web.default.svc.cluster.local")):
            packet = question(name, id=number).pack()
            stream.sendall(len(packet).to_bytes(2) + packet)
        sock.send(question("web.default.svc.cluster.local", id=2).pack())
        assert DNSRecord.parse(sock.recv(512)).header.id == 2
        enough.set()
        with stream.makefile("rb") as answers:
            found = [DNSRecord.parse(answers.read(int.from_bytes(answers.read(2)))) for _ in range(2)]
    assert [each.header.id for each in found] == [0, 1]


@pytest.mark.parametrize("options", ["", "force_tcp"])
def test_where_nobody_listens_the_next_is_asked_at_once(dns_lab, good, closed, options):
    served = dns_lab.serve(corefile(closed(), dns_lab.upstream(good), options=options))
    assert served.ask(WWW).short() == "192.0.2.80"


@pytest.mark.parametrize("options", ["", "force_tcp"])
def test_if_nobody_listens_at_all_the_query_fails_at_once(dns_lab, closed, options, caplog):
    served = dns_lab.serve(corefile(closed(), closed(), options=options))
    started = time.monotonic()
    assert failed(served.ask(WWW))
    assert time.monotonic() - started < OVERALL_TIMEOUT
    assert f"2 {WWW}. A: no upstream answered" in [each.message for each in caplog.records]


def test_a_silent_upstream_costs_two_seconds_and_the_next_is_asked(plain_dns_lab, good):
    served = plain_dns_lab.serve(corefile(plain_dns_lab.upstream(silent), plain_dns_lab.upstream(good)))
    assert served.ask(WWW).short() == "192.0.2.80"
    labels = {key.rcode for key in served.counters().upstream}
    assert labels == {"timeout", "NOERROR"}


def test_if_all_are_silent_the_query_fails_within_the_bound(plain_dns_lab):
    upstream = plain_dns_lab.upstream(silent)
    served = plain_dns_lab.serve(corefile(upstream))
    started = time.monotonic()
    assert failed(served.ask(WWW))
    assert OVERALL_TIMEOUT - 0.1 < time.monotonic() - started < BOUND
    ids = [each.record.header.id for each in upstream.asked if each.name == WWW]
    assert len(set(ids)) == len(ids) == 3


def test_a_tcp_upstream_that_hangs_up_is_a_failure(dns_lab):
    served = dns_lab.serve(corefile(dns_lab.upstream(lambda asked: ["close"]), options="force_tcp"))
    assert failed(served.ask(WWW))
    assert {key.rcode for key in served.counters().upstream} == {"closed"}


def cut_over_udp(addresses):
    def behave(asked):
        reply = addresses(asked, *(f"192.0.2.{n}" for n in range(100)))
        if asked.proto == "udp":
            reply.rr.clear()
            reply.header.tc = 1
        return [reply]

    return behave


def test_a_cut_answer_is_handed_on_and_the_retry_goes_upstream_over_tcp(dns_lab, addresses):
    upstream = dns_lab.upstream(cut_over_udp(addresses))
    served = dns_lab.serve(corefile(upstream, plugins="cache"))
    assert "flags: qr tc rd ra;" in served.dig("+ignore", WWW)
    assert "ANSWER: 100," in served.dig(WWW)
    assert [each.proto for each in upstream.asked] == ["udp", "udp", "tcp"]


def test_with_prefer_udp_a_cut_answer_is_asked_for_again_over_tcp(dns_lab, addresses):
    upstream = dns_lab.upstream(cut_over_udp(addresses))
    served = dns_lab.serve(corefile(upstream, options="prefer_udp"))
    assert "ANSWER: 100," in served.dig("+tcp", WWW)
    assert [each.proto for each in upstream.asked] == ["udp", "tcp"]


def test_connections_to_upstreams_are_kept_for_a_while(dns_lab, good):
    upstream = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(upstream, options="force_tcp"))
    for number in range(5):
        assert served.ask(f"{number}.example").short() == "192.0.2.80"
    assert {each.connection for each in upstream.asked} == {1}


def test_a_connection_that_the_upstream_closes_after_an_answer_is_made_anew(dns_lab, addresses):
    def behave(asked):
        yield addresses(asked, "192.0.2.80")
        yield "close"

    upstream = dns_lab.upstream(behave)
    served = dns_lab.serve(corefile(upstream, options="force_tcp"))
    for number in range(5):
        assert served.ask(f"{number}.example").short() == "192.0.2.80"
    assert [(each.connection, each.name) for each in upstream.asked] == [(n + 1, f"{n}.example") for n in range(5)]
    assert {key.rcode for key in served.counters().upstream} == {"NOERROR"}


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_kept_connection_that_ends_under_a_query_is_no_failure_of_the_upstream(dns_lab, addresses, ending):
    def behave(asked):
        is_first = [each.connection for each in upstream.asked].count(asked.connection) == 1
        yield addresses(asked, "192.0.2.80") if is_first else ending

    upstream = dns_lab.upstream(behave)
    served = dns_lab.serve(corefile(upstream, options="force_tcp\nhealth_check 5ms"))
    for number in range(3):
        assert served.ask(f"{number}.example").short() == "192.0.2.80"
    asked = [(1, "0"), (1, "1"), (2, "1"), (2, "2"), (3, "2")]
    assert [(each.connection, each.name) for each in upstream.asked] == [(n, f"{name}.example") for n, name in asked]
    assert {key.rcode for key in served.counters().upstream} == {"NOERROR"}


def test_a_new_connection_that_is_reset_under_its_query_is_a_failure(dns_lab):
    served = dns_lab.serve(corefile(dns_lab.upstream(lambda asked: ["reset"]), options="force_tcp"))
    assert failed(served.ask(WWW))
    assert {key.rcode for key in served.counters().upstream} == {"unreachable"}


def test_connections_are_not_kept_longer_than_expire_says(dns_lab, good):
    upstream = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(upstream, options="force_tcp\nexpire 0s"))
    for number in range(3):
        served.ask(f"{number}.example")
    assert upstream.connections == 3


def test_a_server_that_is_closed_asks_nobody_any_more(dns_lab, good, question):
    served = dns_lab.serve(corefile(dns_lab.upstream(good)))

    async def closed_while_queries_wait(sock):
        for number in range(200):  # more than are answered in a turn
            sock.send(question(f"{number}.example").pack())
        for _ in range(2):  # the server reads, and begins
            await asyncio.sleep(0)
        await served.server.close()
        for _ in range(20):
            await asyncio.sleep(0)
        return served.server.forwarder._exchanges

    with served.udp() as sock:
        assert dns_lab.run(closed_while_queries_wait(sock)) == set()


def test_too_many_queries_at_a_time_are_refused(dns_lab, addresses, question):
    enough = threading.Event()

    def behave(asked):
        assert enough.wait(10)
        yield addresses(asked, "192.0.2.80")

    served = dns_lab.serve(corefile(dns_lab.upstream(behave), options="max_concurrent 1"))
    with served.udp() as sock:
        sock.send(question("one.example", id=1).pack())
        sock.send(question("two.example", id=2).pack())
        refused = DNSRecord.parse(sock.recv(512))
        assert (refused.header.id, refused.header.rcode) == (2, 5)
        enough.set()
        assert DNSRecord.parse(sock.recv(512)).short() == "192.0.2.80"
    assert served.ask("three.example").short() == "192.0.2.80"
    assert served.counters().max_concurrent_rejects == 1


def test_an_upstream_that_fails_is_passed_over_until_it_is_well(dns_lab, good, bind, nowhere, caplog):
    host, port = nowhere()
    options = "max_fails 1\nhealth_check 5ms"
    served = dns_lab.serve(corefile(f"{host}:{port}", dns_lab.upstream(good), options=options))
    assert served.ask(WWW).short() == "192.0.2.80"
    dns_lab.wait(lambda: "upstream is down" in [each.message for each in caplog.records])
    well = dns_lab.upstream(good, place=bind(host, port))
    dns_lab.wait(lambda: "upstream is healthy again" in [each.message for each in caplog.records])
    served.ask("again.example")
    assert well.names[-1] == "again.example"
    assert served.counters().healthcheck_failures[f"{host}:{port}"] >= 2


def test_answers_are_kept_and_their_ttls_count_down(dns_lab, addresses, denial):
    def behave(asked):
        yield denial(asked) if asked.name.startswith("gone") else addresses(asked, "192.0.2.80", ttl=300)

    upstream = dns_lab.upstream(behave)
    served = dns_lab.serve(corefile(upstream, plugins="cache 30"))
    for name in (WWW, "gone.example"):
        first, second = served.ask(name), served.ask(name.upper())
        assert first.header.rcode == second.header.rcode
        assert str(second.q.qname) == f"{name}.".upper()
    ttls = [served.ask(WWW).rr[0].ttl]
    while ttls[-1] == 30 and len(ttls) < 1000:  # the clock of an event loop ticks in milliseconds
        ttls.append(served.ask(WWW).rr[0].ttl)
    assert 20 < ttls[-1] < 30
    assert upstream.names == [WWW, "gone.example"]
    assert served.server.cache_sizes == (1, 1)
    assert served.counters().cache_hits == {"success": 1 + len(ttls), "denial": 1}


def test_an_external_name_is_chased(dns_lab, addresses):
    upstream = dns_lab.upstream(lambda asked: [addresses(asked, "192.0.2.80", ttl=7)])
    served = dns_lab.serve(corefile(upstream))
    printed = served.dig("+noall", "+answer", "out.default.svc.cluster.local")
    assert [line.split() for line in printed.splitlines()] == [
        ["out.default.svc.cluster.local.", "5", "IN", "CNAME", f"{WWW}."],
        [f"{WWW}.", "7", "IN", "A", "192.0.2.80"],
    ]


@pytest.mark.parametrize("content", ["", "# nothing\n", "nameserver name\n", None])
def test_without_any_upstream_other_names_are_refused(dns_lab, tmp_path, content):
    path = tmp_path / "resolv.conf"
    if content is not None:
        path.write_text(content)
    reply = dns_lab.serve(corefile(str(path))).ask(WWW)
    assert (reply.header.rcode, reply.header.aa) == (5, 0)


def test_the_servers_of_a_resolv_conf_are_asked(dns_lab, good, bind, tmp_path, network):
    try:
        place = bind(f"{network}.53", 53)
    except PermissionError:
        pytest.skip("binding port 53 is not permitted")
    upstream = dns_lab.upstream(good, place=place)
    path = tmp_path / "resolv.conf"
    path.write_text(f"search example\nnameserver {network}.53\n")
    assert dns_lab.serve(corefile(str(path))).ask(WWW).short() == "192.0.2.80"
    assert upstream.names == [WWW]


# Loops.


def test_our_own_address_is_no_upstream(dns_lab, bind, caplog):
    place = bind("127.0.53.2")
    own = f"127.0.53.2:{place.address[1]}"
    served = dns_lab.serve(corefile(own), place=place)
    assert served.ask(WWW).header.rcode == 5
    assert "upstream is this DNS server itself, it is not used" in [each.message for each in caplog.records]


def relay_to(address):
    """An upstream that asks another server, whatever comes."""

    def behave(asked):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sock.connect(address)
            # Nobody is there any more, or answers in time: once a test ends, so does the server that is asked.
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                sock.send(asked.packet)
                yield sock.recv(65535)

    return behave


def test_an_upstream_that_leads_back_to_us_is_found_at_the_start_and_not_used(dns_lab, good, bind, caplog):
    place = bind("127.0.53.2")
    looping = dns_lab.upstream(relay_to(place.address))
    fine = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(looping, fine, plugins="loop"), place=place)
    dns_lab.run(served.server.probed.wait())
    assert [each.port for each in served.server.looping_upstreams] == [looping.address[1]]
    assert served.ask(WWW).short() == "192.0.2.80"
    assert WWW not in looping.names
    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.message == "forwarding loop detected, the upstream is not used"


def test_if_all_upstreams_lead_back_to_us_other_names_are_refused(dns_lab, bind):
    place = bind("127.0.53.2")
    looping = dns_lab.upstream(relay_to(place.address))
    served = dns_lab.serve(corefile(looping, plugins="loop"), place=place)
    dns_lab.run(served.server.probed.wait())
    assert served.ask(WWW).header.rcode == 5
    assert served.ask("web.default.svc.cluster.local").short() == "10.96.0.10"


def test_a_loop_that_nobody_looked_for_ends_in_an_error(plain_dns_lab, bind, question):
    place = bind("127.0.53.2")
    # The relay asks us again and waits; we wait for the relay, as one who asks the same question.
    looping = plain_dns_lab.upstream(relay_to(place.address))
    served = plain_dns_lab.serve(corefile(looping), place=place)
    with served.udp() as sock:
        sock.send(question(WWW).pack())
        assert failed(DNSRecord.parse(sock.recv(512)))
    assert len([name for name in looping.names if name == WWW]) <= 4


def test_probes_find_nothing_where_there_is_no_loop(dns_lab, good, closed):
    upstream = dns_lab.upstream(good)
    served = dns_lab.serve(corefile(upstream, closed(), plugins="loop"))
    dns_lab.run(served.server.probed.wait())
    assert served.server.looping_upstreams == ()
    (probe,) = upstream.asked
    assert probe.record.q.qtype == 13
    assert len(probe.name) > 40
