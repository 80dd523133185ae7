import struct
from time import thread_time
from timeit import repeat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dns.guard import Refusal, Silence, inspect
from dns.model import Edns, Query, Rcode, Reply
from dns.packet import payload_limit, refuse, render

QUESTION = b"\3web\4shop\3svc\7cluster\5local\0" + b"\0\1\0\1"
NAME = (b"web", b"shop", b"svc", b"cluster", b"local")


def header(*, bits=0x0100, qd=1, an=0, ns=0, ar=0, identity=0x1234):
    return struct.pack("!HHHHHH", identity, bits, qd, an, ns, ar)


def opt(size=1232, ttl=0, data=b"", owner=b"\0"):
    return owner + struct.pack("!HHIH", 41, size, ttl, len(data)) + data


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def record(owner=b"\0", rtype=1, data=b""):
    return owner + struct.pack("!HHIH", rtype, 1, 0, len(data)) + data


def chain(links, *, length=None):
    """A packet whose names are a long chain of compression pointers."""
    names = b"\1a\0" + b"".join(b"\1a" + struct.pack("!H", 0xC000 | 12 + 4 * i) for i in range(links))
    packet = header(qd=links + 1) + names
    return packet if length is None else (packet * (length // len(packet) + 1))[:length]


def test_a_plain_query():
    assert inspect(header() + QUESTION, udp=True) == Query(
        id=0x1234, qname=NAME, qtype=1, qclass=1, recursion_desired=True
    )


def test_header_bits_that_replies_copy():
    query = inspect(header(bits=0x0010) + QUESTION, udp=True)
    assert (query.recursion_desired, query.checking_disabled) == (False, True)


def test_edns_with_its_options():
    data = option(10, b"cookie00") + option(3, b"")
    query = inspect(header(ar=1) + QUESTION + opt(4096, 0x8001, data), udp=True)
    assert query.edns == Edns(payload_size=4096, flags=0x8001, options=((10, b"cookie00"), (3, b"")))


@pytest.mark.parametrize(
    ("counts", "rest"),
    [
        ({"ar": 2}, record() + opt()),
        ({"ar": 2}, opt() + record(rtype=250, data=b"tsig")),
        ({"ns": 1, "ar": 1}, record(b"\xc0\x0c", 6, b"soa") + opt()),  # IXFR
        ({"an": 1, "ar": 1}, record(b"\3web\0", 6, b"soa") + opt()),  # NOTIFY
        ({"ar": 1}, opt() + b"octets behind the message"),
    ],
)
def test_the_opt_record_is_found_among_others(counts, rest):
    query = inspect(header(**counts) + QUESTION + rest, udp=True)
    assert query.edns == Edns(payload_size=1232)


def test_the_serial_of_an_ixfr_query():
    soa = record(b"\xc0\x0c", 6, b"\xc0\x0c\0" + struct.pack("!IIIII", 77, 1, 2, 3, 4))
    assert inspect(header(ns=1) + QUESTION + soa, udp=True).serial == 77
    assert inspect(header(an=1) + QUESTION + soa, udp=True).serial is None
    assert inspect(header(ns=1) + QUESTION + record(rtype=6, data=bytes(20)), udp=True).serial is None
    assert inspect(header(ns=1) + QUESTION + record(rtype=2, data=bytes(30)), udp=True).serial is None


def test_an_opt_record_outside_of_the_additional_section_is_none():
    assert inspect(header(an=1) + QUESTION + opt(), udp=True).edns is None


@pytest.mark.parametrize(
    "qname",
    [
        b"\0",
        b"\7a.b\0c\xffd\0",
        b"\x3f" + b"a" * 63 + b"\0",
        b"\x01a" * 127 + b"\0",
    ],
)
def test_odd_names_are_names(qname):
    query = inspect(header() + qname + b"\0\1\0\1", udp=True)
    assert isinstance(query, Query)
    assert render(query, Reply(), 512)[12:] == qname + b"\0\1\0\1"


NOTIFY = 4 << 11
REFUSALS = [
    ("no question", header(qd=0), Rcode.FORMERR),
    ("two questions", header(qd=2) + QUESTION * 2, Rcode.FORMERR),
    ("nine thousand questions", header(qd=9000) + QUESTION, Rcode.FORMERR),
    ("two answers", header(an=2) + QUESTION + record() * 2, Rcode.FORMERR),
    ("two authorities", header(ns=2) + QUESTION + record() * 2, Rcode.FORMERR),
    ("three additionals", header(ar=3) + QUESTION + record() * 3, Rcode.FORMERR),
    ("over 512 octets", header() + QUESTION + bytes(512), Rcode.FORMERR),
    ("no question where one is announced", header(), Rcode.FORMERR),
    ("a name without an end", header() + b"\3web", Rcode.FORMERR),
    ("a label over 63", header() + b"\x40" + b"a" * 64 + b"\0\0\1\0\1", Rcode.FORMERR),
    ("a reserved label type", header() + b"\x80a\0\0\1\0\1", Rcode.FORMERR),
    ("a pointer in the question", header() + b"\xc0\x0c\0\1\0\1", Rcode.FORMERR),
    ("a name over 255", header() + b"\1a" * 128 + b"\0\0\1\0\1", Rcode.FORMERR),
    ("no type", header() + b"\3web\0\0", Rcode.FORMERR),
    ("no additional where one is announced", header(ar=1) + QUESTION, Rcode.FORMERR),
    ("an additional that ends early", header(ar=1) + QUESTION + b"\0\0\1", Rcode.FORMERR),
    ("data that ends early", header(ar=1) + QUESTION + record(data=b"1234")[:-1], Rcode.FORMERR),
    ("a pointer but to the question", header(ar=1) + QUESTION + record(b"\xc0\x0d"), Rcode.FORMERR),
    ("a label and a pointer", header(ar=1) + QUESTION + record(b"\1a\xc0\x0c"), Rcode.FORMERR),
    ("an owner over 255", header(ar=1) + QUESTION + record(b"\1a" * 128 + b"\0"), Rcode.FORMERR),
    ("two OPT records", header(ar=2) + QUESTION + opt() * 2, Rcode.FORMERR),
    ("an OPT record with an owner", header(ar=1) + QUESTION + opt(owner=b"\1a\0"), Rcode.FORMERR),
    ("an option that ends early", header(ar=1) + QUESTION + opt(data=b"\0\3\0\1"), Rcode.FORMERR),
    ("an option's header that ends early", header(ar=1) + QUESTION + opt(data=b"\0\3\0"), Rcode.FORMERR),
    ("too many options", header(ar=1) + QUESTION + opt(data=option(3, b"") * 33), Rcode.FORMERR),
    ("EDNS version 1", header(ar=1) + QUESTION + opt(ttl=1 << 16), Rcode.BADVERS),
    ("a chain of pointers", chain(100), Rcode.FORMERR),
    ("a chain of pointers, 512 octets", chain(300, length=512), Rcode.FORMERR),
    ("all zeros", bytes(12), Rcode.FORMERR),
    ("all zeros, 512 octets", bytes(512), Rcode.FORMERR),
]


@pytest.mark.parametrize(("packet", "rcode"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_what_is_no_query_is_refused(packet, rcode):
    refusal = inspect(packet, udp=True)
    assert isinstance(refusal, Refusal)
    assert refusal.rcode == rcode


@pytest.mark.parametrize("packet", [chain(8000), chain(8000, length=65507), header() + b"\1a" * 32000])
def test_big_packets_are_refused_at_once(packet):
    assert inspect(packet, udp=False).rcode == Rcode.FORMERR
    assert min(repeat(lambda: inspect(packet, udp=False), number=1, timer=thread_time)) < 0.05


def test_a_long_query_is_fine_over_tcp():
    data = option(12, bytes(600))
    query = inspect(header(ar=1) + QUESTION + opt(data=data), udp=False)
    assert query.edns.options == ((12, bytes(600)),)


@pytest.mark.parametrize("opcode", [1, 2, 3, *range(5, 16)])
def test_other_opcodes_are_not_implemented(opcode):
    refusal = inspect(header(bits=opcode << 11) + QUESTION, udp=True)
    assert refuse(refusal) == struct.pack("!HHHHHH", 0x1234, 0x8000 | opcode << 11 | 4, 0, 0, 0, 0)


def test_notify_is_taken_for_a_query_and_answered_without_rd():
    query = inspect(header(bits=NOTIFY | 0x0110) + QUESTION, udp=True)
    assert query.opcode == 4
    assert render(query, Reply(), 512)[2:4] == bytes((0x80 | 4 << 3 | 0x04, 0))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        header()[:11],
        header(bits=0x8000) + QUESTION,
        header(bits=0x8180) + QUESTION,
        b"\xff" * 12,
        b"\xff" * 512,
    ],
)
def test_responses_and_scraps_get_no_answer(packet):
    assert inspect(packet, udp=True) == Silence()


@pytest.mark.parametrize("port", [7, 19, 53])
def test_errors_from_reflectors_get_no_answer(port):
    packet = header(bits=0x0001) + QUESTION
    assert inspect(packet, udp=True, source_port=port) == Silence()
    assert isinstance(inspect(packet, udp=True, source_port=40000), Query)
    assert isinstance(inspect(header() + QUESTION, udp=True, source_port=port), Query)


def test_refusals_are_bare_headers_that_copy_rd_and_cd():
    refusal = inspect(header(bits=0x0130, qd=0), udp=True)
    assert refuse(refusal) == struct.pack("!HHHHHH", 0x1234, 0x8111, 0, 0, 0, 0)


def test_badvers_is_told_in_an_opt_record():
    refusal = inspect(header(ar=1) + QUESTION + opt(ttl=7 << 16), udp=True)
    assert refuse(refusal) == struct.pack("!HHHHHH", 0x1234, 0x8100, 0, 0, 0, 1) + opt(size=0, ttl=1 << 24)


PIECES = st.sampled_from(
    [b"\0", b"\xc0\x0c", b"\xff", b"\1a", b"\3web", b"\0\1\0\1", QUESTION, opt(), opt(data=b"\0\3\0"), record()]
)
PACKETS = st.one_of(
    st.binary(max_size=600),
    st.builds(
        lambda start, pieces: start + b"".join(pieces),
        st.builds(
            header,
            bits=st.integers(0, 0x7FFF),
            qd=st.sampled_from([1, 1, 1, 0, 2]),
            an=st.integers(0, 2),
            ns=st.integers(0, 2),
            ar=st.integers(0, 3),
        ),
        st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=12),
    ),
)


@settings(max_examples=600, deadline=None)
@given(packet=PACKETS, udp=st.booleans())
@example(packet=header() + QUESTION, udp=True)
def test_no_packet_raises_and_no_answer_is_too_long(packet, udp):
    match inspect(packet, udp=udp):
        case Query() as query:
            limit = payload_limit(query, udp=udp)
            answer = render(query, Reply(Rcode.NXDOMAIN, explanation="no such Service" * 20), limit)
            assert len(answer) <= limit
            assert answer[:2] == packet[:2]
            assert answer[2] & 0x80
        case Refusal() as refusal:
            assert len(refuse(refusal)) <= 23
            assert refuse(refusal)[:2] == packet[:2]
        case Silence():
            assert len(packet) < 12 or packet[2] & 0x80
