"""One epoll of our own below the event loop, for all sockets that carry Services' bytes.

Why not the loop's own readers, transports or streams? Measured, with asyncio and with uvloop:

* The loop watches descriptors level-triggered: each change of interest is a system call and a callback object. Here
  each socket is registered once, edge-triggered, for all that is read, and once more when it first takes no more; its
  handler remembers what it was told. That is most of the difference in connections a second.
* A paused transport hears nothing: neither loop sees a reset while reading is paused. An edge is reported regardless.
* Transports copy every buffer. Here one receive buffer serves all connections of the loop: what the other side takes
  at once is never copied, and an idle connection holds none.

The loop watches our epoll's own descriptor, level-triggered: as long as events are left, it calls again. So the
reactor lives beside DNS, watching and health in one ordinary loop, and takes a few batches of events a call, no more.

Rules that handlers rely on:

1. An event is a hint. A handler acts on what `recv`, `send`, `accept` and `SO_ERROR` say.
2. Nobody works longer than a slice: one full buffer a direction, a few accepts. Who has more to do asks `soon()` for
   another slice, in a line that is served for a moment after each batch of events: bulk never starves small requests.
3. `discard()` closes a socket when the batch is over. So no descriptor's number is used again while events of the
   same batch are left, and none of them can reach a stranger.
4. An exception in a handler is a bug: it is logged, and `abort()` ends that handler's connection only.
5. `now` is read once a batch, from the monotonic clock. One heap keeps all deadlines, for which the loop has one timer.
"""

import asyncio
import logging
import math
import mmap
import select
import time
import typing
from collections import OrderedDict

from .connections import Connections
from .datagrams import Datagrams
from .descriptors import RETRY_SECONDS, Descriptors, fd_budget
from .handlers import Abortable, Closable, EventHandler, TimerOwner, Worker
from .tcpsocket import Socket
from .timers import Lane, Timer, TimerHeap

log = logging.getLogger(__name__)

# Measured: a call costs what copying 55 KiB does. Beyond this size little is left to gain, and caches are exceeded.
RECEIVE_BUFFER_BYTES = 512 * 1024
BATCHES_PER_TURN = 4  # then others in the loop have their turn; with more, batches would be smaller
EVENTS_PER_BATCH = 256  # a batch's own cost vanishes among so many, and they take some milliseconds at most
SLICES_PER_BATCH = 64  # at most, when they are short, as the last read of a connection is
SLICES_SECONDS = 0.0001  # no further slice after that: one of 512 KiB; small requests wait as long beside bulk streams
SETTLED_SECONDS = 1.0  # most connections are over before
SHORTEST_ALARM_SECONDS = 0.001  # loops count whole milliseconds

# Aligned, since the kernel copies faster to where a page begins; present, so that no relay pays for the first bytes.
_PAGES = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE

READ_STREAM_EVENTS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLPRI | select.EPOLLET
STREAM_EVENTS = READ_STREAM_EVENTS | select.EPOLLOUT
READ_EVENTS = select.EPOLLIN | select.EPOLLET


class Resources(typing.NamedTuple):
    """What the connections and flows of one loop hold now."""

    descriptors: int  # with those of the listeners
    descriptor_budget: int  # how many there may be
    timers: int  # deadlines


class Young(Lane[TimerOwner]):
    """Those who are not settled yet are called in SETTLED_SECONDS, unless they leave; they share one timer."""

    def __init__(self, reactor: "Reactor") -> None:
        super().__init__(SETTLED_SECONDS)
        self._reactor = reactor
        self._is_timed = False

    @property
    def deadlines(self) -> int:
        """How many there are beyond that timer."""
        return len(self) - self._is_timed

    def enter(self, owner: TimerOwner, now: float) -> None:
        """Call `owner.on_timer()` then: for far less than a timer of its own."""
        self._deadlines[owner] = now + SETTLED_SECONDS
        if not self._is_timed:
            self._is_timed = True
            self._reactor.start_timer(self, SETTLED_SECONDS)

    def on_timer(self) -> None:
        """The first may be due; whoever came since will be later."""
        for owner in self.pop_due(self._reactor.now):
            self._reactor.attempt(owner.on_timer, owner)
        self._is_timed = len(self) > 0
        if self._is_timed:
            self._reactor.start_timer(self, self.next_due() - self._reactor.now)

    def abort(self) -> None:
        """Nothing here belongs to a connection."""


class Reactor:
    """Watches sockets for one event loop, in the loop's thread, and holds what they all share."""

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptors: Descriptors | None = None) -> None:
        self.buffer = memoryview(mmap.mmap(-1, RECEIVE_BUFFER_BYTES, _PAGES))  # for whoever is called, until it returns
        self.now = time.monotonic()
        self.descriptors = Descriptors(fd_budget()) if descriptors is None else descriptors
        self.connections = Connections()
        self._datagrams: dict[int, Datagrams] = {}
        self._loop = loop
        self._epoll = select.epoll()
        self._handlers: dict[int, EventHandler] = {}
        self._ready: OrderedDict[Worker, None] = OrderedDict()  # a queue without duplicates
        self._doomed: list[Closable] = []
        self._timers: TimerHeap[TimerOwner] = TimerHeap()
        self.young = Young(self)
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf
        self._is_turn_due = False
        self._is_closed = False
        loop.add_reader(self._epoll.fileno(), self._turn)

    @property
    def resources(self) -> Resources:
        """What is held now."""
        return Resources(self.descriptors.held, self.descriptors.budget, len(self._timers) + self.young.deadlines)

    def watch(self, sock: Socket, handler: EventHandler, events: int = STREAM_EVENTS) -> None:
        """Tell `handler` of the socket's events; what the socket is ready for already is told next turn."""
        descriptor = sock.fileno()
        self._handlers[descriptor] = handler
        self._epoll.register(descriptor, events)

    def take_over(self, sock: Socket, handler: EventHandler) -> None:
        """As `watch`, but for room; where somebody else was told so far, what he was told is for him to pass on."""
        descriptor = sock.fileno()
        if descriptor not in self._handlers:
            self._epoll.register(descriptor, READ_STREAM_EVENTS)
        self._handlers[descriptor] = handler

    def watch_for_room(self, sock: Socket) -> None:
        """From now on tell its handler also when the socket takes more bytes; also if it does so already."""
        self._epoll.modify(sock.fileno(), STREAM_EVENTS)

    def discard(self, sock: Socket, holder: Closable | None = None) -> None:
        """Tell nobody of the socket any more, and close it, or the holder who does so, after this batch (rule 3)."""
        self._handlers.pop(sock.fileno(), None)
        self._doomed.append(sock if holder is None else holder)
        if not self._is_turn_due:
            self._want_turn()

    def discard_shared(self, sock: Socket) -> None:
        """As `discard`, for a socket that another process may hold, too: closing it would not end its events."""
        self._epoll.unregister(sock.fileno())
        self.discard(sock)

    def datagrams(self, family: int) -> Datagrams:
        """Room for a batch of datagrams, for whoever of that family is called, until it returns."""
        made = self._datagrams.get(family)
        if made is None:
            made = self._datagrams[family] = Datagrams(family)
        return made

    def soon(self, worker: Worker) -> None:
        """Call `worker.proceed()` when everybody else had a slice; once, however often this is asked for."""
        self._ready[worker] = None
        self._want_turn()

    def start_timer(self, owner: TimerOwner, seconds: float) -> Timer[TimerOwner]:
        """Call `owner.on_timer()` in that many seconds, unless the timer is moved or cancelled."""
        timer = self._timers.start(owner, time.monotonic() + seconds)
        self._set_alarm()
        return timer

    def move_timer(self, timer: Timer[TimerOwner], deadline: float) -> None:
        """Give the timer another deadline, in `now`'s seconds."""
        self._timers.move(timer, deadline)
        self._set_alarm()

    def cancel_timer(self, timer: Timer[TimerOwner]) -> None:
        """The timer never fires."""
        self._timers.cancel(timer)

    def attempt(self, call: typing.Callable[[], None], handler: Abortable) -> None:
        """Make a call on behalf of `handler`, whose failure is none of the caller's (rule 4)."""
        try:
            call()
        except Exception:  # rule 4
            self._fail(handler)

    def pause_accepting(self) -> bool:
        """The kernel has no descriptors or memory left: nobody takes any for a moment. `True` when this is news."""
        if not self.descriptors.exhaust():
            return False
        self.start_timer(self.descriptors, RETRY_SECONDS)
        return True

    def close(self) -> None:
        """Reset all connections that are left, close all sockets, and leave the loop; a second call does nothing."""
        if self._is_closed:
            return
        for handler in tuple(self._handlers.values()):
            self.attempt(handler.abort, handler)
        self._is_closed = True
        self._close_doomed()
        if self._alarm is not None:
            self._alarm.cancel()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _turn(self) -> None:
        """A few batches of events, as long as there are any: the loop's own way round costs as much as a batch."""
        self._is_turn_due = True  # whoever wants another turn during this one gets it below
        for _ in range(BATCHES_PER_TURN):
            if self._is_closed or not self._batch():
                break
        self._is_turn_due = False
        if self._ready:
            self._want_turn()
        self._set_alarm()

    def _batch(self) -> bool:
        """One batch of events, then slices for those who asked for them; `False` when there were none of either."""
        self.now = time.monotonic()
        if self._timers.next_due() <= self.now:
            for owner in self._timers.pop_due(self.now):
                self.attempt(owner.on_timer, owner)
        events = self._epoll.poll(0, EVENTS_PER_BATCH)
        has_work = bool(events or self._ready)
        self._dispatch(events)
        if self._ready:
            self._serve_ready()
        if self._doomed:
            self._close_doomed()
        return has_work

    def _dispatch(self, events: list[tuple[int, int]]) -> None:
        handlers = self._handlers
        for descriptor, event in events:
            try:
                handler = handlers[descriptor]
            except KeyError:  # it was discarded in this batch
                continue
            try:
                handler.on_events(event)
            except Exception:  # rule 4
                self._fail(handler)

    def _serve_ready(self) -> None:
        until = time.monotonic() + SLICES_SECONDS
        for _ in range(min(len(self._ready), SLICES_PER_BATCH)):
            worker, _ = self._ready.popitem(last=False)
            try:
                worker.proceed()
            except Exception:  # rule 4
                self._fail(worker)
            if time.monotonic() > until:
                break

    def _fail(self, handler: Abortable) -> None:
        log.exception("a connection's handler failed")
        try:
            handler.abort()
        except Exception:  # rule 4, for the remedy itself
            log.exception("a failed connection could not be closed")

    def _close_doomed(self) -> None:
        doomed, self._doomed = self._doomed, []
        for each in doomed:
            each.close()

    def _want_turn(self) -> None:
        """Have the loop call `_turn` without an event; within a turn, the turn itself sees to it."""
        if not self._is_turn_due and not self._is_closed:
            self._is_turn_due = True
            self._loop.call_soon(self._turn)

    def _set_alarm(self) -> None:
        """Have the loop call `_turn` at the next deadline, unless it will be called before."""
        due = self._timers.next_due()
        if due >= self._alarm_at or self._is_closed:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = due
        delay = max(due - time.monotonic(), SHORTEST_ALARM_SECONDS)
        self._alarm = self._loop.call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        self._alarm_at = math.inf
        self._turn()
