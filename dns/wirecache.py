"""Pure: a bounded cache of packed answers, keyed on everything in a query but its id.

The key is the query's bytes after the id: header bits, the question as it is spelled (clients vary the case of letters
to recognise answers), EDNS size, flags and options. So an entry answers only clients that sent the very same bytes, and
only the id has to be put in front. Whoever owns a cache must hold one for each thing that answers depend on beside
the query (the transport, the port), and clear it whenever what is served changes. TTLs of cluster records are
constant, so that their answers never age. What upstreams said is kept until its TTLs are to be counted down, for a
second at most, and then made anew: whoever puts it here says when.

A client that spells each question in another case would never find anything. So an entry under the question in lower
case may be shared by all spellings, if whoever puts it there knows that the answers differ in nothing but the name of
the question, which is then put in as the client spelled it. The name ends at its first zero octet or later: what is
folded before that octet is never anything else.
"""

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_ENTRIES = 10_000
MAX_OCTETS = 16 << 20  # of keys and answers together
MAX_ANSWER = 4096  # octets; longer answers are rare, and would push out many others
MAX_VARIANTS = 8  # orders kept of an answer that is balanced
HITS_PER_VARIANT = 32  # after so many one order is made anew, so that each address comes first in its turn
HITS_PER_SHUFFLE = 512  # the same, where there is an order for each of them and only the others behind it change
ID_LENGTH = 2
HEADER_LENGTH = 12
_ID, _AFTER_ID = slice(ID_LENGTH), slice(ID_LENGTH, None)
_QUESTION = HEADER_LENGTH - ID_LENGTH  # where the question's name begins in what is kept


class Kind(NamedTuple):
    """What the metrics tell of a cached answer."""

    zone: str
    type: int
    rcode: int
    request_size: int
    response_size: int
    dnssec_ok: bool
    cache_hits: tuple[str, ...] = ()  # what it counts for the `cache` plugin


class _Entry:
    __slots__ = (
        "asked", "first_turn", "hits", "hits_per_order", "is_due", "is_shared", "kind", "puts", "tails", "turn",
        "until", "wanted",
    )  # fmt: skip

    def __init__(self, kind: Kind, orders: int, first_turn: int) -> None:
        self.kind = kind
        self.wanted = min(max(orders, 1), MAX_VARIANTS)
        self.hits_per_order = HITS_PER_VARIANT if orders > MAX_VARIANTS else HITS_PER_SHUFFLE
        self.is_shared = False
        self.until = math.inf
        self.first_turn = first_turn
        self.tails: list[bytes] = []
        self.hits = 0
        self.asked = 1  # how many orders were made, or will be
        self.is_due = False  # somebody makes one in place of the oldest
        self.puts = 0
        self.turn = 0


class WireCache:
    """Entries leave in the order in which they came when there are too many: random cookies never match again."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_octets: int = MAX_OCTETS) -> None:
        self.max_entries = max_entries
        self.max_octets = max_octets
        self.octets = 0
        self.seconds = 0.0  # that whoever answers from here took for it since `take_hits`
        self._entries: dict[bytes, _Entry] = {}
        self._due: list[tuple[float, bytes]] = []  # a heap of when which question's entry may have aged
        self._spent: dict[Kind, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, packet: bytes, *, is_second_look: bool = False) -> bytes | None:
        """The packed answer to a query, if there is one.

        Whoever finds none is to make it. Others may have done so while he waited for his turn: `is_second_look`.
        """
        entry = self._entries.get(packet[ID_LENGTH:])
        if entry is None:
            return self._respelled(packet, is_second_look=is_second_look)
        tail = entry.tails[0] if entry.wanted == 1 else _next(entry, is_second_look=is_second_look)
        if tail is None:
            return None
        entry.hits += 1
        return packet[:ID_LENGTH] + tail

    def find_all(self, packets: Iterable[bytes]) -> list[bytes | None]:
        """What `find` gives for each of the queries."""
        entries = self._entries
        found: list[bytes | None] = []
        for packet in packets:
            entry = entries.get(packet[_AFTER_ID])
            if entry is None:
                found.append(self._respelled(packet, is_second_look=False))
                continue
            tail = entry.tails[0] if entry.wanted == 1 else _next(entry, is_second_look=False)
            if tail is None:
                found.append(None)
                continue
            entry.hits += 1
            found.append(packet[_ID] + tail)
        return found

    def _respelled(self, packet: bytes, *, is_second_look: bool) -> bytes | None:
        """A shared answer, with the question's name as it was asked."""
        end = packet.find(b"\0", HEADER_LENGTH)
        entry = self._entries.get(packet[ID_LENGTH:HEADER_LENGTH] + packet[HEADER_LENGTH:end].lower() + packet[end:])
        if entry is None or not entry.is_shared:
            return None
        tail = entry.tails[0] if entry.wanted == 1 else _next(entry, is_second_look=is_second_look)
        if tail is None:
            return None
        entry.hits += 1
        return packet[:ID_LENGTH] + tail[:_QUESTION] + packet[HEADER_LENGTH:end] + tail[end - ID_LENGTH :]

    def is_shared(self, question: bytes) -> bool:
        """Whether the entry for a query's bytes after the id answers all spellings of its name."""
        entry = self._entries.get(question)
        return entry is not None and entry.is_shared

    def turn(self, question: bytes) -> int | None:
        """Which order of a balanced answer to put next: a number that goes up from one to the next; `None`: any."""
        entry = self._entries.get(question)
        return entry.first_turn + entry.puts if entry is not None else None

    def put(
        self,
        question: bytes,
        tail: bytes,
        kind: Kind,
        *,
        until: float = math.inf,
        orders: int = 1,
        turn: int = 0,
        is_shared: bool = False,
    ) -> None:
        """Keeps the answer's bytes after the id for a query's; or one more order of it, for the oldest of them.

        `until` is on the clock of `expire`. `orders` is how many are worth having, `turn` which of them this is. What
        `is_shared` is for a question in lower case.
        """
        if len(tail) > MAX_ANSWER:
            return
        entry = self._entries.get(question)
        if entry is None:
            self._make_room(len(question) + len(tail))
            entry = self._entries[question] = _Entry(kind, orders, turn)
            self.octets += len(question)
        entry.is_shared |= is_shared
        if until < entry.until:
            entry.until = until
            heapq.heappush(self._due, (until, question))
        if len(entry.tails) < entry.wanted:
            entry.tails.append(tail)
        else:
            place = entry.puts % entry.wanted
            self.octets -= len(entry.tails[place])
            entry.tails[place] = tail
        entry.puts += 1
        entry.is_due = False
        self.octets += len(tail)

    def expire(self, now: float) -> None:
        """Forgets the answers whose time is over at `now`."""
        while self._due and self._due[0][0] <= now:
            _, question = heapq.heappop(self._due)
            entry = self._entries.get(question)
            if entry is not None and entry.until <= now:
                self._drop(question)

    def clear(self) -> None:
        """Forgets all answers, not what was counted."""
        for entry in self._entries.values():
            self._spend(entry)
        self._entries.clear()
        self._due.clear()
        self.octets = 0

    def take_hits(self) -> Iterator[tuple[Kind, int]]:
        """How many queries were answered from here since the last call, by kind."""
        for entry in self._entries.values():
            self._spend(entry)
        spent, self._spent = self._spent, {}
        yield from spent.items()

    def _make_room(self, octets: int) -> None:
        while self._entries and (len(self) >= self.max_entries or self.octets + octets > self.max_octets):
            self._drop(next(iter(self._entries)))

    def _drop(self, question: bytes) -> None:
        entry = self._entries.pop(question)
        self.octets -= len(question) + sum(map(len, entry.tails))
        self._spend(entry)

    def _spend(self, entry: _Entry) -> None:
        if entry.hits:
            self._spent[entry.kind] = self._spent.get(entry.kind, 0) + entry.hits
            entry.hits = 0


def folded(packet: bytes) -> bytes:
    """The bytes after the id of a query, or of its answer, with the question's name in lower case."""
    end = packet.find(b"\0", HEADER_LENGTH)
    return packet[ID_LENGTH:HEADER_LENGTH] + packet[HEADER_LENGTH:end].lower() + packet[end:]


def _next(entry: _Entry, *, is_second_look: bool) -> bytes | None:
    """The next order in turn; `None` for who is to make one more: while some are missing, and now and then after."""
    if is_second_look:
        if entry.is_due or len(entry.tails) < entry.wanted:
            return None
    elif entry.asked < entry.wanted:
        entry.asked += 1
        return None
    entry.turn += 1
    if entry.turn % entry.hits_per_order == 0 and not is_second_look:
        entry.is_due = True
        return None
    return entry.tails[entry.turn % len(entry.tails)]
