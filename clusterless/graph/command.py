"""`clusterless graph`: Services drawn with all that they lead to, from manifests or a running agent."""

from collections.abc import Callable, Iterable

import click

from clusterless.introspection.resources import SERVICES
from clusterless.kubectl.get import scope_of, tell_problems
from clusterless.kubectl.objectview import ObjectView
from clusterless.kubectl.printers.arguments import ArgumentError
from clusterless.kubectl.sources import Source, look
from controlplane.objects import NamespacedName, Service

from .dot import dot
from .mermaid import mermaid
from .picture import Picture
from .services import picture_of
from .svg import svg

# Every cluster has it, and it leads to what is not here: drawn only when it is asked for.
_KUBERNETES = NamespacedName("default", "kubernetes")

_KINDS = ("services", "endpointslices", "nodes")

FORMATS: dict[str, Callable[[Picture, str], str]] = {
    "mermaid": lambda picture, _: mermaid(picture),
    "dot": lambda picture, _: dot(picture),
    "svg": svg,
}


def graph(source: Source, names: Iterable[str], form: str) -> int:
    """Draw the Services of these names, else all that the source means; the exit code, 1 if a file is unreadable.

    Raises ServerError, and ArgumentError for a Service that is not there or where there is none at all.
    """
    seen = look(source, _KINDS)
    is_unreadable = tell_problems(seen.problems)
    services = _services(source, seen.view, tuple(names))
    titles = ", ".join(service.metadata.name for service in services)
    click.echo(FORMATS[form](picture_of(seen.view, services), f"Services and their endpoints: {titles}"), nl=False)
    return 1 if is_unreadable else 0


def _services(source: Source, view: ObjectView, names: tuple[str, ...]) -> list[Service]:
    matches = scope_of(source, SERVICES).labels
    within = [
        each
        for each in view.services.values()
        if source.namespace in ("", each.metadata.namespace) and matches(each.metadata.labels)
    ]
    wanted = [name.removeprefix("service/").removeprefix("svc/") for name in names]
    known = {each.metadata.name for each in within}
    for name in wanted:
        if name not in known:
            raise ArgumentError(f'services "{name}" not found')
    found = [each for each in within if (each.metadata.name in wanted if wanted else each.key != _KUBERNETES)]
    if not found:
        raise ArgumentError("No resources found" + (f" in {source.namespace} namespace." if source.namespace else ""))
    return found
