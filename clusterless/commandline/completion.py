"""Shell completion: the scripts that shells load, and the kinds and names that stand behind `get` and `describe`."""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

_VARIABLE = "_CLUSTERLESS_COMPLETE"


def script(command: click.Command, shell: str) -> str:
    """What a shell loads to complete `clusterless` with."""
    completion = get_completion_class(shell)
    assert completion is not None, f"click has no completion for {shell}"
    return completion(command, {}, "clusterless", _VARIABLE).source()


def complete_resources(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A kind first, of which several may be joined by commas, then names of its objects; or `KIND/NAME`."""
    words: tuple[str, ...] = context.params.get("resources") or ()
    if "/" in incomplete:
        kind, slash, name = incomplete.partition("/")
        return [CompletionItem(f"{kind}{slash}{each}") for each in _names(context, kind, name)]
    if not words:
        return [CompletionItem(word) for word in _kinds(incomplete)]
    return [CompletionItem(name) for name in _names(context, words[0], incomplete) if name not in words]


def complete_formats(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `-o` may say; the argument of those that take one is the user's own."""
    from clusterless.kubectl.printers.output import formats  # noqa: PLC0415

    return [CompletionItem(each) for each in formats() if each.startswith(incomplete)]


def complete_namespaces(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The namespaces that there are."""
    return [CompletionItem(name) for name in _names(context, "namespaces", incomplete)]


def _kinds(incomplete: str) -> list[str]:
    from clusterless.kubectl.printers.arguments import completions  # noqa: PLC0415  to load when somebody completes

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{word}" for word in completions(last)]


def _names(context: click.Context, kind: str, incomplete: str) -> Iterable[str]:
    """The names that there are; none where the source cannot be asked, since nobody wants to read why here."""
    from clusterless.configuration.kubeproxyconfig import ConfigError  # noqa: PLC0415
    from clusterless.introspection.client import ServerError  # noqa: PLC0415
    from clusterless.kubectl.printers.arguments import ArgumentError, resource_named  # noqa: PLC0415
    from clusterless.kubectl.printers.selection import objects_of  # noqa: PLC0415
    from clusterless.kubectl.sources import look, source_of  # noqa: PLC0415

    try:
        resource = resource_named(kind)
        source = source_of(context.params)
        view = look(source, [resource.name], source.namespace).view
    except (ArgumentError, ConfigError, ServerError):
        return []
    return sorted(
        obj.metadata.name
        for obj in objects_of(view, resource)
        if obj.metadata.name.startswith(incomplete)
        and (not resource.namespaced or source.namespace in ("", obj.metadata.namespace))
    )
