"""Pure: how plugins are strung together: each is handed a query on its way, and what comes after it in the pipeline.

A plugin's part is a generator that returns a `Result`. It asks what comes next with `yield from following(visit)`, and
may ask with another query, change what comes back, ask several times, or not at all. Whatever has to be waited for is
yielded by the last in line, the one that forwards, and nobody in between needs to know.
"""

import math
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple, TypeAlias

import msgspec

from .model import Labels, Query, Rcode, Record, Reply
from .records import ClusterRecords
from .responses import ParsedResponse

FOREVER = math.inf  # until the next publication, or until a hosts file changes


class Host(NamedTuple):
    """What the server knows of the machine that it runs on: its name, and the `search` of its resolv.conf."""

    name: str = "localhost"
    search: tuple[Labels, ...] = ()


class Heard(NamedTuple):
    """What an upstream said, in so many octets; `None` if nothing came."""

    response: ParsedResponse | None
    octets: int = 0


class Result(msgspec.Struct, frozen=True):
    """What became of a query, on its way back through the plugins to the client."""

    reply: Reply
    recursion_available: bool = False
    kept_until: float = 0.0  # how long it is the same for every client: monotonic seconds, `FOREVER`, or 0
    shown: Query | None = None  # the query as the reply shows it, if a plugin changed its EDNS or its RD bit
    is_dropped: bool = False  # nothing is to be sent
    transfer: Iterator[Record] | None = None  # the answer, in as many messages as it takes


class Wait(msgspec.Struct, frozen=True):
    """What a step has to wait for; the pipeline has its own kind of it."""


Steps: TypeAlias = Generator[Wait, Heard, Result]


class Visit(msgspec.Struct, frozen=True):
    """A query on its way through the plugins of a server block.

    `lookup` sends a query through the whole server again, from the choice of the server block on.
    """

    query: Query
    lookup: Callable[["Visit"], Steps]
    client: str = ""  # its address
    over_tcp: bool = False
    now: float = 0.0  # when the query came, monotonic seconds
    deadline: float | None = None  # on the same clock
    hops: int = 0  # how often it was looked up again
    host: Host = Host()
    records: ClusterRecords | None = None  # of the server block's cluster zones, once there are any

    def again(self, query: Query) -> Steps:
        """Looks up another query for the same client."""
        return self.lookup(msgspec.structs.replace(self, query=query, hops=self.hops + 1))

    def asking(self, query: Query) -> "Visit":
        """The same visit with another query."""
        return msgspec.structs.replace(self, query=query)


Following: TypeAlias = Callable[[Visit], Steps]
"""All that comes after a plugin."""

Step: TypeAlias = Callable[[Visit, Following], Steps]
"""One plugin's part."""

MAX_HOPS = 10  # from one name to the next (plugin/pkg/upstream)
SERVFAIL = Result(Reply(Rcode.SERVFAIL, authoritative=False))
REFUSED = Result(Reply(Rcode.REFUSED, authoritative=False))


def replied(result: Result, reply: Reply) -> Result:
    """The result with another reply."""
    return msgspec.structs.replace(result, reply=reply)
