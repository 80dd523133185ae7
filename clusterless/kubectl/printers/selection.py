"""Pure: the objects of a view that a request means, and what is not there."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clusterless.introspection.resources import (
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    SLICES,
    Resource,
)
from clusterless.introspection.selectors import FieldMatch, LabelMatch
from clusterless.kubectl.objectview import ObjectView
from controlplane.encode import Encodable, encoded

from .arguments import Wanted


class Scope(NamedTuple):
    """Where to look: a namespace, `""` for all, and the labels and fields that objects must have."""

    namespace: str
    labels: LabelMatch
    fields: FieldMatch | None = None

    def has(self, obj: Encodable) -> bool:
        """Whether an object has these labels and fields."""
        return self.labels(obj.metadata.labels) and (self.fields is None or self.fields(encoded(obj)))


class Found(NamedTuple):
    """The objects of one resource, in order, and what kubectl says of the names that are nobody's."""

    resource: Resource
    objects: tuple[Encodable, ...]
    missing: tuple[str, ...] = ()


def find(view: ObjectView, wanted: Wanted, scope: Scope) -> Found:
    """The objects wanted: by name in the order of the names, else all that the scope has."""
    within = [
        obj
        for obj in objects_of(view, wanted.resource)
        if not wanted.resource.namespaced or scope.namespace in ("", obj.metadata.namespace)
    ]
    if not wanted.names:
        return Found(wanted.resource, tuple(filter(scope.has, within)))
    by_name = {obj.metadata.name: obj for obj in within}
    return Found(
        wanted.resource,
        tuple(by_name[name] for name in wanted.names if name in by_name),
        tuple(not_found(wanted.resource, name) for name in wanted.names if name not in by_name),
    )


def objects_of(view: ObjectView, resource: Resource) -> Iterator[Encodable]:
    """All objects of one resource, sorted by namespace and name."""
    match resource.name:
        case SERVICES.name:
            yield from view.services.values()
        case SLICES.name:
            yield from view.all_slices()
        case ENDPOINTS.name:
            yield from view.endpoints.values()
        case PODS.name:
            yield from view.pods.values()
        case NODES.name:
            yield from view.nodes.values()
        case NAMESPACES.name:
            yield from view.namespaces.values()
        case EVENTS.name:
            yield from view.events


def not_found(resource: Resource, name: str) -> str:
    """The API server's answer to a name that nobody has, in kubectl's words."""
    return f'Error from server (NotFound): {resource.qualified_name} "{name}" not found'


def nothing_found(resources: Iterable[Resource], namespace: str) -> str:
    """What kubectl says on stderr where there is nothing; `namespace` is `""` for all."""
    if namespace and any(resource.namespaced for resource in resources):
        return f"No resources found in {namespace} namespace."
    return "No resources found"


def changes(before: Iterable[Encodable], after: Iterable[Encodable]) -> Iterator[tuple[str, Encodable]]:
    """What a watch says of two states of a list: `ADDED`, `MODIFIED` or `DELETED`, and the object."""
    old, new = ({obj.key: obj for obj in objects} for objects in (before, after))
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield "DELETED", old[key]
        elif key not in old:
            yield "ADDED", new[key]
        elif new[key] != old[key]:
            yield "MODIFIED", new[key]
