import math

import pytest

from proxy.flows import FlowSettings, FlowTable
from proxy.model import Endpoint

ONE, TWO = Endpoint("10.244.0.1", 53), Endpoint("10.244.0.2", 53)
ALICE, BOB, CAROL = ("10.0.0.1", 1000), ("10.0.0.2", 1000), ("10.0.0.3", 1000)
SETTINGS = FlowSettings(idle_seconds=30, stream_idle_seconds=120, most=2)


@pytest.fixture
def table():
    return FlowTable(SETTINGS)


def test_a_client_keeps_its_flow(table):
    flow = table.add(ALICE, ONE, "link", 0.0)
    assert table.find(ALICE) is flow
    assert table.find(BOB) is None
    assert (flow.endpoint, flow.link, len(table)) == (ONE, "link", 1)


def test_a_flow_without_an_answer_expires_after_its_idle_time(table):
    flow = table.add(ALICE, ONE, None, 0.0)
    assert table.next_expiry() == 30.0
    assert table.expire(29.9) == []
    assert table.expire(30.0) == [flow]
    assert table.find(ALICE) is None
    assert table.next_expiry() == math.inf


def test_every_datagram_puts_the_expiry_off(table):
    flow = table.add(ALICE, ONE, None, 0.0)
    table.touch(flow, 20.0)
    assert table.expire(40.0) == []
    assert table.expire(50.0) == [flow]


@pytest.mark.parametrize(
    ("is_answered", "last", "seconds"),
    [(False, 10.0, 30), (True, 1.9, 30), (True, 2.0, 120), (True, 10.0, 120)],
    ids=["never answered", "answered and over at once", "answered for two seconds", "answered for long"],
)
def test_a_flow_that_is_answered_for_two_seconds_is_a_stream(table, is_answered, last, seconds):
    flow = table.add(ALICE, ONE, None, 0.0)
    flow.is_answered = is_answered
    table.touch(flow, last)
    assert table.next_expiry() == last + seconds
    assert table.expire(last + seconds - 0.1) == []
    assert table.expire(last + seconds) == [flow]


def test_a_stream_stays_one(table):
    flow = table.add(ALICE, ONE, None, 0.0)
    flow.is_answered = True
    table.touch(flow, 5.0)
    table.touch(flow, 6.0)
    assert table.next_expiry() == 126.0


def test_the_flow_that_is_idle_longest_makes_room(table):
    first = table.add(ALICE, ONE, None, 0.0)
    second = table.add(BOB, ONE, None, 1.0)
    table.touch(first, 2.0)
    assert table.is_full
    assert table.evict() is second
    assert not table.is_full
    assert table.evict() is first
    assert table.evict() is None


def test_a_stream_that_is_idle_longer_makes_room_before_a_fresh_flow(table):
    stream = table.add(ALICE, ONE, None, 0.0)
    stream.is_answered = True
    table.touch(stream, 5.0)
    table.add(BOB, ONE, None, 6.0)
    assert table.evict() is stream


def test_flows_to_other_endpoints_are_cut(table):
    gone = table.add(ALICE, ONE, None, 0.0)
    kept = table.add(BOB, TWO, None, 0.0)
    assert table.retain({TWO}) == [gone]
    assert (table.find(ALICE), table.find(BOB)) == (None, kept)
    assert table.clear() == [kept]
    assert len(table) == 0


def test_a_removed_flow_may_begin_anew(table):
    table.remove(table.add(ALICE, ONE, None, 0.0))
    assert table.add(ALICE, TWO, None, 1.0).endpoint == TWO


def test_a_client_has_one_flow_and_a_full_table_takes_none(table):
    table.add(ALICE, ONE, None, 0.0)
    with pytest.raises(AssertionError, match="one flow"):
        table.add(ALICE, ONE, None, 0.0)
    table.add(BOB, ONE, None, 0.0)
    with pytest.raises(AssertionError, match="room"):
        table.add(CAROL, ONE, None, 0.0)


def test_the_default_idle_times_are_the_kernels():
    assert (FlowSettings().idle_seconds, FlowSettings().stream_idle_seconds) == (30, 120)
