"""Pure: the JSON in which objects are sent: Kubernetes' lists, single objects, and the lines of a watch."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from .ledger import Change, ChangeType, Entry
from .resources import Resource
from .statuses import Refusal

# Objects that are made into text at once: a few milliseconds' work, between which connections are served.
BATCH = 50

Matches = Callable[[Entry], bool]


class Shape(NamedTuple):
    """How objects of one resource are sent: `opening` and `closing` stand around the rows of a list."""

    opening: Callable[[int], bytes]  # of the list's version
    row: Callable[[Entry], dict[str, Any]]
    closing: bytes
    one: Callable[[Entry], dict[str, Any]]  # an object by itself, and in a watch


def plain(resource: Resource) -> Shape:
    """As `application/json`."""

    def opening(version: int) -> bytes:
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
        return unclosed({**head, "metadata": {"resourceVersion": str(version)}}, "items")

    return Shape(opening, Entry.encoded, b"]}\n", Entry.encoded)


def listed(shape: Shape, version: int, entries: Iterable[Entry]) -> Iterator[bytes]:
    """A list in pieces."""
    yield shape.opening(version)
    rows = (msgspec.json.encode(shape.row(entry)) for entry in entries)
    separator = b""
    while batch := list(islice(rows, BATCH)):
        yield separator + b",".join(batch)
        separator = b","
    yield shape.closing


def added(shape: Shape, entries: Iterable[Entry]) -> Iterator[bytes]:
    """What a watch begins with, in pieces."""
    lines = (line(ChangeType.ADDED, shape.one(entry)) for entry in entries)
    while batch := list(islice(lines, BATCH)):
        yield b"".join(batch)


def followed(shape: Shape, changes: Iterable[Change], matches: Matches) -> Iterator[bytes]:
    """What a watch goes on with, in pieces."""
    rest = iter(changes)
    while batch := list(islice(rest, BATCH)):
        if piece := b"".join(changed(shape, change, matches) for change in batch):
            yield piece


def changed(shape: Shape, change: Change, matches: Matches) -> bytes:
    """The change as a watcher sees it who watches only what matches; nothing when that was not touched."""
    before = change.before if change.before and matches(change.before) else None
    after = change.after if change.after and matches(change.after) else None
    if after is not None:
        return line(ChangeType.MODIFIED if before else ChangeType.ADDED, shape.one(after))
    if before is not None:
        return line(ChangeType.DELETED, shape.one(before._replace(version=change.version)))
    return b""


def bookmark(resource: Resource, version: int, *, ends_initial_events: bool = False) -> bytes:
    """That a watcher has seen everything up to this version."""
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if ends_initial_events:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return line("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata})


def failed(refusal: Refusal) -> bytes:
    """The last line of a watch that cannot go on."""
    return line("ERROR", refusal.status())


def line(change: str, obj: dict[str, Any]) -> bytes:
    """One event of a watch."""
    return msgspec.json.encode({"type": change, "object": obj}) + b"\n"


def unclosed(head: dict[str, Any], items: str) -> bytes:
    """The object up to the first of its items."""
    return msgspec.json.encode({**head, items: []}).removesuffix(b"]}")
