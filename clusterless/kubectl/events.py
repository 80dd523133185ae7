"""`clusterless events`: what happened, from a running agent or from manifests, once or as it happens."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import click

from clusterless.agent.watch import watch
from clusterless.introspection.client import Client
from clusterless.introspection.events import events_between
from clusterless.introspection.recorder import Recorder
from clusterless.introspection.resources import EVENTS
from controlplane.build import Builder
from controlplane.encode import encoded
from controlplane.manifests import ManifestReader
from controlplane.objects import Event
from controlplane.snapshot import Snapshot

from .eventstable import EventsTable, Wanted, ordered
from .get import scope_of
from .objectview import decoded
from .printers.arguments import ArgumentError, resource_named
from .printers.output import Format, Output, OutputError, as_json, document
from .printers.table import Table, TableOptions, named
from .sources import Source, imagined

_FORMATS = (Format.TABLE, Format.WIDE, Format.JSON, Format.YAML, Format.NAME)


class EventsFlags(NamedTuple):
    """What the flags of `events` say, but for those of its source."""

    output: Output = Output(Format.TABLE)
    wanted: Wanted = Wanted()
    watch: bool = False
    headings: bool = True


def wanted(about: str, types: str) -> Wanted:
    """What `--for KIND/NAME` and `--types Normal,Warning` ask for. Raises ArgumentError in kubectl's words."""
    named_types = tuple(each.strip() for each in types.split(",") if each.strip())
    if any(each.lower() not in ("normal", "warning") for each in named_types):
        raise ArgumentError("valid --types are Normal or Warning")
    if not about:
        return Wanted(types=named_types)
    kind, slash, name = about.partition("/")
    if not slash or not name:
        raise ArgumentError("--for must be in resource/name form")
    kind = "Manifest" if kind.lower() == "manifest" else resource_named(kind).kind
    return Wanted(kind, name, named_types)


def events(source: Source, flags: EventsFlags) -> int:
    """Print them; the exit code. Raises ServerError, OutputError."""
    if flags.output.format not in _FORMATS:
        raise OutputError(f'output format "{flags.output.format}" is not supported for events')
    show = _shower(source, flags)
    if source.is_files:
        _of_files(source, flags, show)
    else:
        _of_agent(source, flags, show)
    return 0


def _of_agent(source: Source, flags: EventsFlags, show: Callable[[Iterable[Event]], None]) -> None:
    path = f"/api/v1/namespaces/{source.namespace}/events" if source.namespace else "/api/v1/events"
    client = Client(source.server)
    listed = client.get(path)
    show(ordered(decoded(item, Event) for item in listed["items"]))
    if flags.watch:
        for change in client.watch(path, resourceVersion=listed["metadata"]["resourceVersion"]):
            if change["type"] != "DELETED":
                show([decoded(change["object"], Event)])


def _of_files(source: Source, flags: EventsFlags, show: Callable[[Iterable[Event]], None]) -> None:
    """What these manifests would make an agent say: problems at first, and then what changes in them."""
    builder, reader = Builder(imagined(source.options)), ManifestReader()
    last: Snapshot | None = None

    def look() -> list[Event]:
        nonlocal last
        before, last = last, builder.build(reader.read(source.filenames), int(time.time())).snapshot
        recorder = Recorder(last.options.hostname)
        recorder.record(events_between(before, last), time.time())
        found = recorder.events().values()
        return [each for each in found if source.namespace in ("", each.metadata.namespace)]

    show(look())
    if flags.watch:
        asyncio.run(_follow(source, lambda: show(look())))


async def _follow(source: Source, look: Callable[[], None]) -> None:
    changed, stop = asyncio.Event(), asyncio.Event()

    async def follow() -> None:
        while True:
            await changed.wait()
            changed.clear()
            look()

    try:
        await asyncio.gather(watch(source.filenames, changed.set, changed.set, stop), follow())
    finally:
        stop.set()  # what watches is a thread, for which the program would wait


def _shower(source: Source, flags: EventsFlags) -> Callable[[Iterable[Event]], None]:
    """What prints the events that are wanted, in the form that is wanted; of none, the first time, it says so."""
    lines = _lines_of(source, flags)
    labels = scope_of(source, EVENTS).labels
    is_first = True

    def show(events: Iterable[Event]) -> None:
        nonlocal is_first
        found = [each for each in events if flags.wanted.matches(each) and labels(each.metadata.labels)]
        if found or (is_first and flags.output.format in (Format.JSON, Format.YAML) and not flags.watch):
            for line in lines(found):
                click.echo(line)
        elif is_first and not flags.watch:
            where = f" in {source.namespace} namespace" if source.namespace else ""
            click.echo(f"No events found{where}.", err=True)
        is_first = False

    return show


def _lines_of(source: Source, flags: EventsFlags) -> Callable[[list[Event]], Iterable[str]]:
    match flags.output.format:
        case Format.NAME:
            return lambda found: [named(EVENTS, each) for each in found]
        case Format.JSON:
            return lambda found: [as_json(_document(flags, found))]
        case Format.YAML:
            from .yamltext import as_yaml  # noqa: PLC0415  nothing else needs it

            return lambda found: [as_yaml(_document(flags, found)).rstrip("\n")]
        case Format.WIDE:
            return _wide(source, flags)
        case _:
            table = EventsTable(with_namespace=not source.namespace, headings=flags.headings)
            return lambda found: table.lines(found, datetime.now(UTC))


def _wide(source: Source, flags: EventsFlags) -> Callable[[list[Event]], Iterable[str]]:
    """The columns of `get events -o wide`."""
    options = TableOptions(is_wide=True, with_namespace=not source.namespace, headings=flags.headings)
    table = Table(EVENTS, options)
    return lambda found: table.lines(found, datetime.now(UTC))


def _document(flags: EventsFlags, found: list[Event]) -> dict[str, object]:
    return document([encoded(each) for each in found], is_single=flags.watch)
