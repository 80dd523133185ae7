"""Slices, deadlines and faults, as the reactor promises them to its handlers."""

import math
import socket
import time

import pytest

from proxy.reactor import READ_EVENTS, SLICES_PER_BATCH


class Recorder:
    """Any kind of handler."""

    def __init__(self, on_call=lambda: None):
        self.on_call = on_call
        self.calls = []
        self.aborted = 0

    def on_events(self, events):
        self.calls.append(events)
        self.on_call()

    def proceed(self):
        self.calls.append("slice")
        self.on_call()

    def on_timer(self):
        self.calls.append(time.monotonic())
        self.on_call()

    def abort(self):
        self.aborted += 1


def watched(lab, handler):
    """The other end of a socket that the handler watches."""
    near, far = socket.socketpair()
    lab.owned(near)
    lab.call(lab.reactor.watch, near, handler, READ_EVENTS)
    return lab.owned(far)


def wait_for(lab, recorder, number=1):
    deadline = time.monotonic() + 10
    while len(recorder.calls) < number:
        lab.settle()
        assert time.monotonic() < deadline, "it was never called"


def test_an_event_waits_for_few_slices_however_many_are_asked_for(relay_lab):
    reactor = relay_lab.reactor
    endless = [Recorder() for _ in range(100)]
    for each in endless:
        each.on_call = lambda each=each: reactor.soon(each)
    seen = []
    handler = Recorder(lambda: seen.append(slices()))
    far = watched(relay_lab, handler)

    def slices():
        return sum(len(each.calls) for each in endless)

    def begin():
        for each in endless:
            reactor.soon(each)

    def send():
        seen.append(slices())
        far.send(b"x")

    relay_lab.call(begin)
    relay_lab.settle()
    relay_lab.call(send)
    wait_for(relay_lab, handler)
    for each in endless:
        each.on_call = lambda: None
    assert seen[1] - seen[0] <= 2 * SLICES_PER_BATCH


def test_who_asks_twice_gets_one_slice(relay_lab):
    worker = Recorder()

    def ask_twice():
        relay_lab.reactor.soon(worker)
        relay_lab.reactor.soon(worker)

    relay_lab.call(ask_twice)
    relay_lab.settle()
    assert worker.calls == ["slice"]


@pytest.mark.parametrize("kind", ["event", "slice", "deadline"])
def test_a_fault_is_logged_and_ends_its_handler_only(relay_lab, caplog, kind):
    def fail():
        raise RuntimeError("a bug")

    faulty, sound = Recorder(fail), Recorder()
    match kind:
        case "event":
            watched(relay_lab, faulty).send(b"x")
        case "slice":
            relay_lab.call(relay_lab.reactor.soon, faulty)
        case "deadline":
            relay_lab.call(relay_lab.reactor.start_timer, faulty, 0.0)
    wait_for(relay_lab, faulty)
    watched(relay_lab, sound).send(b"x")
    wait_for(relay_lab, sound)
    assert faulty.aborted == 1
    assert [str(each.exc_info[1]) for each in caplog.records] == ["a bug"]
    caplog.clear()


def test_a_remedy_that_fails_too_is_logged(relay_lab, caplog):
    def fail():
        raise RuntimeError("a bug")

    faulty = Recorder(fail)
    faulty.abort = fail
    relay_lab.call(relay_lab.reactor.soon, faulty)
    wait_for(relay_lab, faulty)
    relay_lab.settle()
    assert len(caplog.records) == 2
    caplog.clear()


def test_deadlines_come_in_time_and_may_be_moved_or_cancelled(relay_lab):
    reactor = relay_lab.reactor
    early, late, cancelled, never = Recorder(), Recorder(), Recorder(), Recorder()

    def start():
        started = time.monotonic()
        reactor.cancel_timer(reactor.start_timer(cancelled, 0.01))
        reactor.move_timer(reactor.start_timer(late, 0.01), started + 0.1)
        reactor.move_timer(reactor.start_timer(early, 60.0), started + 0.05)
        reactor.move_timer(reactor.start_timer(never, 0.02), math.inf)
        return started

    started = relay_lab.call(start)
    wait_for(relay_lab, late)
    assert early.calls[0] - started >= 0.05
    assert late.calls[0] - started >= 0.1
    assert early.calls[0] < late.calls[0]
    assert (cancelled.calls, never.calls) == ([], [])


def test_a_discarded_socket_is_told_of_nothing_and_closed(relay_lab):
    handler = Recorder()
    near, far = socket.socketpair()
    relay_lab.owned(far)

    def discard():
        relay_lab.reactor.watch(near, handler, READ_EVENTS)
        far.send(b"x")
        relay_lab.reactor.discard(near)

    relay_lab.call(discard)
    relay_lab.settle()
    assert (handler.calls, near.fileno()) == ([], -1)


def test_closing_aborts_every_handler_once(relay_lab):
    handler = Recorder()
    watched(relay_lab, handler)
    relay_lab.call(relay_lab.reactor.close)
    relay_lab.call(relay_lab.reactor.close)
    assert handler.aborted == 1
