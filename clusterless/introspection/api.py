"""Kubernetes' API as it is read: `get`, `list` and `watch` of the objects that the agent has, also for real kubectl."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from clusterless import __version__
from clusterless.operations.httpserver import OpsReply, OpsRequest, OpsStream

from .apipaths import Target, WatchOptions, selection, target, watch_options
from .ledger import Entry, Ledger
from .resources import Resource, discovery_documents
from .shapes import Matches, Shape, added, bookmark, failed, followed, listed, plain
from .statuses import (
    Refusal,
    bad_request,
    expired,
    method_not_allowed,
    no_such_path,
    not_found,
    too_many_requests,
)
from .tables import table, wants_table

MOST_WATCHERS = 32  # half of the clients that the server takes: scrapers and probes have the others
BOOKMARK_SECONDS = 60.0  # the API server's bookmarkFrequency
WATCH_SECONDS = 3600.0  # no watch is longer than the API server's longest by default

_ROOTS = ("/api", "/apis", "/version")


class Api:
    """Answers from the ledgers, one a resource; `changed` wakes the watchers."""

    roots = _ROOTS

    def __init__(self, ledgers: Mapping[Resource, Ledger]) -> None:
        self._ledgers = ledgers
        self._documents = discovery_documents(__version__)
        self._news = asyncio.Event()
        self._watchers = 0

    def changed(self) -> None:
        """Some ledger has news."""
        self._news.set()
        self._news = asyncio.Event()

    def answer(self, request: OpsRequest) -> OpsReply | OpsStream:
        """What a path below one of the `roots` answers."""
        if request.method not in ("GET", "HEAD"):
            return refuse(method_not_allowed())
        document = self._documents.get(request.path.rstrip("/"))
        if document is not None:
            return as_json(document)
        asked = target(request.path)
        if asked is None:
            return refuse(no_such_path())
        try:
            return self._answer(asked, request)
        except ValueError as error:
            return refuse(bad_request(str(error)))

    def _answer(self, asked: Target, request: OpsRequest) -> OpsReply | OpsStream:
        """Raises ValueError for what cannot be understood."""
        ledger, shape = self._ledgers[asked.resource], _shape(asked.resource, request)
        watching = watch_options(request.query)
        if asked.name and watching is None:
            entry = ledger.entries.get(asked.key)
            return as_json(shape.one(entry)) if entry else refuse(not_found(asked.resource, asked.name))
        matches = _matching(asked, request.query)
        if watching is None:
            entries = filter(matches, ledger.entries.values())
            return OpsStream(_in_turns(listed(shape, ledger.version, entries)))
        if self._watchers >= MOST_WATCHERS:
            return refuse(too_many_requests())
        return OpsStream(self._watch(asked.resource, shape, matches, watching))

    async def _watch(
        self, resource: Resource, shape: Shape, matches: Matches, options: WatchOptions
    ) -> AsyncGenerator[bytes, None]:
        self._watchers += 1
        try:
            async with aclosing(self._followed(resource, shape, matches, options)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._watchers -= 1

    async def _followed(
        self, resource: Resource, shape: Shape, matches: Matches, options: WatchOptions
    ) -> AsyncGenerator[bytes, None]:
        """A watcher that takes too little is behind until its changes are forgotten, and is told so."""
        ledger = self._ledgers[resource]
        position: int | None = ledger.position
        if options.since is None:
            version = ledger.version
            for piece in added(shape, filter(matches, ledger.entries.values())):
                yield piece
                await asyncio.sleep(0)
            if options.ends_initial_events:
                yield bookmark(resource, version, ends_initial_events=True)
        else:
            position = ledger.position_after(options.since)
        now = asyncio.get_running_loop().time
        ends_at = now() + min(options.seconds or WATCH_SECONDS, WATCH_SECONDS)
        while (left := ends_at - now()) > 0:
            news = self._news
            changes = ledger.since(position) if position is not None else None
            if position is None or changes is None:
                yield failed(expired(options.since or 0, ledger.version))
                return
            position += len(changes)
            for piece in followed(shape, changes, matches):
                yield piece
                await asyncio.sleep(0)
            if not await _comes(news, min(left, BOOKMARK_SECONDS)) and options.bookmarks:
                yield bookmark(resource, ledger.version)


async def _comes(news: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()
    return news.is_set()


def _shape(resource: Resource, request: OpsRequest) -> Shape:
    """A table counts ages to now; those of a watch, to when its event is sent."""
    if not wants_table(request.accept):
        return plain(resource)
    return table(resource, request.query, lambda: datetime.now(UTC))


def _matching(asked: Target, query: Mapping[str, str]) -> Matches:
    """Raises ValueError for selectors that are none."""
    labels, fields = selection(asked.resource, query)
    has_fields = bool(query.get("fieldSelector"))

    def matches(entry: Entry) -> bool:
        metadata = entry.object.metadata
        return (
            (not asked.namespace or metadata.namespace == asked.namespace)
            and (not asked.name or metadata.name == asked.name)
            and labels(metadata.labels)
            and (not has_fields or fields(entry.encoded()))
        )

    return matches


async def _in_turns(pieces: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    """One piece a turn of the loop."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def as_json(value: object, status: HTTPStatus = HTTPStatus.OK) -> OpsReply:
    """A reply of JSON."""
    return OpsReply(status, msgspec.json.encode(value) + b"\n", "application/json")


def refuse(refusal: Refusal) -> OpsReply:
    """A refusal as the API server sends it."""
    return as_json(refusal.status(), refusal.code)
