from random import Random

import pytest

from dns.model import Edns, Query
from dns.plugins.forward import ForwardRule, Policy, Upstream
from dns.resolvconf import nameservers
from dns.responses import parse_header
from dns.upstreamquery import build
from dns.upstreams import ATTEMPT_TIMEOUT, MAX_CONCURRENT, OVERALL_TIMEOUT, Attempts, UpstreamGroup

A, B, C = (Upstream(f"192.0.2.{n}") for n in (1, 2, 3))


def group(*upstreams, **rule):
    rule.setdefault("policy", Policy.SEQUENTIAL)
    return UpstreamGroup(ForwardRule(**rule), upstreams)


def fail(of, upstream, times=3):
    for _ in range(times):
        of.check_ended(upstream, good=False)


def tried(of, count=20, now=0.0):
    attempts = Attempts(of, Random(1), now)
    found = []
    while (upstream := attempts.next_upstream(now)) is not None and len(found) < count:
        found.append(upstream)
    return found


def test_sequential_tries_in_order_and_again():
    assert tried(group(A, B)) == [A, B, A, B]


def test_a_lone_upstream_is_tried_three_times():
    assert tried(group(A)) == [A, A, A]


def test_duplicates_count_once():
    assert group(A, B, A).upstreams == [A, B]


def test_round_robin_begins_with_the_next_one_each_time():
    of = group(A, B, C, policy=Policy.ROUND_ROBIN)
    assert [tried(of)[:3] for _ in range(4)] == [[A, B, C], [B, C, A], [C, A, B], [A, B, C]]


def test_round_robin_of_nobody_is_nobody():
    assert tried(group(policy=Policy.ROUND_ROBIN)) == []


def test_random_begins_with_any():
    of = group(A, B, C, policy=Policy.RANDOM)
    rng = Random(7)
    assert {of.ordered(rng)[0] for _ in range(50)} == {A, B, C}
    assert of.upstreams == [A, B, C]


def test_nobody_is_asked_after_the_deadline():
    attempts = Attempts(group(A), Random(1), 10.0)
    assert attempts.next_upstream(10.0 + OVERALL_TIMEOUT - 0.1) == A
    assert attempts.next_upstream(10.0 + OVERALL_TIMEOUT) is None


@pytest.mark.parametrize(("now", "expected"), [(10.0, ATTEMPT_TIMEOUT), (14.0, 1.0), (16.0, 0.0)])
def test_an_attempt_ends_with_the_query(now, expected):
    assert Attempts(group(A), Random(1), 10.0).timeout(now) == expected


def test_upstreams_that_are_down_are_passed_over_until_a_check_is_good():
    of = group(A, B)
    fail(of, A, 2)
    assert not of.is_down(A)
    fail(of, A, 1)
    assert of.is_down(A)
    assert tried(of)[:2] == [B, B]
    of.check_ended(A, good=True)
    assert tried(of)[0] == A


def test_if_all_are_down_one_is_tried_once():
    of = group(A, B)
    fail(of, A)
    fail(of, B)
    attempts = Attempts(of, Random(1), 0.0)
    assert attempts.next_upstream(0.0) in {A, B}
    assert attempts.all_down
    assert attempts.next_upstream(0.0) is None


def test_without_max_fails_nobody_is_ever_down_or_checked():
    of = group(A, max_fails=0)
    fail(of, A, 100)
    assert not of.is_down(A)
    assert not of.wants_check(A)


def test_one_check_at_a_time():
    of = group(A)
    assert of.wants_check(A)
    of.check_started(A)
    assert not of.wants_check(A)
    of.check_ended(A, good=False)
    assert not of.wants_check(A)
    of.check_ended(A, good=True)
    assert of.wants_check(A)


def test_a_looping_upstream_is_never_asked():
    of = group(A, B)
    of.mark_looping(A)
    assert (of.usable, tried(of)[:2]) == ([B], [B, B])
    of.mark_looping(B)
    assert tried(of) == []


@pytest.mark.parametrize(("limit", "full_at"), [(2, 2), (0, MAX_CONCURRENT), (10**6, MAX_CONCURRENT)])
def test_concurrent_queries_are_bounded(limit, full_at):
    of = group(A, max_concurrent=limit)
    of.concurrent = full_at - 1
    assert not of.is_full
    of.concurrent = full_at
    assert of.is_full


def test_name_servers_of_a_resolv_conf():
    text = (
        "# nameserver 192.0.2.9\n; comment\nsearch a b\nnameserver 192.0.2.1\n  nameserver\t2001:db8::1 # why\n"
        "nameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver\nnameserver name\noptions ndots:5\n"
    )
    assert nameservers(text) == (A, Upstream("2001:db8::1"), Upstream("fe80::1%eth0"))
    assert nameservers("") == ()


@pytest.mark.parametrize(
    ("query", "tail"),
    [
        (
            Query(1, (b"Web", b"org"), 28, 1, recursion_desired=True),
            "0100 0001 0000 0000 0000 03576562036f726700001c0001",
        ),
        (Query(1, (), 2, 3, checking_disabled=True), "0010 0001 0000 0000 0000 0000020003"),
        (Query(1, (), 2, opcode=4), "2000 0001 0000 0000 0000 0000020001"),
        (
            Query(1, (), 2, edns=Edns(4096, flags=0xFFFF, options=((10, b"cookie12"),))),
            "0000 0001 0000 0000 0001 0000020001 00002904d0000080000000",
        ),
    ],
)
def test_what_is_sent_on_is_the_question_and_nothing_that_identifies_the_client(query, tail):
    assert build(query, 0xABCD).hex() == "abcd" + tail.replace(" ", "")


def test_the_answer_to_what_is_sent_on_is_recognised():
    query = Query(1, (b"web", b"org"), 1)
    packet = bytearray(build(query, 7))
    packet[2] |= 0x80
    header = parse_header(bytes(packet))
    assert header.answers(query, 7)
    assert not header.answers(query, 8)
