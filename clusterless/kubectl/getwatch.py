"""`clusterless get -w`: the objects, and then each one that changes, from a running agent or from manifests."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click

from clusterless.agent.watch import watch
from controlplane.build import Builder
from controlplane.encode import Encodable, encoded
from controlplane.manifests import ManifestReader

from .get import GetFlags, Writer, checked, scope_of, table_options, tell_problems
from .objectview import decoded_kind, view_of_snapshot
from .printers.arguments import ArgumentError, Request, Wanted, request
from .printers.output import Format
from .printers.selection import Found, Scope, changes, find, not_found
from .printers.table import Table, named
from .sources import Look, Source, imagined, path_of


class WatchFlags(NamedTuple):
    """What the flags of a watch say."""

    skip_list: bool = False
    say_change: bool = False


def get_and_watch(source: Source, arguments: Sequence[str], flags: GetFlags, watching: WatchFlags) -> int:
    """Print what the arguments ask for, and what changes of it, until the agent ends or somebody interrupts.

    The exit code is 1 when a name is nobody's. Raises ArgumentError, JSONPathError, ServerError.
    """
    asked = checked(source, request(arguments), flags.field_selector)
    if len(asked.wanted) > 1:
        raise ArgumentError(
            "watch is only supported on individual resources and resource collections"
            " - more than 1 resource type was found"
        )
    scope = scope_of(source, asked.wanted[0].resource, flags.field_selector)
    shown = _Shown(source, asked, flags, watching)
    if source.is_files:
        return asyncio.run(_Files(source, asked.wanted[0], scope, shown).follow())
    return _follow_agent(source, asked.wanted[0], flags.field_selector, shown)


class _Shown:
    """Prints objects in the form that is wanted."""

    def __init__(self, source: Source, asked: Request, flags: GetFlags, watching: WatchFlags) -> None:
        self._resource = asked.wanted[0].resource
        self._flags = flags
        self._watching = watching
        self._writer = Writer(flags)
        options = table_options(source, asked, flags)
        self._table = Table(self._resource, options._replace(with_change=watching.say_change))

    def first(self, found: Found) -> int:
        """What is there already; the exit code, if that ends it."""
        for text in found.missing:
            click.echo(text, err=True)
        if found.objects and not self._watching.skip_list:
            self.show(found.objects, "ADDED")
        return 1 if found.missing and not found.objects else 0

    def show(self, objects: Iterable[Encodable], change: str) -> None:
        """Objects that are new, other than before, or gone."""
        if self._flags.output.is_table:
            for line in self._table.lines(objects, datetime.now(UTC), change):
                click.echo(line)
            return
        for obj in objects:
            click.echo(self._text(obj, change), nl=False)

    def _text(self, obj: Encodable, change: str) -> str:
        if self._flags.output.format is Format.NAME:
            return named(self._resource, obj) + "\n"
        value: dict[str, Any] = encoded(obj)
        if self._watching.say_change:
            value = {"type": change, "object": value}
        begin = "---\n" if self._flags.output.format is Format.YAML else ""
        return begin + self._writer.text([value], is_single=True)


def _follow_agent(source: Source, wanted: Wanted, field_selector: str, shown: _Shown) -> int:
    """List, then watch from the list's version on, as kubectl does; the agent selects, but for names."""
    from clusterless.introspection.client import Client  # noqa: PLC0415  files need no client

    client = Client(source.server)
    path = path_of(wanted.resource.name, source.namespace)
    selectors = {"labelSelector": source.selector, "fieldSelector": field_selector}
    listed = client.get(path, **selectors)
    objects = [decoded_kind(item, wanted.resource.kind) for item in listed.get("items") or ()]
    if code := shown.first(_by_name(wanted, objects)):
        return code
    version = listed.get("metadata", {}).get("resourceVersion", "")
    for event in client.watch(path, resourceVersion=version, **selectors):
        obj = decoded_kind(event["object"], wanted.resource.kind)
        if not wanted.names or obj.metadata.name in wanted.names:
            shown.show([obj], event["type"])
    return 0


def _by_name(wanted: Wanted, objects: Sequence[Encodable]) -> Found:
    if not wanted.names:
        return Found(wanted.resource, tuple(objects))
    there = {obj.metadata.name for obj in objects}
    return Found(
        wanted.resource,
        tuple(obj for obj in objects if obj.metadata.name in wanted.names),
        tuple(not_found(wanted.resource, name) for name in wanted.names if name not in there),
    )


class _Files:
    """Follows manifests: what they come to is built anew when they change, sparing what did not."""

    def __init__(self, source: Source, wanted: Wanted, scope: Scope, shown: _Shown) -> None:
        self._source = source
        self._wanted = wanted
        self._shown = shown
        self._scope = scope
        self._reader = ManifestReader()
        self._builder = Builder(imagined(source.options))
        self._told: frozenset[object] = frozenset()
        self._found = self._look()
        self._changed = asyncio.Event()

    async def follow(self) -> int:
        """Until somebody interrupts; the exit code, where there is nothing to follow."""
        if code := self._shown.first(self._found):
            return code
        stop = asyncio.Event()
        watching = asyncio.gather(
            watch(self._source.filenames, self._changed.set, self._changed.set, stop), self._show_changes()
        )
        try:
            await watching
        finally:
            stop.set()
        return 0

    async def _show_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            before, self._found = self._found, self._look()
            for change, obj in changes(before.objects, self._found.objects):
                self._shown.show([obj], change)

    def _look(self) -> Found:
        snapshot = self._builder.build(self._reader.read(self._source.filenames), int(time.time())).snapshot
        seen = Look(view_of_snapshot(snapshot), tuple(each for each in snapshot.errors if each not in self._told))
        tell_problems(seen.problems)
        self._told = frozenset(snapshot.errors)
        return find(seen.view, self._wanted, self._scope)
