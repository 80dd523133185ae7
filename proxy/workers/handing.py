"""Accepts clients, picks their endpoints, and gives them to workers; answers what workers ask about them later."""

import logging
import socket
from collections import deque
from collections.abc import Sequence

from proxy.accesslog import tell_unserved
from proxy.balancer import Balancer
from proxy.counters import Counters, PauseReason, UnservedReason
from proxy.line import Line
from proxy.listener import LOG_SECONDS, TcpListener
from proxy.model import Frontend, FrontendKey
from proxy.reactor import Reactor
from proxy.relaysettings import RelaySettings
from proxy.tcpsocket import reset_on_close
from proxy.throttle import Throttle

from .messages import Ask, DialFailed, Next
from .placement import least_loaded
from .seat import Seat

log = logging.getLogger(__name__)


class Handing:
    """What the listeners of TCP frontends share; `seats` are the workers that are alive, as they are now."""

    def __init__(self, reactor: Reactor, balancer: Balancer, counters: Counters, settings: RelaySettings) -> None:
        self.reactor = reactor
        self.balancer = balancer
        self.counters = counters
        self.settings = settings
        self.seats: Sequence[Seat] = ()
        self._next = 0
        self._waiting: dict[HandingListener, None] = {}
        self._pauses = Throttle(LOG_SECONDS)
        self._listeners: dict[FrontendKey, HandingListener] = {}
        self._parting: deque[tuple[float, HandingListener]] = deque()  # closed: until when they are asked about

    def open(self, sock: socket.socket, frontend: Frontend) -> "HandingListener":
        """Serve a TCP frontend on its listening socket."""
        listener = self._listeners[frontend.key] = HandingListener(self, sock, frontend)
        return listener

    def closed(self, listener: "HandingListener") -> None:
        """The listener accepts nobody any more; some of its clients may still be dialled for."""
        self._waiting.pop(listener, None)
        longest = sum(self.settings.dial_timeout(attempt) for attempt in range(self.settings.dial_attempts))
        self._parting.append((self.reactor.now + longest, listener))
        for seat in self.seats:
            seat.close_frontend(listener.frontend.key)

    def free_seat(self) -> Seat | None:
        """The worker for the next client; `None` while none takes more."""
        index = least_loaded([seat.load for seat in self.seats], self._next)
        if index is None:
            return None
        self._next = (index + 1) % len(self.seats)
        return self.seats[index]

    def hand(self, seat: Seat, line: Line, frontend: Frontend, client: socket.socket, address: str) -> None:
        """Pick an endpoint for a client, and give it to the worker; it leaves with the next `flush`."""
        try:
            endpoint = self.balancer.pick(frontend, address, self.reactor.now, ())
        except Exception:  # the reactor's rule 4: a bug of ours ends one connection
            log.exception("no endpoint could be picked")
            _refuse(line, frontend, client, address, UnservedReason.STOPPED)
            return
        if endpoint is None:
            _refuse(line, frontend, client, address, UnservedReason.NO_ENDPOINT)
        else:
            seat.add(frontend, address, endpoint, client)

    def flush(self) -> None:
        """Send all clients that were given away."""
        for seat in self.seats:
            seat.flush()

    def wait(self, listener: "HandingListener") -> None:
        """Have the listener resumed when a worker takes more."""
        is_first = not self._waiting
        self._waiting[listener] = None
        if is_first and not any(seat.load.room for seat in self.seats):
            self._report_pause(listener.frontend)

    def resume(self) -> None:
        """Workers may take more than before."""
        while self._parting and self._parting[0][0] < self.reactor.now:
            _, oldest = self._parting.popleft()
            if self._listeners.get(oldest.frontend.key) is oldest:
                del self._listeners[oldest.frontend.key]
        if self._waiting:
            free = sum(seat.load.free for seat in self.seats)
            for listener in list(self._waiting)[:free]:
                del self._waiting[listener]
                listener.resume()

    def dial_failed(self, failed: DialFailed) -> None:
        """An endpoint did not take a client."""
        if (listener := self._listeners.get(failed.frontend)) is not None:
            self.balancer.dial_failed(listener.frontend, failed.address, failed.endpoint)

    def answer(self, ask: Ask) -> Next:
        """The next endpoint for a client, by the frontend of now; none when that is long gone."""
        listener = self._listeners.get(ask.frontend)
        if listener is None:
            return Next(ask.number, None)
        frontend, now = listener.frontend, self.reactor.now
        endpoint = self.balancer.pick(frontend, ask.address, now, ask.tried)
        if endpoint is None and ask.may_repeat:
            endpoint = self.balancer.pick(frontend, ask.address, now, ())
        return Next(ask.number, endpoint)

    def _report_pause(self, frontend: Frontend) -> None:
        self.counters.accept_pauses[PauseReason.LIMIT] += 1
        unreported = self._pauses.admit(self.reactor.now)
        if unreported is not None:
            loads = [seat.load for seat in self.seats]
            details = {
                "reason": str(PauseReason.LIMIT),
                "frontend": str(frontend.key),
                "workers": len(loads),
                "connections": sum(load.open for load in loads),
                "descriptors": sum(load.held for load in loads),
                "budget": sum(load.budget for load in loads),
                "unreported": unreported,
            }
            log.warning("accepting is paused on all listeners; clients wait in the backlog", extra={"kv": details})


class HandingListener(TcpListener):
    """A `TcpListener` that dials for nobody: its clients go to workers."""

    def __init__(self, handing: Handing, sock: socket.socket, frontend: Frontend) -> None:
        """Take over `sock`, which is bound, listening and non-blocking."""
        super().__init__(handing.reactor, sock, frontend, handing.balancer, handing.counters, handing.settings)
        self._handing = handing

    def close(self) -> None:
        """As `TcpListener.close`."""
        if not self._is_closed:
            self._handing.closed(self)
        super().close()

    def proceed(self) -> None:
        """Accept a slice of those who wait, and send them on their way together."""
        super().proceed()
        self._handing.flush()

    def _accept(self) -> bool:
        """Accept one client and give it away; `False` when nobody waits, or nobody may come in now."""
        descriptors = self._line.reactor.descriptors
        if descriptors.is_exhausted:
            descriptors.wait(self)
            return False
        seat = self._handing.free_seat()
        if seat is None:
            self._handing.wait(self)
            return False
        try:
            client, address = self._sock.accept()
        except OSError as error:
            return self._on_error(error)
        self._handing.hand(seat, self._line, self.frontend, client, address[0])
        return True


def _refuse(line: Line, frontend: Frontend, client: socket.socket, address: str, reason: UnservedReason) -> None:
    reset_on_close(client)
    client.close()
    counters = line.counters.service(frontend.service)
    counters.accepted += 1
    counters.closed += 1
    counters.unserved += 1
    counters.unserved_for[reason] += 1
    if line.settings.access_log_every:
        tell_unserved(line, frontend, address, reason)
