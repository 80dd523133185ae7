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


class Ledger:
    """The objects of one resource. `entries` is never changed, but replaced, so that it can be read at leisure."""

    def __init__(self, at_most: int = CHANGES_AT_MOST) -> None:
        self.entries: Mapping[NamespacedName, Entry] = {}
        self.version = 0
        self._changes: deque[Change] = deque(maxlen=at_most)
        self._forgotten = 0  # the version of the last change that is not known any more
        self._count = 0

    def replace(self, objects: Objects, version: int, now: str) -> bool:
        """These are the objects from now on; true when that changes something. `version` never falls."""
        entries: dict[NamespacedName, Entry] = {}
        changes: list[Change] = []
        for key, each in objects.items():
            before = self.entries.get(key)
            if before is not None and (before.object is each or before.object == each):
                entries[key] = before
                continue
            entry = entries[key] = Entry(each, version, before.created if before else now)
            changes.append(Change(version, before, entry))
        gone = (entry for key, entry in self.entries.items() if key not in entries)
        changes += [Change(version, entry, None) for entry in gone]
        self.entries = entries
        self._note(changes, version)
        return bool(changes)

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

    def _note(self, changes: list[Change], version: int) -> None:
        overflow = len(self._changes) + len(changes) - (self._changes.maxlen or 0)
        if overflow > 0:
            self._forgotten = [*self._changes, *changes][overflow - 1].version
        self._changes.extend(changes)
        self._count += len(changes)
        self.version = max(self.version, version)
