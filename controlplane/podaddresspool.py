"""Pure: the addresses of the nodes' pod ranges while they are handed out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .netaddr import IPV4, Address, Prefix

_RESERVED = 2  # the network's own address, and the gateway
_LARGEST_SPAN = 1 << 16  # of an IPv6 range only the lowest are used, so that addresses stay short


class _Span(NamedTuple):
    """The addresses of a pod range that pods may have, both ends included, as numbers."""

    family: str
    first: int
    last: int


class PodAddressPool:
    """Which addresses are taken; `ranges` are each node's."""

    def __init__(self, ranges: Mapping[str, Iterable[Prefix]]) -> None:
        self._spans = {node: [_span(prefix) for prefix in prefixes] for node, prefixes in ranges.items()}
        self._taken: set[Address] = set()
        self._full: set[str] = set()

    def reserve(self, addresses: Iterable[Address]) -> None:
        """Nobody else gets these, whatever range they are of."""
        self._taken.update(addresses)

    def take(self, node: str, addresses: Sequence[Address]) -> bool:
        """Take these again, if all of them are free and of the node's ranges, and there are any."""
        spans = self._spans[node]
        for address in addresses:
            if address in self._taken or not _is_in(address, spans):
                return False
        self._taken.update(addresses)
        return bool(addresses)

    def release(self, addresses: Iterable[Address]) -> None:
        """They were taken or given, and are free again."""
        self._taken.difference_update(addresses)
        self._full.clear()

    def give(self, node: str, seed: int) -> tuple[Address, ...]:
        """One free address of each of the node's ranges, the first from where `seed` points.

        `()` if the node has no range, or one of them is full.
        """
        if node in self._full:
            return ()
        spans = self._spans[node]
        free = tuple(address for span in spans if (address := self._first_free(span, seed)) is not None)
        if not spans or len(free) != len(spans):
            self._full.add(node)
            return ()
        self._taken.update(free)
        return free

    def _first_free(self, span: _Span, seed: int) -> Address | None:
        size = span.last - span.first + 1
        for step in range(size):
            address = Address(span.family, span.first + (seed + step) % size)
            if address not in self._taken:
                return address
        return None


def _is_in(address: Address, spans: Sequence[_Span]) -> bool:
    return any(s.family == address.family and s.first <= address.value <= s.last for s in spans)


def _span(prefix: Prefix) -> _Span:
    first, last = prefix.network + _RESERVED, prefix.network + prefix.size - 1
    if prefix.family == IPV4:
        return _Span(IPV4, first, last - 1)  # without the broadcast address
    return _Span(prefix.family, first, min(last, first + _LARGEST_SPAN - 1))
