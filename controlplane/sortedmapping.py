"""Pure: a sorted mapping that changes a little at a time, and is given away as it is at the moment."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from .objects import NamespacedName

_Key = TypeVar("_Key", bound=str | NamespacedName)
_Value = TypeVar("_Value")


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
