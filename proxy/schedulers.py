"""Pure: how the next endpoint is found among those that may be used; names as in kube-proxy's `ipvs.scheduler`.

Each schedule takes at least one endpoint; its turn, which is how often its service port chose among as many before;
the client's address; how many connections are open to each endpoint; and where chance comes from.
"""

import typing
import zlib
from collections.abc import Mapping, Sequence

from .model import Endpoint
from .options import Scheduler


class Rng(typing.Protocol):
    """Where chance comes from: a `random.Random`."""

    def choice(self, seq: Sequence[Endpoint], /) -> Endpoint:
        """Any of them."""
        ...


class Schedule(typing.Protocol):
    """What a scheduler does; plain arguments, since a tuple of them would take as long as the choice."""

    def __call__(
        self, endpoints: Sequence[Endpoint], turn: int, client: str, connections: Mapping[Endpoint, int], rng: Rng, /
    ) -> Endpoint:
        """One of the endpoints."""
        ...


def round_robin(endpoints: Sequence[Endpoint], turn: int, *_: object) -> Endpoint:
    """One after the other."""
    return endpoints[turn % len(endpoints)]


def random(
    endpoints: Sequence[Endpoint], _turn: int, _client: str, _connections: Mapping[Endpoint, int], rng: Rng
) -> Endpoint:
    """Any, as the kernel modes do."""
    return rng.choice(endpoints)


def least_connection(
    endpoints: Sequence[Endpoint], turn: int, _client: str, connections: Mapping[Endpoint, int], *_: object
) -> Endpoint:
    """The one with the fewest open connections; among equals, one after the other."""
    start = turn % len(endpoints)
    return min((*endpoints[start:], *endpoints[:start]), key=lambda each: connections.get(each, 0))


def source_hashing(endpoints: Sequence[Endpoint], _turn: int, client: str, *_: object) -> Endpoint:
    """The same for a client as long as the endpoints stay, on every node and after every restart."""
    return endpoints[zlib.crc32(client.encode()) % len(endpoints)]


SCHEDULES: Mapping[Scheduler, Schedule] = {
    Scheduler.ROUND_ROBIN: round_robin,
    Scheduler.RANDOM: random,
    Scheduler.LEAST_CONNECTION: least_connection,
    Scheduler.SOURCE_HASHING: source_hashing,
}
