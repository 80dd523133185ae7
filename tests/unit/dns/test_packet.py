import struct

import pytest
from dnslib import DNSRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from dns.model import Edns, Query, Rcode, Record, RecordType, Reply, Soa, Srv
from dns.packet import payload_limit, render
from dns.responses import parse_response

ZONE = (b"cluster", b"local")
NAME = (b"web", b"shop", b"svc", *ZONE)
SOA = Record(ZONE, RecordType.SOA, 5, Soa((b"ns", b"dns", *ZONE), (b"hostmaster", *ZONE), 7, 7200, 1800, 86400, 5))
MANY = Reply(answer=tuple(Record(NAME, RecordType.A, 5, f"10.0.0.{n}") for n in range(100)))
TC = 0x02


def query(**fields):
    return Query(**({"id": 0x1234, "qname": NAME, "qtype": RecordType.A} | fields))


def bits(packet):
    return struct.unpack("!H", packet[2:4])[0]


def opt_of(packet):
    """The size, TTL field and options of the last record, which has to be the OPT record."""
    record = DNSRecord.parse(packet).ar[-1]
    assert record.rtype == RecordType.OPT
    return record.rclass, record.ttl, [(option.code, bytes(option.data)) for option in record.rdata]


@pytest.mark.parametrize(
    ("asked", "reply", "expected"),
    [
        (query(), Reply(), 0x8400),
        (query(recursion_desired=True), Reply(), 0x8500),
        (query(checking_disabled=True), Reply(), 0x8410),
        (query(), Reply(Rcode.NXDOMAIN), 0x8403),
        (query(), Reply(Rcode.REFUSED, authoritative=False), 0x8005),
        (query(opcode=4, recursion_desired=True, checking_disabled=True), Reply(), 0xA400),
        (query(), Reply(truncated=True), 0x8600),
    ],
)
def test_header_bits(asked, reply, expected):
    assert bits(render(asked, reply, 512)) == expected


def test_recursion_is_available_where_it_is():
    assert bits(render(query(), Reply(), 512, recursion_available=True)) == 0x8480


def test_the_question_is_sent_back_as_it_was_spelled():
    asked = query(qname=(b"WeB", b"Sh\0p", b"a.b"), qtype=65280, qclass=3)
    assert render(asked, Reply(), 512)[12:] == b"\3WeB\4Sh\0p\3a.b\0" + struct.pack("!HH", 65280, 3)


RECORDS = [
    (Record(NAME, RecordType.A, 5, "10.96.0.10"), "10.96.0.10"),
    (Record(NAME, RecordType.AAAA, 5, "fd00:96::4"), "fd00:96::4"),
    (Record(NAME, RecordType.CNAME, 5, (b"www", b"upstream", b"example")), "www.upstream.example."),
    (Record(NAME, RecordType.NS, 5, (b"ns", *ZONE)), "ns.cluster.local."),
    (Record(NAME, RecordType.PTR, 5, NAME), "web.shop.svc.cluster.local."),
    (Record(NAME, RecordType.SRV, 5, Srv(0, 33, 8080, NAME)), "0 33 8080 web.shop.svc.cluster.local."),
    (SOA, "ns.dns.cluster.local. hostmaster.cluster.local. 7 7200 1800 86400 5"),
    (Record(NAME, RecordType.TXT, 5, ("1.1.0", "two")), '"1.1.0","two"'),
    (Record(NAME, RecordType.HINFO, 5, b"\3ANY\0"), r"\# 5 03414e5900"),
    (Record((), RecordType.NS, 5, ()), "."),
]


@pytest.mark.parametrize(("record", "text"), RECORDS, ids=[r[0].type.name for r in RECORDS])
def test_records_are_what_another_parser_reads(record, text):
    parsed = DNSRecord.parse(render(query(), Reply(answer=(record,)), 512)).rr[0]
    assert (parsed.rname.label, parsed.rtype, parsed.rclass, parsed.ttl) == (record.name, record.type, 1, 5)
    assert str(parsed.rdata).replace('" "', '","') == text or record.type == RecordType.HINFO


def test_hinfo_strings():
    record = Record(NAME, RecordType.HINFO, 8482, ("ANY obsoleted", "See RFC 8482"))
    assert render(query(), Reply(answer=(record,)), 512).endswith(b"\x0dANY obsoleted\x0cSee RFC 8482")


def test_sections_follow_each_other():
    reply = Reply(answer=(RECORDS[0][0],), authority=(SOA,), additional=(RECORDS[1][0],))
    parsed = DNSRecord.parse(render(query(), reply, 512))
    assert [len(parsed.questions), len(parsed.rr), len(parsed.auth), len(parsed.ar)] == [1, 1, 1, 1]


def test_names_are_compressed_but_srv_targets_are_not():
    record = Record(NAME, RecordType.SRV, 5, Srv(0, 100, 80, NAME))
    glue = Record(NAME, RecordType.A, 5, "10.96.0.10")
    packet = render(query(), Reply(answer=(record,), additional=(glue,)), 512)
    assert packet.count(b"\3web\4shop\3svc\7cluster\5local\0") == 2
    assert packet.count(b"\xc0\x0c") == 2


def test_compression_keeps_the_spelling():
    reply = Reply(answer=(Record(NAME, RecordType.CNAME, 5, (b"WEB", *NAME[1:])), Record(ZONE, RecordType.NS, 5, ZONE)))
    parsed = DNSRecord.parse(render(query(qname=(b"WEB", b"shop", b"svc", b"Cluster", b"local")), reply, 512))
    assert [r.rname.label for r in parsed.rr] == [NAME, ZONE]
    assert [r.rdata.label.label for r in parsed.rr] == [(b"WEB", *NAME[1:]), ZONE]


def test_no_opt_record_unless_asked():
    assert DNSRecord.parse(render(query(), Reply(), 512)).ar == []


def test_the_clients_opt_record_comes_back_with_its_size_and_flags():
    edns = Edns(payload_size=4096, flags=0x8001)
    assert opt_of(render(query(edns=edns), Reply(), 4096)) == (4096, 0x8001, [])


def test_known_options_come_back_as_they_were_sent():
    options = (
        (3, b""),
        (8, b"\0\1\x18\0\x0a\0\0"),
        (9, b""),
        (10, b"short"),
        (11, b"\0\5"),
        (12, bytes(9)),
        (65001, b"x"),
    )
    edns = Edns(payload_size=1232, options=options)
    kept = [(code, data) for code, data in options if code in {3, 9, 10, 11, 12}]
    assert opt_of(render(query(edns=edns), Reply(), 1232))[2] == kept


def test_an_explanation_is_an_extended_error():
    reply = Reply(Rcode.NXDOMAIN, authority=(SOA,), explanation="no such Service", explanation_code=14)
    packet = render(query(edns=Edns(payload_size=1232)), reply, 1232)
    assert opt_of(packet)[2] == [(15, b"\0\x0eno such Service")]


def test_an_explanation_needs_edns():
    assert b"no such" not in render(query(), Reply(explanation="no such Service"), 512)


def test_an_explanation_is_left_out_before_anything_is_cut():
    reply = Reply(Rcode.NXDOMAIN, authority=(SOA,), explanation="x" * 450)
    packet = render(query(edns=Edns(payload_size=512)), reply, 512)
    assert not packet[2] & TC
    assert len(DNSRecord.parse(packet).auth) == 1
    assert opt_of(packet)[2] == []


def test_what_fits_exactly_is_whole():
    whole = render(query(), MANY, 65535)
    assert render(query(), MANY, len(whole)) == whole
    assert render(query(), MANY, len(whole) - 1)[2] & TC


@pytest.mark.parametrize("edns", [None, Edns(payload_size=512, options=((10, b"cookie00"),))])
def test_a_cut_answer_keeps_what_fits(edns):
    packet = render(query(edns=edns), MANY, 512)
    kept = parse_response(packet).answer
    assert packet[2] & TC
    assert 512 - 16 < len(packet) <= 512
    assert kept == MANY.answer[: len(kept)]
    assert len(DNSRecord.parse(packet).ar) == (edns is not None)


def test_cut_additional_records_set_tc_too():
    reply = Reply(answer=MANY.answer[:2], additional=MANY.answer)
    parsed = parse_response(render(query(), reply, 512))
    assert parsed.header.truncated
    assert (len(parsed.answer), len(parsed.additional)) == (2, 27)


def test_nothing_follows_a_record_that_was_cut():
    big = Record(NAME, RecordType.TXT, 5, ("x" * 250, "y" * 250))
    parsed = parse_response(render(query(), Reply(answer=(big,), authority=(SOA,)), 512))
    assert parsed.header.truncated
    assert (parsed.answer, parsed.authority) == ((), ())


def test_pointers_never_lead_past_their_reach():
    names = [(b"n%d" % n, *NAME) for n in range(2000)]
    reply = Reply(answer=tuple(Record(name, RecordType.CNAME, 5, (b"t", *name)) for name in names))
    parsed = parse_response(render(query(), reply, 65535))
    assert len(parsed.answer) > 1200
    assert parsed.answer == reply.answer[: len(parsed.answer)]


@pytest.mark.parametrize(
    ("edns_size", "udp", "ceiling", "limit"),
    [
        (None, True, 65535, 512),
        (0, True, 65535, 512),
        (1232, True, 65535, 1232),
        (4096, True, 65535, 4096),
        (4096, True, 1232, 1232),
        (65535, True, 65535, 65507),
        (4096, True, 100, 512),
        (512, False, 1232, 65535),
    ],
)
def test_how_long_a_reply_may_be(edns_size, udp, ceiling, limit):
    edns = None if edns_size is None else Edns(payload_size=edns_size)
    assert payload_limit(query(edns=edns), udp=udp, ceiling=ceiling) == limit


LABELS = st.lists(st.sampled_from([b"a", b"B", b"web", b"svc", b"cluster", b"x" * 63]), max_size=3).map(tuple)
ANY_RECORD = st.one_of(
    st.builds(Record, LABELS, st.just(1), st.integers(0, 3600), st.ip_addresses(v=4).map(str)),
    st.builds(Record, LABELS, st.just(28), st.integers(0, 3600), st.ip_addresses(v=6).map(str)),
    st.builds(Record, LABELS, st.sampled_from([2, 5, 12]), st.integers(0, 3600), LABELS),
    st.builds(Record, LABELS, st.just(33), st.just(5), st.builds(Srv, st.just(0), st.just(1), st.just(80), LABELS)),
    st.builds(Record, LABELS, st.just(65280), st.just(5), st.binary(min_size=1, max_size=200)),
)
SECTION = st.lists(ANY_RECORD, max_size=12).map(tuple)


@settings(max_examples=150, deadline=None)
@given(LABELS, SECTION, SECTION, SECTION, st.integers(512, 2000))
def test_what_is_packed_is_what_is_read(qname, answer, authority, additional, limit):
    reply = Reply(answer=answer, authority=authority, additional=additional)
    packet = render(query(qname=qname), reply, limit)
    parsed = parse_response(packet)
    assert len(packet) <= limit
    read = [*parsed.answer, *parsed.authority, *parsed.additional]
    assert read == [*answer, *authority, *additional][: len(read)]
    assert parsed.header.truncated == (len(read) < len(answer) + len(authority) + len(additional))
    assert DNSRecord.parse(packet).q.qname.label == qname
