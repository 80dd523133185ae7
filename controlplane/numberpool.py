"""Pure: numbers that each belong to one Service at most: what cluster IPs and node ports have in common.

A range has a static band at its start, for those who ask by number, and a dynamic one after it (KEP-3070, KEP-3668;
Kubernetes `registry/core/service/allocator`). Which number is free is a question of who holds what; which free one is
taken next, of the name that asks: the scan begins at a hash of it. So equal manifests give equal numbers, in every
process, and few of them move when a Service is added.
"""

from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from .fielderrors import FieldError
from .objects import NamespacedName

_SMALLEST_BAND = 16  # calculateRangeOffset


def stable_hash(text: str) -> int:
    """A number that is the same in every process for the same text."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")


def static_band(size: int, share: int, largest: int) -> int:
    """How many numbers at the start of a range of `size` are kept for those who ask for one by number."""
    return 0 if size <= _SMALLEST_BAND else min(max(_SMALLEST_BAND, size // share), largest)


class Band:
    """Consecutive numbers, of which it is known how many are taken."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.size = max(last - first + 1, 0)
        self.taken = 0

    def holds(self, number: int) -> bool:
        """Whether `number` is one of them."""
        return 0 <= number - self.first < self.size


class NumberPool:
    """Numbers that each belong to one Service at most, in a static band and, after it, a dynamic one."""

    def __init__(self, first: int, last: int, static: int) -> None:
        self._static = Band(first, first + static - 1)
        self._dynamic = Band(first + static, last)
        self._owners: dict[int, NamespacedName] = {}

    def __contains__(self, number: int) -> bool:
        return self._static.holds(number) or self._dynamic.holds(number)

    def owner(self, number: int) -> NamespacedName | None:
        """Who holds `number`."""
        return self._owners.get(number)

    def take(self, number: int, owner: NamespacedName) -> bool:
        """Give `number`, which must be in the pool, to `owner`; whether it was free."""
        assert number in self
        if number in self._owners:
            return False
        self._owners[number] = owner
        self._band_of(number).taken += 1
        return True

    def take_next(self, owner: NamespacedName, seed: str) -> int | None:
        """Give a free number to `owner`, from the dynamic band while it lasts; None if the pool is full."""
        for band in (self._dynamic, self._static):
            if band.taken < band.size:
                number = self._first_free(band, stable_hash(seed) % band.size)
                self.take(number, owner)
                return number
        return None

    def release(self, number: int) -> None:
        """Take `number` back; it must be held."""
        del self._owners[number]
        self._band_of(number).taken -= 1

    def _first_free(self, band: Band, start: int) -> int:
        offset = start
        while band.first + offset in self._owners:
            offset = (offset + 1) % band.size
        return band.first + offset

    def _band_of(self, number: int) -> Band:
        return self._static if self._static.holds(number) else self._dynamic


Claim: TypeAlias = tuple[NumberPool, int]


class Refusal(NamedTuple):
    """Why a Service gets nothing: mistakes in its fields, or `internal`, the whole text of an HTTP 500."""

    errors: tuple[FieldError, ...] = ()
    internal: str = ""


def internal_error(text: str) -> Refusal:
    """A Refusal that is no mistake of the Service (apimachinery `api/errors` NewInternalError)."""
    return Refusal(internal=f"Internal error occurred: {text}")


class Transaction:
    """The numbers taken for one Service while it is not known yet whether it gets all that it needs."""

    def __init__(self, owner: NamespacedName) -> None:
        self.owner = owner
        self.claims: list[Claim] = []

    def take(self, pool: NumberPool, number: int) -> bool:
        """As `NumberPool.take`."""
        taken = pool.take(number, self.owner)
        if taken:
            self.claims.append((pool, number))
        return taken

    def take_next(self, pool: NumberPool, seed: str) -> int | None:
        """As `NumberPool.take_next`."""
        number = pool.take_next(self.owner, seed)
        if number is not None:
            self.claims.append((pool, number))
        return number

    def roll_back(self) -> None:
        """Give all of them back."""
        for pool, number in self.claims:
            pool.release(number)
        self.claims.clear()
