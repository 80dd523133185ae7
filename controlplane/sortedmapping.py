"""Pure: sorted mappings that change a little at a time, and are given away as they are at the moment."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Generic, TypeVar

from .objects import NamespacedName

_Key = TypeVar("_Key", bound=str | NamespacedName)
_Value = TypeVar("_Value")


def patched(before: Mapping[_Key, _Value], gone: Iterable[_Key], made: Mapping[_Key, _Value]) -> Mapping[_Key, _Value]:
    """`before`, which is sorted by key, without what is gone and not made anew, with what is made.

    The same object if that is nothing; what keeps its place needs no sorting.
    """
    left = {key for key in gone if key in before and key not in made}
    if not made and not left:
        return before
    after = {**before, **made}
    for key in left:
        del after[key]
    return after if made.keys() <= before.keys() else dict(sorted(after.items(), key=itemgetter(0)))


class SortedMapping(Generic[_Key, _Value]):
    """`view` is sorted by key. One change among many costs a copy, not a sort of what was in order before."""

    def __init__(self) -> None:
        self._items: dict[_Key, _Value] = {}
        self._is_sorted = True
        self._view: Mapping[_Key, _Value] | None = None

    def put(self, key: _Key, value: _Value) -> None:
        """The key has this value from now on; an equal one stays the object that it was."""
        before = self._items.get(key)
        if before is value or (before is not None and before == value):
            return
        self._is_sorted = self._is_sorted and before is not None
        self._items[key] = value
        self._view = None

    def remove(self, key: _Key) -> None:
        """The key, which must be there, is gone."""
        del self._items[key]
        self._view = None

    def view(self) -> Mapping[_Key, _Value]:
        """What there is now; it never changes, and is the same object until something does."""
        if self._view is None:
            if not self._is_sorted:
                self._items = dict(sorted(self._items.items()))  # nearly sorted already: little to do
                self._is_sorted = True
            self._view = dict(self._items)
        return self._view
