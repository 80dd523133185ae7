"""Pure: whether, and where, two mappings or sequences do not hold the same objects; fast where nearly all are."""

from collections.abc import Mapping, Sequence
from operator import eq, is_
from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def differing(before: Mapping[_Key, _Value], after: Mapping[_Key, _Value]) -> list[_Key]:
    """The keys that are new, gone, or have another object than before; first those of `after`, in its order.

    Snapshots keep the identity of what did not change. With the same keys in the same order, which is the rule, this
    runs in C but for the differences: a tenth of the time of a loop.
    """
    if before is after:
        return []
    if len(before) == len(after) and all(map(eq, before, after)):
        same = map(is_, before.values(), after.values())
        return [key for key, is_same in zip(after, same, strict=True) if not is_same]
    changed = [key for key, value in after.items() if before.get(key) is not value]
    return changed + [key for key in before if key not in after]


def same(one: Mapping[_Key, object], other: Mapping[_Key, object]) -> bool:
    """Whether both have the same keys with the same objects."""
    return one is other or (len(one) == len(other) and all(other.get(key) is value for key, value in one.items()))


def same_items(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether both hold the same objects in the same order."""
    return one is other or (len(one) == len(other) and all(map(is_, one, other)))
