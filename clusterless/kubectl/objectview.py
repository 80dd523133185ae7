"""Pure: the objects of a cluster as typed values, whether they come from manifests or from a running agent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from controlplane.encode import Encodable
from controlplane.endpointsobjects import all_endpoints
from controlplane.objects import (
    KINDS,
    Endpoints,
    EndpointSlice,
    Event,
    Namespace,
    NamespacedName,
    Node,
    Pod,
    Service,
)
from controlplane.snapshot import Snapshot

_Object = TypeVar("_Object", bound=Encodable)


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """What `get`, `describe` and pictures show; mappings are sorted by namespace and name.

    Slices are by the Service that they belong to, each Service's sorted by name; those that bear no Service's label
    are under their namespace and the name `""`.
    """

    namespaces: Mapping[str, Namespace] = msgspec.field(default_factory=dict)
    nodes: Mapping[str, Node] = msgspec.field(default_factory=dict)
    pods: Mapping[NamespacedName, Pod] = msgspec.field(default_factory=dict)
    services: Mapping[NamespacedName, Service] = msgspec.field(default_factory=dict)
    slices: Mapping[NamespacedName, tuple[EndpointSlice, ...]] = msgspec.field(default_factory=dict)
    endpoints: Mapping[NamespacedName, Endpoints] = msgspec.field(default_factory=dict)
    events: tuple[Event, ...] = ()

    def slices_of(self, service: NamespacedName) -> tuple[EndpointSlice, ...]:
        """The EndpointSlices of a Service, sorted by name."""
        return self.slices.get(service, ())

    def events_of(self, obj: Encodable) -> tuple[Event, ...]:
        """The events that speak of an object."""
        about = (type(obj).__name__, *obj.key)
        return tuple(
            event
            for event in self.events
            if (event.involved_object.kind, event.involved_object.namespace, event.involved_object.name) == about
        )

    def all_slices(self) -> Iterator[EndpointSlice]:
        """All EndpointSlices, sorted by namespace and name."""
        yield from sorted((piece for pieces in self.slices.values() for piece in pieces), key=lambda each: each.key)


def view_of_snapshot(snapshot: Snapshot, events: Iterable[Event] = ()) -> ObjectView:
    """The objects of a snapshot, with the Endpoints that a cluster would have besides."""
    return ObjectView(
        namespaces=snapshot.namespaces,
        nodes=dict(sorted(snapshot.nodes.items())),
        pods=snapshot.pods,
        services=snapshot.services,
        slices={**snapshot.slices, **by_service(snapshot.loose_slices)},
        endpoints=all_endpoints(snapshot.endpoints, snapshot.services, snapshot.slices),
        events=tuple(events),
    )


def view_of_lists(lists: Mapping[str, Mapping[str, Any]]) -> ObjectView:
    """The objects of an API server's JSON lists, by plural name (`services`, `endpointslices`); others are empty."""

    def objects(plural: str, struct: type[_Object]) -> Sequence[_Object]:
        items = lists.get(plural, {}).get("items") or ()
        return sorted((decoded(item, struct) for item in items), key=lambda each: each.key)

    return ObjectView(
        namespaces={each.metadata.name: each for each in objects("namespaces", Namespace)},
        nodes={each.metadata.name: each for each in objects("nodes", Node)},
        pods={each.key: each for each in objects("pods", Pod)},
        services={each.key: each for each in objects("services", Service)},
        slices=by_service(objects("endpointslices", EndpointSlice)),
        endpoints={each.key: each for each in objects("endpoints", Endpoints)},
        events=tuple(decoded(item, Event) for item in lists.get("events", {}).get("items") or ()),
    )


def decoded_kind(item: Mapping[str, Any], kind: str) -> Encodable:
    """As `decoded`, of a kind by its name."""
    return decoded(item, Event if kind == "Event" else KINDS[kind].struct)


def decoded(item: Mapping[str, Any], struct: type[_Object]) -> _Object:
    """The object that an API server's JSON stands for; unknown fields are passed over, and null is nothing.

    Raises msgspec.ValidationError for what is no such object.
    """
    try:
        return msgspec.convert(item, struct)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(item), struct)


def by_service(slices: Iterable[EndpointSlice]) -> dict[NamespacedName, tuple[EndpointSlice, ...]]:
    """Sorted slices by the Service that they belong to."""
    found: dict[NamespacedName, list[EndpointSlice]] = {}
    for piece in slices:
        found.setdefault(piece.service_key or NamespacedName(piece.metadata.namespace, ""), []).append(piece)
    return {key: tuple(pieces) for key, pieces in sorted(found.items())}


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_nulls(item) for name, item in value.items() if item is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value
