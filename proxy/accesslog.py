"""The access log: one connection or flow in so many has a line when it is over. Off, it costs a look at a number."""

import itertools
import logging
from typing import NamedTuple

from .counters import EndpointCounters, Tally, UnservedReason
from .flows import Client
from .line import Line
from .model import Endpoint, Frontend
from .relay import Relay
from .tcpsocket import Socket

log = logging.getLogger(__name__)

EVENT = "connection"

_numbers = itertools.count()  # of this process's connections


def logged_or_not(line: Line, frontend: Frontend, endpoint: Endpoint, client: Socket, upstream: Socket) -> Relay:
    """A relay, for one in `access_log_every` with a line when it is over."""
    is_logged = next(_numbers) % line.settings.access_log_every == 0
    return (LoggedRelay if is_logged else Relay)(line, frontend, endpoint, client, upstream)


def tell_unserved(line: Line, frontend: Frontend, address: str, reason: UnservedReason) -> None:
    """The same for a client that no endpoint took."""
    if next(_numbers) % line.settings.access_log_every == 0:
        log.info(EVENT, extra={"kv": {"client": address, **_names(frontend), "outcome": str(reason)}})


class Names(NamedTuple):
    """Whose flow it is."""

    client: Client
    frontend: Frontend
    endpoint: Endpoint


class OwnTally(Tally):
    """Counts one connection's bytes, and passes each on to the endpoint's tally."""

    __slots__ = ("_own", "_shared")

    def __init__(self, shared: Tally) -> None:
        self._own = 0
        self._shared = shared

    @property
    def bytes(self) -> int:
        """Of this connection."""
        return self._own

    @bytes.setter  # noqa: A003
    def bytes(self, value: int) -> None:
        self._shared.bytes += value - self._own
        self._own = value


class LoggedRelay(Relay):
    """A relay that tells how it went."""

    __slots__ = ("_address", "_outcome", "_started")

    def __init__(self, line: Line, frontend: Frontend, endpoint: Endpoint, client: Socket, upstream: Socket) -> None:
        super().__init__(line, frontend, endpoint, client, upstream)
        for side in (self._client, self._upstream):
            side.tally = OwnTally(side.tally)
        self._address = _peer(client)
        self._outcome = "closed"
        self._started = line.reactor.now

    def abort(self) -> None:
        """As any relay's."""
        self._outcome = "reset"
        super().abort()

    def _finish(self) -> None:
        super()._finish()
        details = {
            "client": self._address,
            **_names(self.frontend),
            "endpoint": str(self._endpoint),
            "outcome": self._outcome,
            "bytes_in": self._client.tally.bytes,
            "bytes_out": self._upstream.tally.bytes,
            "seconds": round(self.reactor.now - self._started, 6),
        }
        log.info(EVENT, extra={"kv": details})


class LoggedCounters(EndpointCounters):
    """Stands in for an endpoint's counters in a flow that is logged; of `shared` are all but the tallies."""

    __slots__ = ("began_at", "shared")

    def __init__(self, shared: EndpointCounters, now: float) -> None:
        super().__init__()
        self.from_clients, self.to_clients = OwnTally(shared.from_clients), OwnTally(shared.to_clients)
        self.shared = shared
        self.began_at = now


def counters_of_flow(shared: EndpointCounters, every: int, now: float) -> EndpointCounters:
    """The endpoint's counters, for one flow in `every` in a guise that remembers what was the flow's."""
    return LoggedCounters(shared, now) if next(_numbers) % every == 0 else shared


def tell_flow(flow: Names, counters: LoggedCounters, outcome: str, now: float) -> None:
    """How a UDP flow went that is over."""
    details = {
        "client": _address(*flow.client[:2]),
        **_names(flow.frontend),
        "endpoint": str(flow.endpoint),
        "outcome": outcome,
        "bytes_in": counters.from_clients.bytes,
        "bytes_out": counters.to_clients.bytes,
        "seconds": round(now - counters.began_at, 6),
    }
    log.info(EVENT, extra={"kv": details})


def _names(frontend: Frontend) -> dict[str, str]:
    return {"frontend": str(frontend.key), "service": str(frontend.service)}


def _peer(client: Socket) -> str:
    """The client's address and port; a client that is gone again has none."""
    try:
        host, port, *_ = client.getpeername()
    except OSError:
        return ""
    return _address(host, port)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
