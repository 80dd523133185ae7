import pytest

from proxy.counters import Counters, DialOutcome
from proxy.descriptors import Descriptors
from proxy.model import Endpoint, Protocol, ServicePortName
from proxy.relaysettings import RelaySettings
from proxy.throttle import Throttle

WEB = ServicePortName("default", "web", "", Protocol.TCP)
API = ServicePortName("default", "api", "", Protocol.TCP)
ONE, TWO = Endpoint("10.244.0.1", 80), Endpoint("10.244.0.2", 80)


def test_a_service_sums_what_its_endpoints_counted():
    service = Counters().service(WEB)
    service.endpoint(ONE).opened += 2
    service.endpoint(ONE).from_clients.bytes += 10
    service.endpoint(TWO).opened += 1
    service.endpoint(TWO).to_clients.bytes += 5
    service.endpoint(TWO).dial_failures[DialOutcome.REFUSED] += 3
    total = service.total()
    assert (total.opened, total.from_clients.bytes, total.to_clients.bytes) == (3, 10, 5)
    assert total.dial_failures == {DialOutcome.REFUSED: 3}


def test_entries_vanish_with_their_service():
    counters = Counters()
    counters.service(WEB)
    counters.service(API)
    counters.retain({API: ()})
    assert list(counters.services) == [API]


def test_what_a_vanished_endpoint_counted_stays_in_the_sum():
    counters = Counters()
    leaving = counters.service(WEB).endpoint(ONE)
    leaving.opened, leaving.open = 5, 1
    counters.retain({WEB: {TWO}})
    assert list(counters.service(WEB).endpoints) == []
    leaving.from_clients.bytes += 7  # its connection goes on
    assert counters.service(WEB).total().from_clients.bytes == 7
    assert counters.service(WEB).total().opened == 5


def test_endpoints_that_come_and_go_leave_a_bounded_number_of_entries():
    service = Counters().service(WEB)
    for number in range(1000):
        service.endpoint(Endpoint("10.244.0.1", 1 + number)).opened += 1
        service.retain(())
    assert service.total().opened == 1000
    assert len(service._retired) <= 2


def test_active_connections_are_those_that_are_not_closed():
    service = Counters().service(WEB)
    service.accepted, service.closed = 7, 3
    assert service.active == 4


def test_a_throttle_lets_one_event_through_and_counts_the_others():
    throttle = Throttle(10.0)
    assert [throttle.admit(now) for now in (0.0, 1.0, 9.9, 10.0, 10.1, 30.0)] == [0, None, None, 2, None, 1]


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 0.25), (1, 0.5), (2, 1.0), (3, 2.0), (4, 2.0), (9, 2.0)])
def test_dials_time_out_as_those_of_the_userspace_proxier(attempt, seconds):
    assert RelaySettings().dial_timeout(attempt) == seconds


class Waiting:
    def __init__(self):
        self.resumed = 0

    def resume(self):
        self.resumed += 1


def test_descriptors_are_not_given_beyond_the_budget():
    descriptors = Descriptors(3)
    assert descriptors.take(2)
    assert not descriptors.take(2)
    assert descriptors.take(1)
    assert descriptors.held == 3


def test_descriptors_that_exist_already_count_beyond_the_budget():
    descriptors = Descriptors(1)
    descriptors.hold(2)
    assert not descriptors.take(1)


def test_whoever_waits_longest_is_told_of_a_descriptor_given_back():
    descriptors, first, second = Descriptors(2), Waiting(), Waiting()
    descriptors.take(2)
    assert descriptors.wait(first)
    assert not descriptors.wait(second)
    descriptors.give(2)
    assert (first.resumed, second.resumed) == (1, 0)


def test_whoever_asks_twice_stands_in_line_once():
    descriptors, waiting = Descriptors(2), Waiting()
    descriptors.take(2)
    assert [descriptors.wait(waiting), descriptors.wait(waiting)] == [True, False]
    descriptors.give(1)
    descriptors.give(1)
    assert waiting.resumed == 1


def test_who_left_the_line_is_not_told():
    descriptors, first, second = Descriptors(2), Waiting(), Waiting()
    descriptors.take(2)
    descriptors.wait(first)
    descriptors.wait(second)
    descriptors.leave(first)
    descriptors.leave(first)
    descriptors.give(2)
    assert (first.resumed, second.resumed) == (0, 1)


def test_when_the_kernel_has_none_nobody_takes_any_until_it_is_tried_again():
    descriptors, waiting = Descriptors(10), Waiting()
    descriptors.take(2)
    assert descriptors.exhaust()
    assert not descriptors.exhaust()
    assert not descriptors.take(1)
    descriptors.wait(waiting)
    descriptors.give(2)
    assert waiting.resumed == 0
    descriptors.recover()
    assert waiting.resumed == 1
    assert descriptors.take(1)
