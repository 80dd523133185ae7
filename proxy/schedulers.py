"""Pure: how the next endpoint is found among those that may be used; names as in kube-proxy's `ipvs.scheduler`."""

import typing
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from .model import Endpoint
from .options import Scheduler


class Rng(typing.Protocol):
    """Where chance comes from: a `random.Random`."""

    def choice(self, seq: Sequence[Endpoint], /) -> Endpoint:
        """Any of them."""
        ...


class Turn(NamedTuple):
    """What a scheduler may look at."""

    number: int  # how often this service port chose among as many endpoints before
    client: str
    connections: Mapping[Endpoint, int]  # open ones
    rng: Rng


# Takes at least one endpoint.
Schedule: TypeAlias = Callable[[Sequence[Endpoint], Turn], Endpoint]


def round_robin(endpoints: Sequence[Endpoint], turn: Turn) -> Endpoint:
    """One after the other."""
    return endpoints[turn.number % len(endpoints)]


def random(endpoints: Sequence[Endpoint], turn: Turn) -> Endpoint:
    """Any, as the kernel modes do."""
    return turn.rng.choice(endpoints)


def least_connection(endpoints: Sequence[Endpoint], turn: Turn) -> Endpoint:
    """The one with the fewest open connections; among equals, one after the other."""
    start = turn.number % len(endpoints)
    return min((*endpoints[start:], *endpoints[:start]), key=lambda each: turn.connections.get(each, 0))


def source_hashing(endpoints: Sequence[Endpoint], turn: Turn) -> Endpoint:
    """The same for a client as long as the endpoints stay, on every node and after every restart."""
    return endpoints[zlib.crc32(turn.client.encode()) % len(endpoints)]


SCHEDULES: Mapping[Scheduler, Schedule] = {
    Scheduler.ROUND_ROBIN: round_robin,
    Scheduler.RANDOM: random,
    Scheduler.LEAST_CONNECTION: least_connection,
    Scheduler.SOURCE_HASHING: source_hashing,
}
