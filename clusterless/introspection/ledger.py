"""Pure: what is served of each object beside the object: since when it is there, and at which version it changed last.

An agent's objects come from files, which know no creation time; it is when the agent saw the object first.
"""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from controlplane.differences import differing
from controlplane.encode import Encodable, encoded
from controlplane.objects import NamespacedName

# Changes of one resource that a watcher may be behind: more than a reload of some hundred Services makes.
CHANGES_AT_MOST = 4096

_UIDS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")

Objects = Mapping[NamespacedName, Encodable]


class Entry(NamedTuple):
    """An object as it is served; times are RFC 3339."""

    object: Encodable
    version: int
    created: str

    @property
    def uid(self) -> str:
        """The manifest's, or one made of the identity."""
        return self.object.metadata.uid or made_uid(type(self.object).__name__, self.object.key)

    @property
    def creation_timestamp(self) -> str:
        """The manifest's, or when it was seen first."""
        return self.object.metadata.creation_timestamp or self.created

    @property
    def complete(self) -> Encodable:
        """The object with what the manifest does not say of its metadata."""
        metadata = msgspec.structs.replace(
            self.object.metadata,
            uid=self.uid,
            resource_version=str(self.version),
            creation_timestamp=self.creation_timestamp,
        )
        return msgspec.structs.replace(self.object, metadata=metadata)

    def encoded(self) -> dict[str, Any]:
        """The API server's JSON of it."""
        return encoded(self.complete)


def made_uid(kind: str, key: NamespacedName) -> str:
    """The uid of an object whose manifest says none: always the same one, since files do not know of re-creation."""
    return str(uuid5(_UIDS, f"{kind} {key}"))


class ChangeType(StrEnum):
    """The types of a watch's events."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Change(NamedTuple):
    """What became of one object; `before` or `after` is `None` where there was, or is, none."""

    version: int
    before: Entry | None
    after: Entry | None


class Step(NamedTuple):
    """What the next objects of a resource are, and what that changes."""

    objects: Objects
    entries: Mapping[NamespacedName, Entry]
    changes: tuple[Change, ...]
    version: int


class Ledger:
    """The objects of one resource. `entries` is never changed, but replaced, so that it can be read at leisure."""

    def __init__(self, at_most: int = CHANGES_AT_MOST) -> None:
        self.entries: Mapping[NamespacedName, Entry] = {}
        self.version = 0
        self._objects: Objects = {}
        self._changes: deque[Change] = deque(maxlen=at_most)
        self._forgotten = 0  # the version of the last change that is not known any more
        self._count = 0

    def step(self, objects: Objects, version: int, now: str) -> Step:
        """What `take` would make of these objects; it changes nothing, and may be called in another thread."""
        entries = dict(self.entries)
        changes: list[Change] = []
        for key in differing(self._objects, objects):
            before, each = entries.get(key), objects.get(key)
            if each is None:
                del entries[key]
                changes.append(Change(version, before, None))
            elif before is None or before.object != each:
                entries[key] = Entry(each, version, before.created if before else now)
                changes.append(Change(version, before, entries[key]))
        if entries.keys() != self.entries.keys():
            entries = {key: entries[key] for key in objects}
        return Step(objects, entries, tuple(changes), version)

    def take(self, step: Step) -> bool:
        """These are the objects from now on; true when that changes something. Versions never fall."""
        self.entries, self._objects = step.entries, step.objects
        overflow = len(self._changes) + len(step.changes) - (self._changes.maxlen or 0)
        if overflow > 0:
            self._forgotten = [*self._changes, *step.changes][overflow - 1].version
        self._changes.extend(step.changes)
        self._count += len(step.changes)
        self.version = max(self.version, step.version)
        return bool(step.changes)

    def replace(self, objects: Objects, version: int, now: str) -> bool:
        """`step` and `take` at once."""
        return self.take(self.step(objects, version, now))

    @property
    def position(self) -> int:
        """Where a watcher stands who has seen everything up to now."""
        return self._count

    def position_after(self, version: int) -> int | None:
        """Where a watcher stands who has seen this version; `None` when not all that changed since is known."""
        if version < self._forgotten or version > self.version:
            return None
        return self._count - sum(change.version > version for change in self._changes)

    def since(self, position: int) -> list[Change] | None:
        """What changed since then; `None` when not all of it is known any more."""
        missing = self._count - position
        if missing > len(self._changes):
            return None
        return list(islice(self._changes, len(self._changes) - missing, None))
