import pytest

from dns.errorlog import ErrorLog, Message
from dns.model import Edns, Query, Rcode, Record, RecordType, Reply, Soa
from dns.plugins.errors import Consolidation, Errors
from dns.plugins.log import COMBINED_FORMAT, Log, LogRule, ResponseClass
from dns.querylog import Client, Exchange, line

SOA = Record((), RecordType.SOA, 5, Soa((), (), 1, 2, 3, 4, 5))
ANSWER = Record((b"web", b"org"), RecordType.A, 5, "192.0.2.1")


GOOD = Reply(answer=(ANSWER,))
CLIENT = Client("192.0.2.7", 4444, "udp")


def exchange(reply=GOOD, query=None, client=CLIENT, bits=0x8500):
    query = query or Query(7, (b"Web", b"org"), RecordType.A)
    return Exchange(query, reply, client, 25, b"\0\7" + bits.to_bytes(2) + bytes(37), 0.0001234567)


def test_a_query_is_logged_in_the_shape_of_coredns():
    assert line(Log(rules=(LogRule(),)), exchange()) == (
        '192.0.2.7:4444 - 7 "A IN web.org. udp 25 false 512" NOERROR qr,aa,rd 41 0.000123457s'
    )


def test_other_types_classes_flags_and_families_have_their_names():
    query = Query(9, (), 65280, 3, opcode=4, edns=Edns(1232, flags=0x8000))
    seen = exchange(Reply(Rcode.NXDOMAIN), query, Client("2001:db8::7", 1, "tcp"), 0xFFFF)
    assert line(Log(rules=(LogRule(format=COMBINED_FORMAT + " {x}{/y}{{type}}"),)), seen) == (
        '[2001:db8::7]:1 - 9 4 "TYPE65280 CH . tcp 25 true 1232" '
        "NXDOMAIN qr,aa,tc,rd,ra,ad,cd 41 0.000123457s --{TYPE65280}"
    )
    query = Query(9, (), 65, 77)
    assert '"HTTPS CLASS77 .' in line(Log(rules=(LogRule(),)), exchange(query=query))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(answer=(ANSWER,)), ResponseClass.SUCCESS),
        (Reply(), ResponseClass.SUCCESS),
        (Reply(authority=(SOA,)), ResponseClass.DENIAL),
        (Reply(answer=(ANSWER,), authority=(SOA,)), ResponseClass.SUCCESS),
        (Reply(Rcode.NXDOMAIN, authority=(SOA,)), ResponseClass.DENIAL),
        (Reply(Rcode.SERVFAIL, authority=(SOA,)), ResponseClass.ERROR),
        (Reply(Rcode.REFUSED), ResponseClass.ERROR),
    ],
)
def test_classes_choose_what_is_logged(reply, expected):
    wanting = {
        each for each in ResponseClass if line(Log(rules=(LogRule(classes=frozenset({each})),)), exchange(reply))
    }
    assert wanting == {ResponseClass.ALL, expected}


def test_the_first_rule_for_the_name_decides():
    rules = (
        LogRule(((b"net",),), "net"),
        LogRule(((b"web", b"org"),), "web", frozenset({ResponseClass.ERROR})),
        LogRule(((),), "all"),
    )
    assert line(Log(rules=rules), exchange()) is None
    assert line(Log(rules=rules), exchange(query=Query(1, (b"org",), 1))) == "all"
    assert line(Log(rules=rules[:1]), exchange()) is None


def test_errors_are_logged_at_once():
    error_log = ErrorLog(Errors())
    assert error_log.note("2 web.org. A: no upstream answered", 0.0) == Message(
        "error", "2 web.org. A: no upstream answered"
    )
    assert error_log.next_due is None


def test_errors_that_are_alike_are_told_together_when_their_period_is_over():
    settings = Errors(consolidations=(Consolidation(30.0, "^2 web", "warning"), Consolidation(60.0, "^2")))
    error_log = ErrorLog(settings)
    for now, text in ((0.0, "2 web"), (10.0, "2 web"), (20.0, "2 other")):
        assert error_log.note(text, now) is None
    assert error_log.note("3 x", 20.0) == Message("error", "3 x")
    assert error_log.next_due == 30.0
    assert list(error_log.due(29.0)) == []
    assert list(error_log.due(30.0)) == [Message("warning", "2 errors like '^2 web' occurred in last 30s")]
    assert error_log.next_due == 80.0
    assert list(error_log.due(90.0)) == [Message("error", "1 errors like '^2' occurred in last 60s")]
    assert error_log.next_due is None
