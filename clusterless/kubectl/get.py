"""`clusterless get`: objects as kubectl prints them, once or for as long as they change."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click

from clusterless.introspection.apipaths import selection
from clusterless.introspection.resources import Resource
from controlplane.encode import encoded
from controlplane.problems import Problem, Reason
from controlplane.problems import render as render_problems

from .printers.arguments import ArgumentError, Request, request
from .printers.customcolumns import CustomTable, custom_columns
from .printers.output import Format, Output, as_json, by_path, document
from .printers.selection import Found, Scope, find, nothing_found
from .printers.sorting import sorted_by
from .printers.table import Table, TableOptions, named
from .sources import Source, look


class GetFlags(NamedTuple):
    """What the flags of `get` say, but for those of its source."""

    output: Output = Output(Format.TABLE)
    headings: bool = True
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    sort_by: str = ""
    field_selector: str = ""
    ignore_not_found: bool = False


def get(source: Source, arguments: Sequence[str], flags: GetFlags) -> int:
    """Print what the arguments ask for; the exit code.

    Raises ArgumentError, JSONPathError, ServerError.
    """
    asked = checked(source, request(arguments), flags.field_selector)
    scopes = [scope_of(source, each.resource, flags.field_selector) for each in asked.wanted]
    seen = look(source, [each.resource.name for each in asked.wanted], source.namespace)
    is_unreadable = tell_problems(seen.problems)
    found = [
        _sorted(find(seen.view, each, scope), flags.sort_by) for each, scope in zip(asked.wanted, scopes, strict=True)
    ]
    missing = () if flags.ignore_not_found else tuple(text for each in found for text in each.missing)
    _show(source, asked, flags, found, has_missing=bool(missing))
    for text in missing:
        click.echo(text, err=True)
    return 1 if missing or is_unreadable else 0


def checked(source: Source, asked: Request, field_selector: str = "") -> Request:
    """The request, if its names can be found there. Raises ArgumentError."""
    names = any(each.names for each in asked.wanted)
    if names and (source.selector or field_selector):
        raise ArgumentError("name cannot be provided when a selector is specified")
    if names and not source.namespace and any(each.resource.namespaced for each in asked.wanted):
        raise ArgumentError("a resource cannot be retrieved by name across all namespaces")
    return asked


def scope_of(source: Source, resource: Resource, field_selector: str = "") -> Scope:
    """Where to look for objects of a resource. Raises ArgumentError for selectors that are none."""
    try:
        selected = selection(resource, {"labelSelector": source.selector, "fieldSelector": field_selector})
    except ValueError as error:
        raise ArgumentError(str(error)) from error
    return Scope(source.namespace, selected.labels, selected.fields if field_selector else None)


def tell_problems(problems: Sequence[Problem]) -> bool:
    """Say on stderr which objects of the manifests a cluster would refuse; whether a file could not be read."""
    for line in render_problems(problems):
        click.echo(line, err=True)
    return any(problem.reason is Reason.PARSE for problem in problems)


def table_options(source: Source, asked: Request, flags: GetFlags) -> TableOptions:
    """How the flags want tables."""
    return TableOptions(
        is_wide=flags.output.format is Format.WIDE,
        with_kind=asked.several_types,
        with_namespace=not source.namespace,
        headings=flags.headings,
        show_labels=flags.show_labels,
        label_columns=flags.label_columns,
    )


def _sorted(found: Found, path: str) -> Found:
    return found._replace(objects=tuple(sorted_by(path, found.objects))) if path else found


def _show(source: Source, asked: Request, flags: GetFlags, found: Sequence[Found], *, has_missing: bool) -> None:
    if flags.output.is_table:
        _show_tables(source, asked, flags, found, has_missing=has_missing)
        return
    if flags.output.format is Format.NAME:
        for each in found:
            _echo(named(each.resource, obj) for obj in each.objects)
        return
    objects = [encoded(obj) for each in found for obj in each.objects]
    if objects or not has_missing:
        click.echo(Writer(flags).text(objects, is_single=asked.names_one), nl=False)


class Writer:
    """Encoded objects in a form that is no table of kubectl's; headings stand above the first ones alone.

    Raises JSONPathError for columns that are none.
    """

    def __init__(self, flags: GetFlags) -> None:
        self._output = flags.output
        self._columns: CustomTable | None = None
        if flags.output.format is Format.CUSTOM_COLUMNS:
            self._columns = CustomTable(custom_columns(flags.output.argument), headings=flags.headings)

    def text(self, objects: Sequence[dict[str, Any]], *, is_single: bool) -> str:
        """What to print; one object that was asked for by its name stands alone. Raises JSONPathError."""
        if self._columns:
            return "".join(f"{line}\n" for line in self._columns.lines(objects))
        whole = document(objects, is_single=is_single)
        match self._output.format:
            case Format.YAML:
                from .yamltext import as_yaml  # noqa: PLC0415  nothing else needs it

                return as_yaml(whole)
            case Format.JSON:
                return as_json(whole) + "\n"
            case _:
                return by_path(self._output, whole)


def _show_tables(source: Source, asked: Request, flags: GetFlags, found: Sequence[Found], *, has_missing: bool) -> None:
    """Each kind's table, with a blank line between two."""
    shown = [each for each in found if each.objects]
    if not shown and not has_missing and not flags.ignore_not_found:
        click.echo(nothing_found((each.resource for each in found), source.namespace), err=True)
    for index, each in enumerate(shown):
        table = Table(each.resource, table_options(source, asked, flags))
        _echo(([""] if index else []) + table.lines(each.objects, datetime.now(UTC)))


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
