"""Pure: a bounded queue in which sources take turns, so that one that floods holds up nobody but itself."""

from collections import deque
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

MAX_PER_SOURCE = 256  # a quarter of a second's work at most
MAX_SOURCES = 1024


class FairQueue(Generic[_Item]):
    """What comes when there is no room is not taken: the newest are shed, and those of a source in a hurry only."""

    def __init__(self, max_per_source: int = MAX_PER_SOURCE, max_sources: int = MAX_SOURCES) -> None:
        self._max_per_source = max_per_source
        self._max_sources = max_sources
        self._sources: dict[str, deque[_Item]] = {}  # whose turn it is comes first

    def __bool__(self) -> bool:
        return bool(self._sources)

    def put(self, source: str, item: _Item) -> bool:
        """Whether there was room."""
        items = self._sources.get(source)
        if items is None:
            if len(self._sources) >= self._max_sources:
                return False
            items = self._sources[source] = deque()
        if len(items) >= self._max_per_source:
            return False
        items.append(item)
        return True

    def take(self) -> _Item:
        """The oldest item of the source whose turn it is; the queue is not empty."""
        source = next(iter(self._sources))
        items = self._sources.pop(source)
        item = items.popleft()
        if items:
            self._sources[source] = items
        return item
