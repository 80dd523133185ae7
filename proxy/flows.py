"""Pure: the flows of one UDP frontend: who sends to which endpoint, for how long, and who goes when there are too many.

No socket, no clock and no randomness: `now` is an argument, and what a flow is carried by is a `link` that this module
never looks into. A datagram is decided by return values: the flow that carries it, the flows that are over.

Flows are kept in two lines, each in the order of the last datagram, oldest first: those that the kernel's conntrack
would call unreplied or fresh, and the streams. Each line has one idle time, so whoever expires stands in front.
"""

import math
from collections import OrderedDict
from collections.abc import Collection, Iterator
from enum import StrEnum
from itertools import takewhile
from typing import Generic, TypeAlias, TypeVar

import msgspec

from .model import Endpoint

Client: TypeAlias = tuple[str, int] | tuple[str, int, int, int]  # as `recvfrom` gives it; complete for one socket
Link = TypeVar("Link")

# nf_conntrack_proto_udp.c: a flow that was answered and is still active two seconds after is a stream.
STREAM_AFTER_SECONDS = 2.0


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All times are seconds."""

    # KubeProxyConfiguration's conntrack.udpTimeout and udpStreamTimeout; 0 there leaves the kernel's, which are these.
    idle_seconds: float = 30.0
    stream_idle_seconds: float = 120.0

    # Envoy's udp_proxy stops at 1,024 sessions (`max_connections` of the circuit breaker). A flow here is a descriptor
    # and lives for its whole idle time, so it is more; with too many, the one that is idle longest makes room.
    most: int = 4096

    # One flow in so many has a line in the log when it is over; 0 is none.
    access_log_every: int = 0


class FlowEnd(StrEnum):
    """Why a flow is over."""

    IDLE = "idle"
    EVICTED = "evicted"  # the one that was idle longest, when another needed room
    ENDPOINT_GONE = "endpoint gone"  # it serves no longer
    REFUSED = "refused"  # the endpoint's host says that nobody listens, or cannot be reached
    CLOSED = "closed"  # the frontend is gone, or serves others than before


class Flow(Generic[Link]):
    """What one client sends to one frontend, and the answers."""

    __slots__ = ("active_at", "client", "endpoint", "is_answered", "line", "link", "stream_at")

    def __init__(self, client: Client, endpoint: Endpoint, link: Link, line: "Line[Link]", now: float) -> None:
        self.client = client
        self.endpoint = endpoint
        self.link = link
        self.line = line  # where it stands
        self.active_at = now
        self.is_answered = False
        self.stream_at = now + STREAM_AFTER_SECONDS  # from then on it is a stream, if it was answered


Line: TypeAlias = OrderedDict[Client, Flow[Link]]


class FlowTable(Generic[Link]):
    """The flows of one frontend; a client has at most one."""

    def __init__(self, settings: FlowSettings) -> None:
        self._settings = settings
        self._flows: dict[Client, Flow[Link]] = {}
        self._fresh: Line[Link] = OrderedDict()
        self._streams: Line[Link] = OrderedDict()

    def __len__(self) -> int:
        return len(self._flows)

    def __iter__(self) -> Iterator[Flow[Link]]:
        return iter(self._flows.values())

    @property
    def is_full(self) -> bool:
        """Whether one more flow needs the room of another."""
        return len(self._flows) >= self._settings.most

    def find(self, client: Client) -> Flow[Link] | None:
        """The client's flow, if it has one."""
        return self._flows.get(client)

    def touch(self, flow: Flow[Link], now: float) -> None:
        """A datagram passed, either way."""
        flow.active_at = now
        if flow.is_answered and flow.line is self._fresh and now >= flow.stream_at:
            del self._fresh[flow.client]
            flow.line = self._streams
            self._streams[flow.client] = flow
        else:
            flow.line.move_to_end(flow.client)

    def add(self, client: Client, endpoint: Endpoint, link: Link, now: float) -> Flow[Link]:
        """A flow for a client that has none; the caller has made room."""
        assert client not in self._flows, "a client has one flow"
        assert not self.is_full, "room is made before"
        flow = Flow(client, endpoint, link, self._fresh, now)
        self._flows[client] = self._fresh[client] = flow
        return flow

    def remove(self, flow: Flow[Link]) -> None:
        """The flow is over; it is in the table."""
        del self._flows[flow.client]
        del flow.line[flow.client]

    def evict(self) -> Flow[Link] | None:
        """Remove the flow that was idle longest; `None` when there is none."""
        oldest, other = _front(self._fresh), _front(self._streams)
        if oldest is None or (other is not None and other.active_at < oldest.active_at):
            oldest = other
        if oldest is not None:
            self.remove(oldest)
        return oldest

    def expire(self, now: float) -> list[Flow[Link]]:
        """Remove the flows whose idle time is over."""
        return self._remove_all(
            [flow for line, seconds in self._idle_times() for flow in _idle_for(line, seconds, now)]
        )

    def next_expiry(self) -> float:
        """When the next flow expires unless a datagram passes; infinity without flows."""
        return min(
            (next(iter(line.values())).active_at + seconds for line, seconds in self._idle_times() if line),
            default=math.inf,
        )

    def retain(self, endpoints: Collection[Endpoint]) -> list[Flow[Link]]:
        """Remove the flows to endpoints that are not among these."""
        return self._remove_all([flow for flow in self._flows.values() if flow.endpoint not in endpoints])

    def clear(self) -> list[Flow[Link]]:
        """Remove all flows."""
        return self._remove_all(list(self._flows.values()))

    def _remove_all(self, flows: list[Flow[Link]]) -> list[Flow[Link]]:
        for flow in flows:
            self.remove(flow)
        return flows

    def _idle_times(self) -> tuple[tuple[Line[Link], float], ...]:
        return (
            (self._fresh, self._settings.idle_seconds),
            (self._streams, self._settings.stream_idle_seconds),
        )


def _front(line: Line[Link]) -> Flow[Link] | None:
    return next(iter(line.values()), None)


def _idle_for(line: Line[Link], seconds: float, now: float) -> list[Flow[Link]]:
    """Those at the front of the line that have been idle for that long at `now`."""
    return list(takewhile(lambda flow: flow.active_at + seconds <= now, line.values()))
