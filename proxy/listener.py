"""The door: accepts clients of one frontend and has each dialled for; never waits for anything itself."""

import errno
import logging
import socket

from .counters import Counters, PauseReason
from .dialer import Dial
from .line import Line
from .model import Chooser, Frontend
from .outcomes import EXHAUSTION
from .reactor import READ_EVENTS, Reactor
from .relaysettings import RelaySettings
from .tcpsocket import accept_stream, prepare_listener
from .throttle import Throttle

log = logging.getLogger(__name__)

# A slice of accepting: each client costs as much as a small buffer does, and relayed bytes come between the slices.
ACCEPTS_PER_SLICE = 16

# At most one line in that many seconds for each listener and kind of trouble; the counters have every event.
LOG_SECONDS = 10.0

DESCRIPTORS_PER_CONNECTION = 2

# What accept(2) says of a client that was gone before it was accepted: "should be treated like EAGAIN by retrying".
GONE = frozenset(
    {
        errno.ECONNABORTED,
        errno.EPERM,  # a firewall's rule
        errno.ENETDOWN,
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
        errno.ETIMEDOUT,
    }
)


class TcpListener:
    """Serves one frontend on one socket, until `close`.

    `frontend` may be replaced at any time, by one of the same key: clients that are accepted from then on see it,
    established connections keep their endpoint.
    """

    def __init__(  # noqa: PLR0917 - these six are what a listener is
        self,
        reactor: Reactor,
        sock: socket.socket,
        frontend: Frontend,
        chooser: Chooser,
        counters: Counters,
        settings: RelaySettings,
    ) -> None:
        """Take over `sock`, which is bound, listening and non-blocking."""
        self.frontend = frontend
        self._sock = sock
        self._line = Line(reactor, chooser, counters, settings, Throttle(LOG_SECONDS))
        self._pauses = Throttle(LOG_SECONDS)
        self._is_closed = False
        prepare_listener(sock, settings)
        reactor.descriptors.hold(1)
        reactor.watch(sock, self, READ_EVENTS)

    def close(self) -> None:
        """Accept nobody any more; connections go on. Clients who were not accepted yet are refused by the kernel."""
        if self._is_closed:
            return
        self._is_closed = True
        reactor = self._line.reactor
        reactor.descriptors.leave(self)
        reactor.discard_shared(self._sock)
        reactor.descriptors.give(1)

    def abort(self) -> None:
        """As `close`."""
        self.close()

    def resume(self) -> None:
        """There may be descriptors again."""
        self._line.reactor.soon(self)

    def on_events(self, events: int) -> None:  # noqa: ARG002 - there is only one kind
        """Clients wait."""
        self.proceed()

    def proceed(self) -> None:
        """Accept a slice of those who wait."""
        for _ in range(ACCEPTS_PER_SLICE):
            if self._is_closed or not self._accept():
                return
        self._line.reactor.soon(self)

    def _accept(self) -> bool:
        """Accept one client and begin to dial for it; `False` when nobody waits, or nobody may come in now."""
        descriptors = self._line.reactor.descriptors
        if not descriptors.take(DESCRIPTORS_PER_CONNECTION):
            if descriptors.wait(self) and not descriptors.is_exhausted:
                self._report_pause(PauseReason.LIMIT)
            return False
        try:
            client, address = accept_stream(self._sock)
        except OSError as error:
            descriptors.give(DESCRIPTORS_PER_CONNECTION)
            return self._on_error(error)
        dial = Dial(self._line, self.frontend, client, address)
        self._line.reactor.attempt(dial.start, dial)
        return True

    def _on_error(self, error: OSError) -> bool:
        """Whether the next client may be tried."""
        if error.errno == errno.EAGAIN:
            return False
        if error.errno in GONE:
            return True
        if error.errno not in EXHAUSTION:
            raise error
        reactor = self._line.reactor
        if reactor.pause_accepting():
            self._report_pause(PauseReason.EXHAUSTED)
        reactor.descriptors.wait(self)
        return False

    def _report_pause(self, reason: PauseReason) -> None:
        reactor = self._line.reactor
        self._line.counters.accept_pauses[reason] += 1
        unreported = self._pauses.admit(reactor.now)
        if unreported is not None:
            details = {
                "reason": str(reason),
                "frontend": str(self.frontend.key),
                "connections": len(reactor.connections),
                "descriptors": reactor.descriptors.held,
                "budget": reactor.descriptors.budget,
                "unreported": unreported,
            }
            log.warning("accepting is paused on all listeners; clients wait in the backlog", extra={"kv": details})
