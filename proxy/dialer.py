"""One client that waits for an endpoint: dial after dial, until one is taken or none is left.

Nothing is read from the client meanwhile: its early bytes wait in the kernel, in order, and count against the client's
window. Its FIN is not taken for a farewell, since a client may send all it has, shut down and wait for the answer
(HAProxy's `option abortonclose` is off by default for that reason); its reset ends the dial.

Where an endpoint is on this host, as most are, the handshake is over when `connect` returns: then the two sockets are
joined at once, and neither a deadline nor a place among those who wait is needed.
"""

import errno
import logging
import os
import select
import socket

from .accesslog import logged_or_not, tell_unserved
from .counters import DialOutcome, PauseReason, UnservedReason
from .handlers import TimerOwner
from .line import Line
from .model import Endpoint, Frontend
from .outcomes import OURS, OUTCOMES, known_errno
from .relay import Relay
from .tcpsocket import Socket, is_joined_to_itself, reset_on_close, upstream_socket
from .timers import Timer

_EINPROGRESS = errno.EINPROGRESS

log = logging.getLogger(__name__)


class Dial:
    """A client from the moment that it was accepted until an endpoint takes it; then a `Relay` stands for it.

    The caller has taken two descriptors from the budget, which are given back when the connection is over.
    """

    __slots__ = (
        "_address",
        "_attempt",
        "_client",
        "_client_events",
        "_endpoint",
        "_is_over",
        "_is_waiting",
        "_line",
        "_outcome",
        "_timer",
        "_tried",
        "_upstream",
        "frontend",
    )

    def __init__(self, line: Line, frontend: Frontend, client: Socket, address: str) -> None:
        self.frontend = frontend
        self._line = line
        self._client = client
        self._address = address  # the client's
        self._client_events = 0
        self._endpoint: Endpoint | None = None  # that is being dialled
        self._upstream: Socket | None = None
        self._timer: Timer[TimerOwner] | None = None
        self._attempt = 0  # counts from 0, as `RelaySettings.dial_timeout` does
        self._tried: list[Endpoint] = []
        self._outcome: DialOutcome | None = None  # of the last attempt
        self._is_over = False
        self._is_waiting = False  # for an endpoint, as one among the connections

    def start(self) -> None:
        """Dial the first endpoint."""
        line = self._line
        line.counters.service(self.frontend.service).accepted += 1
        self._dial()
        if not self._is_over:
            self._is_waiting = True
            line.reactor.connections.add(self)
            line.reactor.watch(self._client, WaitingClient(self))

    def on_events(self, events: int) -> None:
        """Of the upstream socket: it is connected, or failed."""
        assert self._upstream is not None
        number = 0
        if events & (select.EPOLLERR | select.EPOLLHUP):
            number = self._upstream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._fail(number)
        elif events & select.EPOLLOUT:
            if self._is_joined_to_itself():
                self._fail(errno.ECONNREFUSED)
            else:
                self._join(events)

    def on_client_events(self, events: int) -> None:
        """Of the client's socket: kept for the relay; a reset ends the dial."""
        self._client_events |= events
        if events & select.EPOLLERR:
            self._give_up(UnservedReason.CLIENT_LEFT)

    def on_timer(self) -> None:
        """The attempt took too long."""
        self._fail(errno.ETIMEDOUT)

    def abort(self) -> None:
        """Reset the client and let go of everything; a second call does nothing."""
        self._give_up(UnservedReason.STOPPED)

    def _give_up(self, reason: UnservedReason) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._drop_upstream()
        if self._timer is not None:
            self._line.reactor.cancel_timer(self._timer)
        reset_on_close(self._client)
        self._line.reactor.discard(self._client)
        if self._is_waiting:
            self._line.reactor.connections.remove(self)
        self._line.reactor.descriptors.give(2)
        counters = self._line.counters.service(self.frontend.service)
        counters.unserved += 1
        counters.unserved_for[reason] += 1
        counters.closed += 1
        if self._line.settings.access_log_every:
            tell_unserved(self._line, self.frontend, self._address, reason)

    def _dial(self) -> None:
        """Begin the next attempt that can be begun; with none left, the client is reset."""
        while not self._attempt or self._may_try_again():
            endpoint = self._pick()
            if endpoint is None:
                break
            if self._begin(endpoint):
                return
        self._give_up(UnservedReason.DIALS_FAILED if self._attempt else UnservedReason.NO_ENDPOINT)

    def _begin(self, endpoint: Endpoint) -> bool:
        """Begin an attempt; `False` when it failed at once."""
        self._endpoint = endpoint
        number = self._connect(endpoint)
        if number == errno.EALREADY:
            assert self._upstream is not None
            self._line.reactor.watch(self._upstream, self)
            self._set_deadline()
        elif number:
            self._note_failure(number)
            return False
        else:
            self._join(0)
        return True

    def _may_try_again(self) -> bool:
        return self._attempt < self._line.settings.dial_attempts and self._outcome is not DialOutcome.NO_DESCRIPTORS

    def _pick(self) -> Endpoint | None:
        """One that was not tried; after a time-out any, when all were tried: a lost SYN is not a dead endpoint."""
        line = self._line
        endpoint = line.chooser.pick(self.frontend, self._address, line.reactor.now, self._tried)
        if endpoint is None and self._outcome is DialOutcome.TIMED_OUT:
            self._tried.clear()
            endpoint = line.chooser.pick(self.frontend, self._address, line.reactor.now, self._tried)
        return endpoint

    def _connect(self, endpoint: Endpoint) -> int:
        """Begin to connect; returns 0 when that is done, EALREADY while it is under way, else the errno."""
        address, port, _ = endpoint
        try:
            self._upstream = upstream = upstream_socket(address)
        except OSError as error:
            return known_errno(error)
        number = upstream.connect_ex((address, port))
        if number == _EINPROGRESS:
            number = upstream.connect_ex((address, port))  # only another call tells that it is over already
        return errno.ECONNREFUSED if number == 0 and is_joined_to_itself(upstream, endpoint) else number

    def _set_deadline(self) -> None:
        reactor, seconds = self._line.reactor, self._line.settings.dial_timeout(self._attempt)
        if self._timer is None:
            self._timer = reactor.start_timer(self, seconds)
        else:
            reactor.move_timer(self._timer, reactor.now + seconds)

    def _fail(self, number: int) -> None:
        """The attempt under way came to nothing."""
        self._note_failure(number)
        self._dial()

    def _note_failure(self, number: int) -> None:
        assert self._endpoint is not None
        self._drop_upstream()
        self._outcome = OUTCOMES[number]
        self._attempt += 1
        self._tried.append(self._endpoint)
        if self._outcome not in OURS:
            self._line.chooser.dial_failed(self.frontend, self._address, self._endpoint)
        counters = self._line.counters
        counters.service(self.frontend.service).endpoint(self._endpoint).dial_failures[self._outcome] += 1
        if self._outcome is DialOutcome.NO_DESCRIPTORS and self._line.reactor.pause_accepting():
            counters.accept_pauses[PauseReason.EXHAUSTED] += 1
        self._log_failure(self._endpoint, number)

    def _log_failure(self, endpoint: Endpoint, number: int) -> None:
        held_back = self._line.failures.admit(self._line.reactor.now)
        if held_back is None:
            return
        details = {
            "frontend": str(self.frontend.key),
            "service": str(self.frontend.service),
            "endpoint": str(endpoint),
            "attempt": self._attempt,
            "outcome": str(self._outcome),
            "error": os.strerror(number),
            "unreported": held_back,
        }
        log.warning("an endpoint did not take a connection", extra={"kv": details})

    def _drop_upstream(self) -> None:
        if self._upstream is not None:
            self._line.reactor.discard(self._upstream)
            self._upstream = None

    def _is_joined_to_itself(self) -> bool:
        assert self._upstream is not None
        assert self._endpoint is not None
        return is_joined_to_itself(self._upstream, self._endpoint)

    def _join(self, events: int) -> None:
        """The endpoint took the connection."""
        assert self._upstream is not None
        assert self._endpoint is not None
        self._is_over = True
        line = self._line
        make = logged_or_not if line.settings.access_log_every else Relay
        relay = make(line, self.frontend, self._endpoint, self._client, self._upstream)
        if self._is_waiting:
            line.reactor.connections.replace(self, relay)
        else:
            line.reactor.connections.add(relay)
        relay.start(self._timer, self._client_events, events)


class WaitingClient:
    """The client's socket while its endpoint is dialled."""

    __slots__ = ("_dial",)

    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    def on_events(self, events: int) -> None:
        """Tell the dial."""
        self._dial.on_client_events(events)

    def abort(self) -> None:
        """End the dial."""
        self._dial.abort()
