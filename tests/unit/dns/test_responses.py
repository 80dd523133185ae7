import struct
from time import thread_time
from timeit import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dns.model import Query, Rcode, Record, RecordType, Reply, Soa, Srv
from dns.packet import render
from dns.responses import parse_header, parse_response

WWW = (b"www", b"example")
QUERY = Query(id=7, qname=WWW, qtype=RecordType.A, recursion_desired=True)
QUESTION = b"\3www\7example\0" + b"\0\1\0\1"
POINTER = b"\xc0\x0c"


def header(*, bits=0x8180, qd=1, an=0, ns=0, ar=0):
    return struct.pack("!HHHHHH", 7, bits, qd, an, ns, ar)


def record(data, *, rtype=1, owner=POINTER, rclass=1, ttl=60, length=None):
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, len(data) if length is None else length) + data


def answer_of(packet):
    return parse_response(packet).answer


def test_header_fields():
    parsed = parse_header(header(bits=0x8180 | 0x0420 | 0x0200 | 3) + QUESTION)
    assert (parsed.id, parsed.rcode, parsed.qname, parsed.qtype, parsed.qclass) == (7, Rcode.NXDOMAIN, WWW, 1, 1)
    assert parsed.authoritative
    assert parsed.truncated
    assert parsed.recursion_available
    assert parsed.authentic_data


@pytest.mark.parametrize(
    ("packet", "is_answer"),
    [
        (header() + QUESTION, True),
        (header() + QUESTION.replace(b"www", b"WwW"), True),
        (header() + QUESTION.replace(b"www", b"ww2"), False),
        (header() + QUESTION[:-4] + b"\0\x1c\0\1", False),
        (header() + QUESTION[:-4] + b"\0\1\0\3", False),
        (header(qd=0), False),
        (header(bits=0x8180 | 4 << 11) + QUESTION, False),
        (b"\0\x08" + header()[2:] + QUESTION, False),
    ],
)
def test_which_response_answers_a_query(packet, is_answer):
    assert parse_header(packet).answers(QUERY, 7) == is_answer


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        header()[:11],
        header(bits=0x0100) + QUESTION,
        header(qd=2) + QUESTION * 2,
        header() + b"\3ww",
        header(an=1) + QUESTION,
        header(an=1) + QUESTION + record(b"1234")[:-1],
        header(an=1) + QUESTION + record(b"1234")[:8],
        header(an=1) + QUESTION + record(b"123"),
        header(an=1) + QUESTION + record(bytes(15), rtype=28),
        header(an=1) + QUESTION + record(b"\3www\0x", rtype=5),
        header(an=1) + QUESTION + record(b"\3www", rtype=5),
        header(an=1) + QUESTION + record(b"\0\0\0", rtype=6),
        header(an=1) + QUESTION + record(b"\0\0", rtype=33),
        header(an=1) + QUESTION + record(b"1234", owner=b"\xc0\xff"),
        header(an=1) + QUESTION + record(b"1234", owner=b"\xc0\x00"),
        header(an=1) + QUESTION + record(b"1234", owner=b"\xc0\x1d"),
        header(an=1) + QUESTION + record(b"1234", owner=b"\x80\x0c"),
        header(an=1) + QUESTION + b"\xc0",
        header(an=1) + QUESTION + record(b"1234", owner=b"\1a" * 128 + b"\0"),
        header(an=1) + QUESTION + record(b"1234", owner=b"\1a" * 300 + b"\0"),
    ],
)
def test_malformed_responses_are_none(packet):
    assert parse_response(packet) is None


@pytest.mark.parametrize(
    ("rtype", "data", "expected"),
    [
        (1, b"\x0a\0\0\1", "10.0.0.1"),
        (28, bytes(15) + b"\1", "::1"),
        (5, b"\3cdn" + POINTER, (b"cdn", *WWW)),
        (2, b"\xc0\x10", (b"example",)),
        (12, b"\0", ()),
        (15, b"\0\x0a\4mail\xc0\x10", b"\0\x0a\4mail\7example\0"),
        (33, b"\0\1\0\2\0\x50" + POINTER, Srv(1, 2, 80, WWW)),
        (6, POINTER + b"\xc0\x10" + struct.pack("!IIIII", 1, 2, 3, 4, 5), Soa(WWW, (b"example",), 1, 2, 3, 4, 5)),
        (16, b"\3abc", b"\3abc"),
        (65280, b"\xc0\x0c", b"\xc0\x0c"),
    ],
)
def test_records_are_read(rtype, data, expected):
    packet = header(an=1) + QUESTION + record(data, rtype=rtype)
    assert answer_of(packet) == (Record(WWW, rtype, 60, expected),)


def test_sections_are_kept_apart_and_opt_is_left_out():
    opt = record(b"", owner=b"\0", rtype=41, rclass=1232)
    packet = header(an=1, ns=1, ar=2) + QUESTION + record(b"1234") + record(b"5678") + record(b"9abc") + opt
    parsed = parse_response(packet)
    assert [len(parsed.answer), len(parsed.authority), len(parsed.additional)] == [1, 1, 1]


def test_records_of_other_classes_are_left_out():
    assert answer_of(header(an=1) + QUESTION + record(b"1234", rclass=3)) == ()


def test_a_ttl_with_its_highest_bit_set_is_0():
    assert answer_of(header(an=1) + QUESTION + record(b"1234", ttl=1 << 31))[0].ttl == 0


def test_a_response_without_a_question_is_read():
    assert parse_response(header(bits=0x8181, qd=0)).header.qname is None


def test_pointers_to_pointers_are_followed():
    opaque = record(POINTER, rtype=65280)
    at = len(header() + QUESTION + opaque) - len(POINTER)
    packet = header(an=2) + QUESTION + opaque + record(b"1234", owner=struct.pack("!H", 0xC000 | at))
    assert answer_of(packet)[1].name == WWW


@pytest.mark.parametrize("owner_length", [2, 4])
def test_long_chains_of_pointers_cost_no_more_than_their_length(owner_length):
    packet, owner = bytearray(header(an=4000) + QUESTION), 12
    for _ in range(4000):
        start = len(packet)
        label = b"\1a" if owner_length == 4 else b""
        packet += record(b"", rtype=65280, owner=label + struct.pack("!H", 0xC000 | owner))
        owner = start if start < 0x3F00 else owner
    assert min(repeat(lambda: parse_response(bytes(packet)), number=1, repeat=3, timer=thread_time)) < 0.5


def test_answers_of_our_own_are_read():
    reply = Reply(answer=(Record(WWW, RecordType.CNAME, 30, (b"a", *WWW)), Record((b"a", *WWW), 1, 30, "192.0.2.1")))
    parsed = parse_response(render(QUERY, reply, 512))
    assert parsed.answer == reply.answer
    assert parsed.header.answers(QUERY, 7)


PIECES = st.sampled_from(
    [b"\0", POINTER, b"\xc0\x10", b"\1a", b"\3www", QUESTION, record(b"1234"), record(b"\0", rtype=5)]
)


@settings(max_examples=400, deadline=None)
@given(
    st.builds(
        lambda start, pieces: start + QUESTION + b"".join(pieces),
        st.builds(header, bits=st.integers(0x8000, 0xFFFF), an=st.integers(0, 3), ns=st.integers(0, 2)),
        st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=12),
    )
)
def test_no_response_raises(packet):
    parsed = parse_response(packet)
    assert parsed is None or parsed.header == parse_header(packet)
