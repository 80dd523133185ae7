import contextlib
import logging
import random
import resource
import socket
import struct

import msgspec
import pytest
from dnslib import DNSRecord

from dns.config import Listening, configure
from dns.responses import parse_response
from dns.tcpserver import Timeouts
from tests.files import put
from tests.places import own_network

WEB = "web.default.svc.cluster.local"
MANY = "many.default.svc.cluster.local"


def section(printed, name):
    """The lines of one section of what dig prints, single-spaced and sorted."""
    _, _, rest = printed.partition(f";; {name} SECTION:\n")
    return sorted(" ".join(line.split()) for line in rest.split("\n\n")[0].splitlines() if line)


def framed(message):
    return len(message).to_bytes(2) + message


def receive(stream):
    """The next message of a TCP connection; `None` at its end."""
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
        wanted = 2 if len(data) < 2 else 2 + int.from_bytes(data[:2])
        more = stream.recv(wanted - len(data))
        if not more:
            return None
        data += more
    return data[2:]


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (f"{WEB} A", [f"{WEB}. 30 IN A 10.96.0.10"]),
        (f"_http._tcp.{WEB} SRV", [f"_http._tcp.{WEB}. 30 IN SRV 0 100 80 {WEB}."]),
        ("-x 10.96.0.10", [f"10.0.96.10.in-addr.arpa. 30 IN PTR {WEB}."]),
        ("dns-version.cluster.local TXT", ['dns-version.cluster.local. 28800 IN TXT "1.1.0"']),
        (f"{WEB} AAAA", []),
        ("gone.default.svc.cluster.local A", []),
    ],
)
def test_dig_gets_the_records_of_services(dns_lab, question, answer, transport):
    assert section(dns_lab.serve().dig(transport, *question.split()), "ANSWER") == answer


def test_dig_sees_authority_flags_and_denials_as_in_a_cluster(dns_lab):
    printed = dns_lab.serve().dig("gone.default.svc.cluster.local", "A")
    assert "status: NXDOMAIN" in printed
    assert "flags: qr aa rd;" in printed
    assert section(printed, "AUTHORITY") == [
        "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 30"
    ]


def test_ipv6_clients_are_answered(dns_lab):
    served = dns_lab.serve(host="::1")
    assert served.ask(WEB).short() == "10.96.0.10"
    served.ask(WEB)
    assert {key.family for key in served.counters().requests} == {"2"}


def test_until_the_first_publication_names_fail(dns_lab, snapshot):
    served = dns_lab.serve(published=False)
    assert served.server.not_ready == ("kubernetes",)
    assert "status: SERVFAIL" in served.dig(WEB)
    served.publish(snapshot())
    assert served.ask(WEB).short() == "10.96.0.10"
    assert (served.server.not_ready, served.server.generation) == ((), 1)


def test_a_publication_replaces_every_answer_at_once(dns_lab, snapshot):
    served = dns_lab.serve()
    for generation, address in enumerate(("10.96.0.10", "10.96.0.11", "10.96.0.12"), 1):
        served.publish(snapshot(web=address, generation=generation))
        assert {served.ask(WEB).short() for _ in range(3)} == {address}


@pytest.mark.parametrize("proto", ["udp", "tcp"])
def test_packed_answers_keep_id_spelling_and_flags(dns_lab, question, proto):
    served = dns_lab.serve()
    with served.udp() if proto == "udp" else served.tcp() as sock:
        for name in (WEB, WEB.upper(), "Web.Default.svc.cluster.LOCAL"):
            for identity, desired in ((1, 0), (0xFFFF, 1), (7, 1)):
                packet = question(name, id=identity, rd=desired).pack()
                sock.send(packet if proto == "udp" else framed(packet))
                found = DNSRecord.parse(sock.recv(512) if proto == "udp" else receive(sock))
                assert (found.header.id, found.header.rd, str(found.q.qname)) == (identity, desired, f"{name}.")
                assert str(found.rr[0].rname) == f"{name}."
    counters = served.counters()
    assert counters.wire_cache_hits == 5
    assert sum(counters.requests.values()) == sum(sum(each.counts) for each in counters.durations.values()) == 9


def test_each_address_of_a_headless_service_comes_first_in_its_turn(dns_lab):
    served = dns_lab.serve()
    replies = [served.ask("few.default.svc.cluster.local") for _ in range(60)]
    assert {tuple(sorted(str(rr.rdata) for rr in each.rr)) for each in replies} == {
        ("10.244.0.1", "10.244.0.2", "10.244.0.3")
    }
    assert len({str(each.rr[0].rdata) for each in replies}) == 3
    assert served.counters().wire_cache_hits > 30


def test_an_answer_that_is_too_long_is_cut_and_whole_over_tcp(dns_lab, question):
    served = dns_lab.serve()
    with served.udp() as sock:
        sock.send(question(MANY).pack())
        packet = sock.recv(65535)
    cut = DNSRecord.parse(packet)
    assert (cut.header.tc, len(packet) <= 512, 20 < len(cut.rr) < 60) == (1, True, True)
    assert "Truncated, retrying in TCP mode" in (printed := served.dig("+noedns", MANY))
    assert len(section(printed, "ANSWER")) == 60
    assert len(section(served.dig("+ignore", "+bufsize=4096", MANY), "ANSWER")) == 60


def test_queries_on_one_connection_are_answered_in_order(dns_lab, question):
    served = dns_lab.serve()
    names = [WEB, "gone.default.svc.cluster.local", MANY, WEB, "few.default.svc.cluster.local"] * 20
    packets = [question(name, id=number).pack() for number, name in enumerate(names)]
    with served.tcp() as stream:
        stream.sendall(b"".join(map(framed, packets)))
        found = [DNSRecord.parse(receive(stream)) for _ in packets]
    assert [each.header.id for each in found] == list(range(len(names)))
    assert [str(each.q.qname) for each in found] == [f"{name}." for name in names]


def test_a_query_that_comes_octet_by_octet_is_answered(dns_lab, question):
    with dns_lab.serve().tcp() as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(question(WEB).pack()):
            stream.sendall(bytes((octet,)))
        assert DNSRecord.parse(receive(stream)).short() == "10.96.0.10"


def test_a_client_that_ends_its_side_gets_its_answers_and_then_the_end(dns_lab, question):
    with dns_lab.serve().tcp() as stream:
        stream.sendall(framed(question(WEB, id=1).pack()) + framed(question(MANY, id=2).pack()) + b"\0")
        stream.shutdown(socket.SHUT_WR)
        assert [DNSRecord.parse(receive(stream)).header.id for _ in range(2)] == [1, 2]
        assert receive(stream) is None


def test_messages_that_are_no_query_do_not_end_a_connection(dns_lab, question):
    response = question(WEB, id=3).reply().pack()
    with dns_lab.serve().tcp() as stream:
        stream.sendall(framed(b"") + framed(b"short") + framed(response) + framed(question(WEB, id=4).pack()))
        assert DNSRecord.parse(receive(stream)).header.id == 4


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\x30half of a query"])
def test_silent_and_slow_clients_are_left(dns_lab, bind, sent):
    place = bind("127.0.53.1")
    with dns_lab.owned(socket.socket(), place.address) as stream:
        stream.sendall(sent)  # before the time runs: what comes when it is over has the connection reset
        dns_lab.serve(place=place, tcp_timeouts=Timeouts(read=0.05))
        assert receive(stream) is None


def test_idle_clients_are_left_later_than_new_ones(dns_lab, question):
    with dns_lab.serve(tcp_timeouts=Timeouts(read=10.0, idle=0.05)).tcp() as stream:
        stream.sendall(framed(question(WEB).pack()))
        assert receive(stream) is not None
        assert receive(stream) is None


def test_clients_that_take_no_answers_are_left(plain_dns_lab, question):
    served = plain_dns_lab.serve(tcp_timeouts=Timeouts(write=0.05))
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain_dns_lab.owned(stream, served.address)
    # A kilobyte of answers for 40 octets asked: neither side's buffers can hold what this asks for.
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        stream.sendall(framed(question(MANY).pack()) * 500_000)


def test_a_client_that_reads_late_gets_every_answer(dns_lab, question):
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    served = dns_lab.serve()
    (port,) = served.server._answering.values()
    numbers = range(8000)  # more than the buffers of both sides hold: the server has to wait
    after_id = question(MANY).pack()[2:]
    queries = b"".join(framed(number.to_bytes(2) + after_id) for number in numbers)
    dns_lab.owned(stream, served.address).sendall(queries)  # at once: who connects and is silent is left
    dns_lab.wait(lambda: any(client.is_unread for client in port.tcp.clients))
    with stream.makefile("rb") as answers:
        for number in numbers:
            answer = answers.read(int.from_bytes(answers.read(2)))
            assert int.from_bytes(answer[:2]) == number


def test_a_client_that_resets_its_connection_is_gone(dns_lab):
    served = dns_lab.serve()
    stream = served.tcp()
    (port,) = served.server._answering.values()
    dns_lab.wait(lambda: len(port.tcp) == 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()
    dns_lab.wait(lambda: len(port.tcp) == 0)


def test_without_descriptors_clients_wait_until_there_are_some(dns_lab, question, caplog):
    served = dns_lab.serve()
    asked = framed(question(WEB).pack())  # now, since its maker opens files of modules at the first time
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as stream:
        resource.setrlimit(resource.RLIMIT_NOFILE, (stream.fileno() + 4, limits[1]))
        try:
            with contextlib.ExitStack() as stack:
                with contextlib.suppress(OSError):
                    while True:  # up to the limit
                        stack.enter_context(socket.socket())
                dns_lab.owned(stream, served.address)
                stream.sendall(asked)
                dns_lab.wait(lambda: served.server.counted.accept_failures > 1)
            assert DNSRecord.parse(receive(stream)).short() == "10.96.0.10"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert [each.message for each in caplog.records if each.levelno == logging.WARNING] == ["accepting paused"]


def test_a_thousand_idle_tcp_clients_stop_nobody(plain_dns_lab):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("the limit of open files is below 4096")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    served = plain_dns_lab.serve(max_tcp_clients=200, tcp_timeouts=Timeouts(read=60.0))  # who goes, goes to make room
    idle = [served.tcp() for _ in range(1000)]
    assert served.ask(WEB).short() == "10.96.0.10"
    assert section(served.dig("+tcp", WEB), "ANSWER")
    plain_dns_lab.wait(lambda: served.server.counters().tcp_shed >= 800)
    assert receive(idle[0]) is None
    for each in idle:
        each.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_end_with_the_server(plain_dns_lab):
    served = plain_dns_lab.serve()
    (port,) = served.server._answering.values()
    with served.tcp() as stream:
        plain_dns_lab.wait(lambda: len(port.tcp) == 1)  # one that nobody has accepted is reset
        assert served.ask(WEB).short()
        plain_dns_lab.run(served.server.close())
        assert receive(stream) is None


def test_one_server_answers_on_several_addresses_and_can_leave_one(dns_lab, bind, question):
    served = dns_lab.serve()
    other = bind("127.0.53.3")
    address = other.address
    dns_lab.run(served.server.start([other.udp], [other.tcp]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        dns_lab.owned(sock, address)
        sock.send(question(WEB).pack())
        assert DNSRecord.parse(sock.recv(512)).short() == "10.96.0.10"
        dns_lab.call(served.server.leave, "127.0.53.3")
        sock.send(question(WEB).pack())
        with pytest.raises(ConnectionRefusedError):
            sock.recv(512)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address, timeout=5):
        pass
    assert served.ask(WEB).short() == "10.96.0.10"


def test_another_corefile_takes_effect_on_the_same_sockets(dns_lab, bind):
    served = dns_lab.serve(". {\n kubernetes cluster.local\n}\n.:5354 {\n kubernetes cluster.local\n}")
    assert (served.ask(WEB).rr[0].ttl, served.ask("web.test").header.rcode) == (5, 2)
    config, _ = configure("lab.test cluster.local {\n kubernetes {\n ttl 60\n }\n}\n.:5355 {\n kubernetes a\n}")
    dns_lab.call(served.server.reconfigure, config)
    assert (served.ask(WEB).rr[0].ttl, served.ask("web.test").header.rcode) == (60, 5)
    assert served.ask("web.default.svc.lab.test").short() == "10.96.0.10"
    other = bind("127.0.53.3")
    dns_lab.run(served.server.start([other.udp], [other.tcp], where=Listening(5355)))
    assert sum(served.counters().requests.values()) == 5


# Packets that are no queries.


def header(*, bits=0x0100, questions=1, answers=0, authorities=0, additionals=0):
    return struct.pack("!HHHHHH", 0xBAD, bits, questions, answers, authorities, additionals)


QUESTION = b"\3web\0\0\1\0\1"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
FORMERR, NOTIMP, BADVERS = 1, 4, 16

CRAFTED = {
    "empty": (b"", None),
    "one octet": (b"\0", None),
    "half a header": (header()[:6], None),
    "all zero": (bytes(64), FORMERR),
    "all ones": (b"\xff" * 64, None),
    "a response": (header(bits=0x8180) + QUESTION, None),
    "no question": (header(questions=0), FORMERR),
    "two questions": (header(questions=2) + 2 * QUESTION, FORMERR),
    "9,000 questions": (header(questions=9000) + QUESTION, FORMERR),
    "65,535 answers": (header(answers=0xFFFF) + QUESTION, FORMERR),
    "a question that is cut": (header() + QUESTION[:-1], FORMERR),
    "a name without end": (header() + b"\x3f" + b"a" * 63, FORMERR),
    "a name over 255 octets": (header() + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1", FORMERR),
    "a pointer to itself": (header() + b"\xc0\x0c\0\1\0\1", FORMERR),
    "a chain of pointers": (
        header(additionals=2) + QUESTION + b"".join(struct.pack("!H", 0xC000 | n) for n in range(12, 400, 2)),
        FORMERR,
    ),
    "a reserved label type": (header() + b"\x40web\0\0\1\0\1", FORMERR),
    "two OPT records": (header(additionals=2) + QUESTION + OPT + OPT, FORMERR),
    "a cut OPT record": (header(additionals=1) + QUESTION + OPT[:-1], FORMERR),
    "EDNS version 1": (header(additionals=1) + QUESTION + OPT[:6] + b"\1" + OPT[7:], BADVERS),
    "over 512 octets": (header() + QUESTION + bytes(600), FORMERR),
    "64 KB": (header() + QUESTION + bytes(60_000), FORMERR),
    **{f"opcode {n}": (header(bits=n << 11) + QUESTION, NOTIMP) for n in (1, 2, 3, *range(5, 16))},
}


def rcode_of(packet):
    """The response code of a bare answer, the upper bits of an OPT record too."""
    extended = packet[-6] if len(packet) > 12 and packet[-11:-8] == b"\0\0\x29" else 0
    return extended << 4 | packet[3] & 0xF


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_packets_get_an_error_or_silence_and_harm_nobody(dns_lab, question, name):
    packet, rcode = CRAFTED[name]
    served = dns_lab.serve()
    with served.udp() as sock:
        sock.send(packet)
        sock.send(question(WEB, id=1).pack())
        if rcode is not None:
            refused = sock.recv(65535)
            assert (refused[:2], refused[2] & 0x80, rcode_of(refused)) == (packet[:2], 0x80, rcode)
            assert len(refused) <= max(len(packet), 12)
        assert DNSRecord.parse(sock.recv(65535)).header.id == 1
    assert served.counters().panics == 0
    assert sum(served.counters().turned_away.values()) == 1


@pytest.mark.parametrize("port", [7, 19, 53])
def test_errors_never_go_to_ports_that_would_send_them_back(dns_lab, question, port):
    served = dns_lab.serve()
    with own_network() as network, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((f"{network}.77", port))
        except PermissionError:
            pytest.skip("binding low ports is not permitted")
        dns_lab.owned(sock, served.address)
        for packet in (header(questions=2), header(bits=0x0102) + QUESTION, header(bits=5 << 11)):
            sock.send(packet)
        sock.send(question(WEB, id=1).pack())
        assert DNSRecord.parse(sock.recv(512)).header.id == 1


def test_octets_of_any_kind_in_labels_are_no_names_of_ours(dns_lab):
    served = dns_lab.serve()
    with served.udp() as sock:
        for label in (b"web.default", b"\0", b"\xff\xfe", b" ", b"*"):
            name = bytes((len(label),)) + label + b"\3svc\7cluster\5local\0"
            sock.send(header() + name + b"\0\1\0\1")
            assert rcode_of(sock.recv(512)) == 3
    assert served.counters().panics == 0


def test_a_bug_costs_one_query_an_error_and_nobody_else_anything(plain_dns_lab, snapshot, caplog, question):
    served = plain_dns_lab.serve()
    served.publish(msgspec.structs.replace(snapshot(), services=None))
    with served.udp() as sock:
        sock.send(question(WEB, id=5).pack())
        failed = sock.recv(512)
    assert (failed[:2], rcode_of(failed)) == (b"\0\5", 2)
    served.publish(snapshot())
    assert served.ask(WEB).short() == "10.96.0.10"
    assert served.counters().panics == 1
    assert [each.message for each in caplog.records if each.levelno >= logging.ERROR] == ["query failed by a bug"]
    caplog.clear()


# What operators see.


def test_queries_are_counted_under_coredns_labels(dns_lab):
    served = dns_lab.serve()
    served.dig(WEB)
    served.dig("+tcp", "+dnssec", "gone.default.svc.cluster.local", "HTTPS")
    counters = served.counters()
    assert {tuple(key): count for key, count in counters.requests.items()} == {
        ("dns://:53", ".", "udp", "1", "A"): 1,
        ("dns://:53", ".", "tcp", "1", "other"): 1,
    }
    assert {tuple(key): count for key, count in counters.responses.items()} == {
        ("dns://:53", ".", "NOERROR"): 1,
        ("dns://:53", ".", "NXDOMAIN"): 1,
    }
    assert sum(counters.dnssec_ok.values()) == 1


def test_the_log_plugin_writes_a_line_a_query(dns_lab, caplog):
    served = dns_lab.serve(". {\n log . {\n class denial\n }\n kubernetes cluster.local\n}")
    for _ in range(2):
        served.dig(WEB)
        served.dig("+noedns", "gone.cluster.local")
    lines = [each.message for each in caplog.records if each.name == "dns.responder.queries"]
    assert len(lines) == 2
    assert '"A IN gone.cluster.local. udp 36 false 512" NXDOMAIN qr,aa,rd ' in lines[0]


def test_a_hosts_file_is_read_again_when_it_changes(dns_lab, tmp_path):
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 web.test\n")
    served = dns_lab.serve(f". {{\n hosts {path} test {{\n reload 5ms\n }}\n kubernetes cluster.local\n}}")
    assert served.ask("web.test").short() == "10.0.0.1"
    put(path, "10.0.0.2 web.test\n")
    (block,) = {block for port in served.server._answering.values() for block in port.blocks}
    dns_lab.wait(lambda: block.hosts.answer(_query()).answer[0].data == "10.0.0.2")
    assert served.ask("web.test").short() == "10.0.0.2"
    path.unlink()
    dns_lab.wait(lambda: block.hosts.entries == 0)


def _query():
    from dns.model import Query, RecordType

    return Query(1, (b"web", b"test"), RecordType.A)


def test_alike_errors_are_told_together(dns_lab, nowhere, caplog):
    host, port = nowhere()
    served = dns_lab.serve(f". {{\n errors {{\n consolidate 20ms upstream warning\n }}\n forward . {host}:{port}\n}}")
    for number in range(3):
        assert served.ask(f"{number}.test").header.rcode == 2
    dns_lab.wait(lambda: sum(int(each.message[0]) for each in caplog.records if "errors like" in each.message) == 3)
    assert {each.levelname for each in caplog.records if "errors like" in each.message} == {"WARNING"}
    assert not [each for each in caplog.records if each.levelno == logging.ERROR]


@pytest.mark.parametrize("seed", range(5))
def test_mutated_queries_never_show_a_bug_and_answers_fit(plain_dns_lab, question, seed):
    rng = random.Random(seed)
    served = plain_dns_lab.serve()
    models = [
        question(name, qtype).pack() for name in (WEB, MANY, f"_http._tcp.{WEB}") for qtype in ("A", "SRV", "TXT")
    ]
    models += [packet[:10] + b"\0\1" + packet[12:] + OPT for packet in models]
    with served.udp() as sock:
        for number in range(400):
            sock.send(mutated(rng.choice(models), rng))
            sock.send(question(WEB, id=0xBEEF).pack())
            answered = b""
            while answered[:2] != b"\xbe\xef":
                answered = sock.recv(65535)
                assert answered[2] & 0x80, number
                assert len(answered) <= 65535
                assert parse_response(answered) is not None, number
    assert served.counters().panics == 0


def mutated(packet, rng):
    """A few octets changed, taken out or put in; never the id that the test waits for."""
    octets = bytearray(packet)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(2, len(octets)) if len(octets) > 2 else 0
        match rng.randrange(3):
            case 0:
                octets[at : at + 1] = bytes((rng.randrange(256),))
            case 1:
                del octets[at : at + rng.randint(1, 8)]
            case _:
                octets[at:at] = rng.randbytes(rng.randint(1, 8))
    return b"\0\1" + bytes(octets[2:])
