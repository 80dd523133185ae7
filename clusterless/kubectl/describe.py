"""`clusterless describe`: all that there is to say of objects, as kubectl says it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from clusterless.introspection.resources import EVENTS, Resource

from .describers.description import NEEDS, description
from .get import checked, scope_of, tell_problems
from .objectview import ObjectView
from .printers.arguments import ArgumentError, Wanted, request
from .printers.selection import Found, Scope, find, nothing_found, objects_of
from .sources import Source, look


def describe(source: Source, arguments: Sequence[str], *, show_events: bool) -> int:
    """Print the descriptions of what the arguments name; the exit code. Raises ArgumentError, ServerError."""
    asked = checked(source, request(arguments))
    resources = [each.resource for each in asked.wanted]
    if EVENTS in resources:
        raise ArgumentError('no description has been implemented for "Event"')
    scopes = [scope_of(source, each) for each in resources]
    seen = look(source, _needed(resources, show_events=show_events), _namespace(source, resources))
    is_unreadable = tell_problems(seen.problems)
    found = [find(seen.view, each, scope) for each, scope in zip(asked.wanted, scopes, strict=True)]
    if _is_kind_and_name(arguments) and not any(each.objects for each in found):
        found = _similar(seen.view, asked.wanted, scopes) or found
    _show(found, seen.view, show_events=show_events)
    missing = [text for each in found for text in each.missing]
    for text in missing:
        click.echo(text, err=True)
    if not missing and not any(each.objects for each in found):
        click.echo(nothing_found(resources, source.namespace), err=True)
    return 1 if missing or is_unreadable else 0


def _needed(resources: Iterable[Resource], *, show_events: bool) -> list[str]:
    own = [each.name for each in resources]
    needed = [*own, *(other for name in own for other in NEEDS.get(name, ()))]
    return list(dict.fromkeys([*needed, EVENTS.name] if show_events else needed))


def _namespace(source: Source, resources: Iterable[Resource]) -> str:
    """Where to look: a Node's pods are in all namespaces, and so are its events."""
    return source.namespace if all(each.namespaced for each in resources) else ""


def _is_kind_and_name(arguments: Sequence[str]) -> bool:
    """`svc web`; kubectl takes a name for the beginning of others in this form alone (its describe.go, RunDescribe)."""
    return len(arguments) == 2 and "/" not in arguments[0]


def _similar(view: ObjectView, wanted: Sequence[Wanted], scopes: Sequence[Scope]) -> list[Found]:
    """The objects whose names begin with the one that is wanted, where there are any."""
    found = []
    for each, scope in zip(wanted, scopes, strict=True):
        named = [obj for obj in objects_of(view, each.resource) if obj.metadata.name.startswith(each.names)]
        namespace = scope.namespace if each.resource.namespaced else ""
        names = [obj.metadata.name for obj in named if namespace in ("", obj.metadata.namespace)]
        if names:
            found.append(find(view, Wanted(each.resource, tuple(names)), scope))
    return found


def _show(found: Iterable[Found], view: ObjectView, *, show_events: bool) -> None:
    """Two blank lines stand between objects."""
    now = datetime.now(UTC).astimezone()
    for index, obj in enumerate(obj for each in found for obj in each.objects):
        if index:
            click.echo("\n")
        for line in description(obj, view, now, show_events=show_events):
            click.echo(line)
