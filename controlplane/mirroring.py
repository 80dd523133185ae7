"""Pure: the EndpointSlices that hand-written Endpoints yield, as the mirroring controller makes them.

Source: `pkg/controller/endpointslicemirroring/{endpointslicemirroring_controller,reconciler,utils}.go`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .endpointslices import MANAGED_BY, SERVICE_NAME
from .generatednames import generated_name
from .hints import nearest_name
from .netaddr import IPV4, IPV6, sloppy_address
from .objects import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    NamespacedName,
    ObjectMeta,
    OwnerReference,
    Service,
)
from .subsets import repack

MIRRORING_CONTROLLER = "endpointslicemirroring-controller.k8s.io"
_SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")
_MOST_ADDRESSES = 1000  # of a subset: kube-controller-manager --mirroring-max-endpoints-per-subset
_KUBERNETES = NamespacedName("default", "kubernetes")  # the API server's own: nobody forgets its endpoints

_READY = EndpointConditions(ready=True)
_NOT_READY = EndpointConditions(ready=False)


def is_mirrorable(endpoints: Endpoints) -> bool:
    """Whether the Endpoints are meant for a Service: neither kept from mirroring nor the lock of an election."""
    metadata = endpoints.metadata
    return metadata.labels.get(_SKIP_MIRROR) != "true" and _LEADER not in metadata.annotations


def should_mirror(endpoints: Endpoints, service: Service | None) -> bool:
    """Whether slices are made of the Endpoints; `service` is the Service of the same name, if there is one."""
    return service is not None and not service.spec.selector and is_mirrorable(endpoints)


def mirrored_slices(endpoints: Endpoints, service: Service) -> tuple[EndpointSlice, ...]:
    """A slice for every family and every set of ports, sorted by name; none of what has no address.

    Of a subset, a thousand addresses count, the ready ones first.
    """
    assert endpoints.key == service.key
    subsets = repack(endpoints.subsets)
    pieces = [(subset, family, found) for subset in subsets for family, found in _by_family(subset).items() if found]
    slices = [
        EndpointSlice(
            api_version="discovery.k8s.io/v1",
            kind="EndpointSlice",
            metadata=_metadata(endpoints, family, index),
            address_type=family,
            endpoints=tuple(found),
            ports=subset.ports,
        )
        for index, (subset, family, found) in enumerate(pieces)
    ]
    return tuple(sorted(slices, key=lambda piece: piece.metadata.name))


def mirroring_warnings(endpoints: Endpoints) -> list[str]:
    """What the controller would record as an event: addresses that are too many to be mirrored."""
    sizes = [len(subset.addresses) + len(subset.not_ready_addresses) for subset in repack(endpoints.subsets)]
    skipped = sum(max(0, size - _MOST_ADDRESSES) for size in sizes)
    if not skipped:
        return []
    return [
        f"A max of {_MOST_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. "
        f"{skipped} addresses were skipped"
    ]


def orphan_endpoints_warnings(
    endpoints: Iterable[Endpoints],
    services: Mapping[NamespacedName, Service],
    slices: Mapping[NamespacedName, Sequence[EndpointSlice]],
) -> list[tuple[NamespacedName, str, str]]:
    """Endpoints that bear no Service's name where one Service lacks endpoints: likely they were meant for it.

    Each is the Endpoints' key, a message that names both, and a hint.
    """
    orphans = [item for item in endpoints if item.key not in services and is_mirrorable(item)]
    lonely = _lonely_services(services, slices, {item.metadata.namespace for item in orphans})
    return [
        _orphan_warning(item.key, meant)
        for item in orphans
        if (meant := _meant_service(item.key, lonely[item.metadata.namespace])) is not None
    ]


def _meant_service(endpoints: NamespacedName, lonely: Sequence[NamespacedName]) -> NamespacedName | None:
    """The one Service that waits for endpoints; of several, the one with the nearest name."""
    if len(lonely) == 1:
        return lonely[0]
    name = nearest_name(endpoints.name, frozenset(key.name for key in lonely))
    return NamespacedName(endpoints.namespace, name) if name else None


def _lonely_services(
    services: Mapping[NamespacedName, Service],
    slices: Mapping[NamespacedName, Sequence[EndpointSlice]],
    namespaces: Iterable[str],
) -> dict[str, list[NamespacedName]]:
    """By namespace, the Services that wait for endpoints written by hand and have none."""
    lonely: dict[str, list[NamespacedName]] = {namespace: [] for namespace in namespaces}
    if not lonely:
        return lonely
    for key, service in services.items():
        by_hand = not service.spec.selector and service.spec.type != "ExternalName" and key != _KUBERNETES
        if key.namespace in lonely and by_hand and not any(piece.endpoints for piece in slices.get(key, ())):
            lonely[key.namespace].append(key)
    return lonely


def _orphan_warning(endpoints: NamespacedName, service: NamespacedName) -> tuple[NamespacedName, str, str]:
    message = (
        f'Endpoints "{endpoints.name}" belongs to no Service: none in namespace "{endpoints.namespace}" has that name, '
        f'while Service "{service.name}" has neither a selector nor endpoints'
    )
    hint = f'Endpoints serve the Service of the same name: if these are meant for it, name them "{service.name}"'
    return (endpoints, message, hint)


def _by_family(subset: EndpointSubset) -> dict[str, list[Endpoint]]:
    """The endpoints of a subset; addresses that are none are passed over, as there, and count for nothing."""
    found: dict[str, list[Endpoint]] = {IPV4: [], IPV6: []}
    counted = 0
    for address, conditions in _addresses(subset):
        parsed = sloppy_address(address.ip)
        if parsed is None or counted == _MOST_ADDRESSES:
            continue
        counted += 1
        found[parsed.family].append(_endpoint(address, str(parsed), conditions))
    return found


def _addresses(subset: EndpointSubset) -> Iterator[tuple[EndpointAddress, EndpointConditions]]:
    yield from ((address, _READY) for address in subset.addresses)
    yield from ((address, _NOT_READY) for address in subset.not_ready_addresses)


def _endpoint(address: EndpointAddress, text: str, conditions: EndpointConditions) -> Endpoint:
    return Endpoint(
        addresses=(text,),
        conditions=conditions,
        hostname=address.hostname or None,
        target_ref=address.target_ref,
        node_name=address.node_name,
    )


def _metadata(endpoints: Endpoints, family: str, index: int) -> ObjectMeta:
    namespace, name = endpoints.key
    base = f"{name}-"
    annotations = {key: value for key, value in endpoints.metadata.annotations.items() if key not in _NOT_COPIED}
    return ObjectMeta(
        name=generated_name(base, MIRRORING_CONTROLLER, namespace, family, str(index)),
        generate_name=base,
        namespace=namespace,
        labels={**endpoints.metadata.labels, SERVICE_NAME: name, MANAGED_BY: MIRRORING_CONTROLLER},
        annotations=annotations,
        owner_references=(OwnerReference(kind="Endpoints", name=name, controller=True),),
    )
