"""Pure: the balancer: which endpoint a connection goes to.

State belongs to a service port, not to a frontend: ClusterIP, NodePort and load balancer address of one port take
turns and share affinities, and an update of the endpoints changes neither.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from .addresstext import is_within
from .affinity import Pins
from .model import Endpoint, Frontend, ServicePortName
from .options import Scheduler
from .schedulers import SCHEDULES, Rng
from .sides import side_of


class _State:
    """What is remembered of a service port."""

    __slots__ = ("connections", "pins", "turns")

    def __init__(self) -> None:
        self.turns: dict[int, int] = {}  # by the length of the list: two lists never share a beat, which could starve
        self.pins: Pins | None = None  # while there is affinity
        self.connections: dict[Endpoint, int] = {}


class Balancer:
    """The `Chooser` of all frontends of a node."""

    def __init__(
        self,
        rng: Rng,
        scheduler: Scheduler = Scheduler.ROUND_ROBIN,
        cluster_cidrs: Collection[str] = (),
        local_addresses: Iterable[str] = (),
    ) -> None:
        self._rng = rng
        self._schedule = SCHEDULES[scheduler]
        self._cluster_cidrs = tuple(cluster_cidrs)
        self._local_addresses = frozenset(local_addresses)
        self._states: dict[ServicePortName, _State] = {}

    def set_local_addresses(self, addresses: Iterable[str]) -> None:
        """The node's own addresses: a client that has one is a process of the node."""
        self._local_addresses = frozenset(addresses)

    def pick(self, frontend: Frontend, client: str, now: float, tried: Collection[Endpoint]) -> Endpoint | None:
        """The endpoint for a connection of `client` at `now` (monotonic seconds), none of `tried`.

        `None` when none is left, when the client's side has none, and for a client outside the source ranges.
        """
        if frontend.source_ranges and not is_within(client, frontend.source_ranges):
            return None
        candidates = side_of(frontend, client, self._cluster_cidrs, self._local_addresses)
        if tried:
            candidates = tuple(each for each in candidates if each not in tried)
        if not candidates:
            return None
        state = self._states.get(frontend.service)
        if state is None:
            state = self._states[frontend.service] = _State()
        if frontend.affinity_seconds:
            return self._pick_with_affinity(frontend, candidates, state, client, now)
        state.pins = None  # it was switched off, if there was any
        return self._next(candidates, state, client)

    def dial_failed(self, frontend: Frontend, client: str, endpoint: Endpoint) -> None:
        """The endpoint did not take the connection: an affinity to it is over."""
        state = self._states.get(frontend.service)
        if state is not None and state.pins is not None:
            state.pins.unpin(client, endpoint)

    def opened(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """A connection to the endpoint is established."""
        self.count(frontend.service, endpoint, 1)

    def closed(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """A connection that was `opened` is over."""
        self.count(frontend.service, endpoint, -1)

    def connections_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """Its open connections and flows by endpoint, also to endpoints that it has no more."""
        state = self._states.get(service)
        return dict(state.connections) if state else {}

    def pins_of(self, service: ServicePortName, now: float, timeout: float) -> Mapping[str, tuple[Endpoint, float]]:
        """Its session affinities: each client's endpoint, and for how many seconds from `now` it is kept."""
        state = self._states.get(service)
        return state.pins.remaining(now, timeout) if state is not None and state.pins is not None else {}

    def count(self, service: ServicePortName, endpoint: Endpoint, change: int) -> None:
        """So many more connections to the endpoint are open, or fewer, in other processes: as `opened` and `closed`."""
        state = self._states.get(service) if change > 0 else self._states[service]
        if state is None:
            state = self._states[service] = _State()
        connections = state.connections
        number = connections.get(endpoint, 0) + change
        if number:
            connections[endpoint] = number
        else:
            del connections[endpoint]
            if not (connections or state.turns or state.pins):
                del self._states[service]

    def forget(self, services: Iterable[ServicePortName]) -> None:
        """These service ports are gone: their turns and affinities are too. Open connections count until they end."""
        for service in services:
            state = self._states.pop(service, None)
            if state is not None and state.connections:
                self._states[service] = left = _State()
                left.connections = state.connections

    def _pick_with_affinity(
        self, frontend: Frontend, candidates: Sequence[Endpoint], state: _State, client: str, now: float
    ) -> Endpoint:
        """The pinned endpoint while it is usable and its time is not over; every connection begins that time anew."""
        if state.pins is None:
            state.pins = Pins()
        endpoint = state.pins.endpoint_of(client, now, frontend.affinity_seconds)
        if endpoint is None or endpoint not in candidates:
            endpoint = self._next(candidates, state, client)
        state.pins.pin(client, endpoint, now, frontend.affinity_seconds)
        return endpoint

    def _next(self, candidates: Sequence[Endpoint], state: _State, client: str) -> Endpoint:
        number = state.turns.get(len(candidates), 0)
        state.turns[len(candidates)] = number + 1
        return self._schedule(candidates, number, client, state.connections, self._rng)
