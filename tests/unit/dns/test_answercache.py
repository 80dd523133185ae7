import msgspec
import pytest

from dns.answercache import MAX_OCTETS, AnswerCache
from dns.model import Edns, Query, Rcode, Record, RecordType, Reply, Soa
from dns.plugins.cache import Cache, Share

WEB = (b"web", b"org")
SPELLED = (b"WeB", b"OrG")
QUERY = Query(1, WEB, RecordType.A)


def a(ttl, name=WEB):
    return Record(name, RecordType.A, ttl, "192.0.2.1")


def soa(ttl, minimum):
    return Record((b"org",), RecordType.SOA, ttl, Soa((), (), 1, 2, 3, 4, minimum))


def cached(reply, *, query=QUERY, asked=QUERY, after=0.0, octets=100, settings=None):
    """What the cache answers `after` so many seconds."""
    cache = AnswerCache(settings or Cache())
    cache.put(query, reply, 1000.0, recursion_available=True, octets=octets)
    return cache.get(asked, 1000.0 + after)


@pytest.mark.parametrize(
    ("after", "ttl"), [(0.0, 60), (0.5, 59), (1.0, 59), (59.0, 1), (59.5, None), (60.0, None), (1e6, None)]
)
def test_ttls_count_down_until_the_answer_is_gone(after, ttl):
    found = cached(Reply(answer=(a(60),)), after=after)
    assert (None if found is None else found.reply.answer) == (None if ttl is None else (a(ttl),))


@pytest.mark.parametrize(
    ("reply", "ttl"),
    [
        (Reply(answer=(a(60), a(20)), additional=(a(30),)), 20),
        (Reply(answer=(a(1),)), 5),
        (Reply(answer=(a(100_000),)), 3600),
        (Reply(), 5),
        (Reply(Rcode.NXDOMAIN, authority=(soa(300, 60),)), 60),
        (Reply(Rcode.NXDOMAIN, authority=(soa(60, 300),)), 60),
        (Reply(Rcode.NXDOMAIN), 5),
        (Reply(authority=(soa(9000, 9000),)), 1800),
        (Reply(Rcode.SERVFAIL), 5),
    ],
)
def test_the_lowest_ttl_counts_within_the_bounds_of_its_kind(reply, ttl):
    assert cached(reply, after=ttl - 1.0) is not None
    assert cached(reply, after=float(ttl)) is None


@pytest.mark.parametrize(
    "reply",
    [Reply(answer=(a(60),), truncated=True), Reply(Rcode.REFUSED), Reply(Rcode.FORMERR), Reply(Rcode.NOTIMP)],
)
def test_cut_answers_and_errors_are_not_kept(reply):
    assert cached(reply) is None


def test_long_answers_are_not_kept():
    assert cached(Reply(answer=(a(60),)), octets=MAX_OCTETS + 1) is None


def test_the_first_client_gets_capped_ttls_too():
    cache = AnswerCache(Cache(success=Share(ttl=30)))
    put = cache.put(QUERY, Reply(answer=(a(300),)), 0.0, recursion_available=True, octets=10)
    assert put == Reply(answer=(a(30),))


def test_what_is_kept_counts_as_authoritative_and_remembers_recursion():
    found = cached(Reply(answer=(a(60),), authoritative=False))
    assert found.reply.authoritative
    assert found.recursion_available
    assert not found.is_denial
    assert cached(Reply(Rcode.NXDOMAIN)).is_denial


def test_names_are_spelled_as_the_next_client_does():
    other = Record((b"cdn", b"org"), RecordType.A, 60, "192.0.2.2")
    found = cached(Reply(answer=(a(60), other)), asked=Query(2, SPELLED, RecordType.A))
    assert found.reply.answer == (a(60, SPELLED), other)


@pytest.mark.parametrize(
    "changes",
    [
        {"qtype": RecordType.AAAA},
        {"qclass": 3},
        {"qname": (b"org",)},
        {"checking_disabled": True},
        {"edns": Edns(1232, flags=0x8000)},
    ],
)
def test_other_questions_are_not_answered(changes):
    assert cached(Reply(answer=(a(60),)), asked=msgspec.structs.replace(QUERY, **changes)) is None


def test_edns_without_dnssec_makes_no_difference():
    asked = msgspec.structs.replace(QUERY, edns=Edns(4096), recursion_desired=True)
    assert cached(Reply(answer=(a(60),)), asked=asked) is not None


@pytest.mark.parametrize(
    ("settings", "reply", "is_kept"),
    [
        (Cache(zones=((b"net",),)), Reply(answer=(a(60),)), False),
        (Cache(zones=((b"org",),)), Reply(answer=(a(60),)), True),
        (Cache(success=Share(disabled_zones=(WEB,))), Reply(answer=(a(60),)), False),
        (Cache(success=Share(disabled_zones=(WEB,))), Reply(Rcode.NXDOMAIN), True),
        (Cache(denial=Share(disabled_zones=((),))), Reply(Rcode.NXDOMAIN), False),
        (Cache(success=Share(capacity=0)), Reply(answer=(a(60),)), False),
        (Cache(servfail_ttl=0.0), Reply(Rcode.SERVFAIL), False),
    ],
)
def test_the_corefile_says_what_is_kept(settings, reply, is_kept):
    assert (cached(reply, settings=settings) is not None) is is_kept


def test_keepttl_leaves_ttls_as_they_came():
    found = cached(Reply(answer=(a(60), a(90))), after=30.0, settings=Cache(keep_ttl=True))
    assert found.reply.answer == (a(60), a(90))


def test_the_oldest_leave_first():
    cache = AnswerCache(Cache(success=Share(capacity=2)))
    queries = [Query(1, (label, b"org"), RecordType.A) for label in (b"a", b"b", b"c")]
    for query in queries:
        cache.put(query, Reply(answer=(a(60, query.qname),)), 0.0, recursion_available=True, octets=10)
    assert [cache.get(query, 0.0) is not None for query in queries] == [False, True, True]
    assert (len(cache), cache.sizes) == (2, (2, 0))


def test_an_answer_replaces_a_denial():
    cache = AnswerCache(Cache())
    for reply in (Reply(Rcode.NXDOMAIN), Reply(answer=(a(60),))):
        cache.put(QUERY, reply, 0.0, recursion_available=True, octets=10)
    assert cache.sizes == (1, 0)
    assert cache.get(QUERY, 1.0).reply.rcode is Rcode.NOERROR
