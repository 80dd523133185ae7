"""Which endpoints are dialled, how long, and what the client sees meanwhile and afterwards."""

import os

import pytest

from proxy.counters import DialOutcome
from proxy.model import Endpoint


def failures_of(lab, endpoint):
    return dict(lab.counters.service(lab.service).endpoint(endpoint).dial_failures)


def assert_echoes(client, text=b"hello"):
    client.sendall(text)
    assert client.recv(100) == text


def assert_resets(lab, listener):
    with pytest.raises(ConnectionResetError):
        lab.client(listener).recv(1)


def test_the_next_endpoint_is_tried_when_one_refuses(relay_lab):
    closed, echo = relay_lab.closed_port(), relay_lab.echo()
    listener = relay_lab.serve(closed, echo)
    for _ in range(4):
        assert_echoes(relay_lab.client(listener))
    assert set(relay_lab.chooser.failed) == {closed}
    assert failures_of(relay_lab, closed) == {DialOutcome.REFUSED: len(relay_lab.chooser.failed)}
    assert failures_of(relay_lab, echo) == {}


def test_the_client_is_reset_after_four_dials(relay_lab):
    closed = [relay_lab.closed_port() for _ in range(6)]
    assert_resets(relay_lab, relay_lab.serve(*closed))
    assert len(relay_lab.chooser.failed) == len(set(relay_lab.chooser.failed)) == 4
    counters = relay_lab.counters.service(relay_lab.service)
    assert (counters.accepted, counters.closed, counters.unserved) == (1, 1, 1)


def test_the_client_is_reset_when_all_have_refused(relay_lab):
    closed = [relay_lab.closed_port() for _ in range(2)]
    assert_resets(relay_lab, relay_lab.serve(*closed))
    assert sorted(relay_lab.chooser.failed) == sorted(closed)


def test_one_attempt_is_what_the_kernel_modes_make(relay_lab):
    assert_resets(relay_lab, relay_lab.serve(relay_lab.closed_port(), relay_lab.echo(), dial_attempts=1))
    assert len(relay_lab.chooser.failed) == 1


def test_a_client_without_an_endpoint_is_reset(relay_lab):
    assert_resets(relay_lab, relay_lab.serve())


def test_a_black_hole_costs_its_time_out_and_then_the_next_endpoint_is_tried(relay_lab):
    hole = relay_lab.endpoint(relay_lab.black_hole())
    listener = relay_lab.serve(hole, relay_lab.echo(), dial_timeouts=(0.1,))
    for _ in range(2):
        assert_echoes(relay_lab.client(listener))
    assert failures_of(relay_lab, hole) == {DialOutcome.TIMED_OUT: 2}


def test_a_lone_black_hole_is_tried_again_for_a_lost_packet_is_no_refusal(relay_lab):
    hole = relay_lab.endpoint(relay_lab.black_hole())
    assert_resets(relay_lab, relay_lab.serve(hole, dial_timeouts=(0.01, 0.02, 0.03, 0.04)))
    assert failures_of(relay_lab, hole) == {DialOutcome.TIMED_OUT: 4}


def test_a_dial_that_hangs_holds_up_nobody_else(relay_lab):
    hanging = relay_lab.serve(relay_lab.endpoint(relay_lab.black_hole()), dial_timeouts=(60.0,))
    waiting = [relay_lab.client(hanging) for _ in range(20)]
    listener = relay_lab.serve(relay_lab.echo())
    for _ in range(20):
        assert_echoes(relay_lab.client(listener))
    assert len(waiting) + 20 == relay_lab.counters.service(relay_lab.service).accepted


@pytest.mark.parametrize("address", ["255.255.255.255", "fe80::1"])
def test_an_endpoint_that_cannot_be_reached_counts_as_unreachable(relay_lab, address):
    endpoint = Endpoint(address, 80)
    assert_resets(relay_lab, relay_lab.serve(endpoint))
    assert failures_of(relay_lab, endpoint) == {DialOutcome.UNREACHABLE: 1}


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_clients_that_vanish_before_the_dial_ends_leave_nothing_and_disturb_nobody(relay_lab, relay_reset):
    vanishing = relay_lab.serve(relay_lab.endpoint(relay_lab.black_hole()), dial_timeouts=(60.0,))
    listener = relay_lab.serve(relay_lab.echo())
    assert_echoes(relay_lab.client(listener))
    held, opened = relay_lab.held(), open_descriptors()
    port = vanishing.frontend.key.port
    for number in range(2000):
        client = relay_lab.connect(port)
        client.sendall(b"foreign bytes")
        relay_reset(client)
        if number % 10 == 0:
            neighbour = relay_lab.client(listener)
            assert_echoes(neighbour, b"number %d" % number)
            neighbour.close()
    relay_lab.settle()
    counters = relay_lab.counters.service(relay_lab.service)
    assert counters.accepted == 2201
    assert counters.unserved == 2000
    relay_lab.wait(lambda: relay_lab.held() == held)  # the backend answers the last neighbour's end in its own time
    relay_lab.wait(lambda: open_descriptors() <= opened)
