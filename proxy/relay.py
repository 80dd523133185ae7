"""One client joined to one endpoint: two sockets, two directions that know nothing of each other.

`side` moves the bytes. Here is how a connection ends, and how one side's end is passed on to the other:

* FIN: when all that came before it is sent, the other side's sending is shut down. The other direction goes on. When
  both are through, both sockets are closed. From the first FIN on, silence is bounded by `half_close_seconds`.
* Reset (or any other way to lose a side): all that the lost side had sent still goes to the other one, which is reset
  once its kernel has acknowledged every byte, because a reset throws away what is on its way. That is bounded by
  `half_close_seconds` without progress, too.
* Idleness, the end of a grace period, and a bug of ours reset both sides at once.
"""

import math

from .handlers import TimerOwner
from .line import Line
from .model import Endpoint, Frontend
from .reactor import SETTLED_SECONDS
from .side import Side
from .tcpsocket import Socket, keep_alive, reset_on_close, unacknowledged_bytes
from .timers import Timer

# How often the kernel is asked whether a side that will be reset has everything: it does not tell of its own accord.
FIRST_CHECK_SECONDS = 0.001
LAST_CHECK_SECONDS = 0.25


class Relay:
    """A connection from the moment that its endpoint took it; `connections` and `chooser` hear when it is over."""

    __slots__ = (
        "_client",
        "_endpoint",
        "_endpoint_counters",
        "_is_closed",
        "_is_settled",
        "_line",
        "_reset",
        "_service_counters",
        "_timer",
        "_upstream",
        "active_at",
        "frontend",
        "reactor",
    )

    def __init__(
        self,
        line: Line,
        frontend: Frontend,
        endpoint: Endpoint,
        client: Socket,
        upstream: Socket,
    ) -> None:
        self.reactor = reactor = line.reactor
        self.frontend = frontend
        self.active_at = reactor.now
        self._line = line
        self._endpoint = endpoint
        self._service_counters = line.counters.service(frontend.service)
        self._endpoint_counters = self._service_counters.endpoint(endpoint)
        self._client = Side(self, client, self._endpoint_counters.from_clients)
        self._upstream = Side(self, upstream, self._endpoint_counters.to_clients)
        self._client.peer, self._upstream.peer = self._upstream, self._client
        self._timer: Timer[TimerOwner] | None = None
        self._reset: _Reset | None = None
        self._is_closed = False
        self._is_settled = False

    def start(self, timer: Timer[TimerOwner] | None, client_events: int, upstream_events: int) -> None:
        """Take over a dial's timer, if it had one, and its sockets, with the events that they had so far."""
        if timer is None:
            self.reactor.young.enter(self, self.reactor.now)
        else:
            timer.owner = self
            self._timer = timer
        self._endpoint_counters.opened += 1
        self._endpoint_counters.open += 1
        self._line.chooser.opened(self.frontend, self._endpoint)
        self.reactor.take_over(self._client.sock, self._client)
        self.reactor.take_over(self._upstream.sock, self._upstream)
        if client_events:
            self._client.on_events(client_events)
        if upstream_events and not self._is_closed:
            self._upstream.on_events(upstream_events)

    def pass_on_end(self, side: Side) -> None:
        """All that `side` had sent is with its peer: now the peer learns how it ended."""
        if side.is_lost:
            self._reset_when_acknowledged(side.peer)
        elif side.is_shut:
            self._finish()  # closing says FIN to the peer
        else:
            side.peer.shut_down()
            self._limit_silence()

    def on_end(self, side: Side) -> None:  # noqa: ARG002 - it does not matter whose end it is
        """The end has begun; what is kept for the peer goes first."""
        self._limit_silence()

    def on_loss(self, side: Side) -> None:
        """`side` is lost; what it had sent may still be on its way to its peer."""
        if side.peer.is_lost:
            self.abort()
        elif side.has_ended and side.peer.kept is None:
            self._reset_when_acknowledged(side.peer)
        else:
            self._limit_silence()

    def on_timer(self) -> None:
        """A deadline is over: that of the side being reset, or the one for silence, which may have moved on since."""
        if not self._is_settled:
            self._is_settled = True  # it is worth the calls that have its endpoint watched for vanishing
            self.reactor.young.leave(self)
            keep_alive(self._upstream.sock, self._line.settings)
        if self._reset is not None:
            self._check(self._reset)
        elif self.reactor.now >= self._silent_until():
            self.abort()
        else:
            self._look_again(self._silent_until())

    def abort(self) -> None:
        """Reset both sides at once."""
        if self._is_closed:
            return
        self._endpoint_counters.resets += 1
        reset_on_close(self._client.sock)
        reset_on_close(self._upstream.sock)
        self._finish()

    def _limit_silence(self) -> None:
        """From now on the shorter bound holds, and this counts as a sign of life."""
        self.active_at = self.reactor.now
        # Most connections are over before they settle, until when they are looked at every second anyway.
        if self._timer is not None or self._is_settled or self._line.settings.half_close_seconds < SETTLED_SECONDS:
            self._look_again(self._silent_until())

    def _look_again(self, deadline: float) -> None:
        """Have `on_timer` called then, or before; who is not settled yet is called soon enough for most deadlines."""
        if self._timer is not None:
            self.reactor.move_timer(self._timer, deadline)
        elif self._is_settled or deadline < self.reactor.now + SETTLED_SECONDS:
            self._timer = self.reactor.start_timer(self, deadline - self.reactor.now)

    def _silent_until(self) -> float:
        client, upstream = self._client, self._upstream
        is_ending = client.has_ended or upstream.has_ended or client.is_lost or upstream.is_lost
        seconds = self._line.settings.half_close_seconds if is_ending else self._line.settings.idle_seconds
        return self.active_at + (seconds or math.inf)

    def _reset_when_acknowledged(self, side: Side) -> None:
        if self._reset is None and not self._is_closed:
            self._reset = _Reset(side)
            self._check(self._reset)

    def _check(self, reset: "_Reset") -> None:
        unacknowledged = unacknowledged_bytes(reset.side.sock)
        if unacknowledged < reset.unacknowledged:
            self.active_at = self.reactor.now
        reset.unacknowledged = unacknowledged
        if not unacknowledged or self.reactor.now >= self._silent_until():
            self.abort()
            return
        self._look_again(self.reactor.now + reset.check_seconds)
        reset.check_seconds = min(reset.check_seconds * 2, LAST_CHECK_SECONDS)

    def _finish(self) -> None:
        self._is_closed = True
        if self._timer is not None:
            self.reactor.cancel_timer(self._timer)
        if not self._is_settled:
            self.reactor.young.leave(self)
        for side in (self._client, self._upstream):
            side.leave()
        self._endpoint_counters.open -= 1
        self._service_counters.closed += 1
        self._line.chooser.closed(self.frontend, self._endpoint)
        self.reactor.connections.remove(self)
        self.reactor.descriptors.give(2)


class _Reset:
    """A reset that waits until the side has acknowledged everything."""

    __slots__ = ("check_seconds", "side", "unacknowledged")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.unacknowledged: float = math.inf  # bytes, at the last check
        self.check_seconds = FIRST_CHECK_SECONDS  # until the next check
