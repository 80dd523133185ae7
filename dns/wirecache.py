"""Pure: a bounded cache of packed answers, keyed on everything in a query but its id.

The key is the query's bytes after the id: header bits, the question as it is spelled (clients vary the case of letters
to recognise answers), EDNS size, flags and options. So an entry answers only clients that sent the very same bytes, and
only the id has to be put in front. Whoever owns a cache must hold one for each thing that answers depend on beside
the query (the transport, the port), and clear it whenever what is served changes. TTLs of cluster records are constant,
so that packed answers never age.
"""

from collections.abc import Iterator
from typing import NamedTuple

MAX_ENTRIES = 10_000
MAX_OCTETS = 16 << 20  # of keys and answers together
MAX_ANSWER = 4096  # octets; longer answers are rare, and would push out many others
MAX_VARIANTS = 8  # orders kept of an answer that is balanced
HITS_PER_VARIANT = 32  # then new orders are made, so that each address comes first in its turn
ID_LENGTH = 2


class Kind(NamedTuple):
    """What the metrics tell of a cached answer."""

    zone: str
    type: int
    rcode: int
    request_size: int
    response_size: int
    dnssec_ok: bool


class _Entry:
    __slots__ = ("hits", "kind", "tails", "wanted")

    def __init__(self, kind: Kind, wanted: int) -> None:
        self.kind = kind
        self.wanted = wanted
        self.tails: list[bytes] = []
        self.hits = 0


class WireCache:
    """Entries leave in the order in which they came when there are too many: random cookies never match again."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_octets: int = MAX_OCTETS) -> None:
        self.max_entries = max_entries
        self.max_octets = max_octets
        self.octets = 0
        self.seconds = 0.0  # that whoever answers from here took for it since `take_hits`
        self._refills = 0
        self._entries: dict[bytes, _Entry] = {}
        self._spent: dict[Kind, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, question: bytes) -> bytes | None:
        """The answer's bytes after the id for a query's bytes after the id.

        A balanced answer is `None` until all its orders were put, then they take turns.
        """
        entry = self._entries.get(question)
        if entry is None:
            return None
        tails = entry.tails
        if entry.wanted == 1:
            entry.hits += 1
            return tails[0]
        if len(tails) < entry.wanted:
            return None
        entry.hits += 1
        if entry.hits > entry.wanted * HITS_PER_VARIANT:
            self._drop(question)
            self._refills += 1
        return tails[entry.hits % entry.wanted]

    def turn(self, question: bytes) -> int:
        """Which order of a balanced answer to put next: a number that goes up from one to the next."""
        entry = self._entries.get(question)
        return self._refills * MAX_VARIANTS + (len(entry.tails) if entry is not None else 0)

    def put(self, question: bytes, tail: bytes, kind: Kind, *, orders: int = 1) -> None:
        """Keeps an answer, or one more order of it; `orders` is how many are worth having."""
        if len(tail) > MAX_ANSWER:
            return
        entry = self._entries.get(question)
        if entry is None:
            self._make_room(len(question) + len(tail))
            entry = self._entries[question] = _Entry(kind, min(max(orders, 1), MAX_VARIANTS))
            self.octets += len(question)
        if len(entry.tails) < entry.wanted:
            entry.tails.append(tail)
            self.octets += len(tail)

    def clear(self) -> None:
        """Forgets all answers, not what was counted."""
        for entry in self._entries.values():
            self._spend(entry)
        self._entries.clear()
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
