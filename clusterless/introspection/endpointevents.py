"""Pure: endpoints that came into and went out of a Service's rotation, one event for all that went for one cause."""

from collections.abc import Iterator, Mapping, Sequence

from controlplane.objects import Endpoint, EndpointSlice, Service

from .occurrences import Occurrence, few, normal, warning

Endpoints = Mapping[str, Endpoint]  # by their first address, the only one that is used


def ready_endpoints(slices: Sequence[EndpointSlice]) -> Endpoints:
    """Those that take new connections."""
    return {address: each for address, each in _endpoints(slices).items() if each.conditions.is_ready}


def endpoint_events(
    service: Service, before: Sequence[EndpointSlice], after: Sequence[EndpointSlice]
) -> Iterator[Occurrence]:
    """What is new in `after`."""
    were, are, all_now = ready_endpoints(before), ready_endpoints(after), _endpoints(after)
    ready = f"{len(are)} of {len(all_now)} ready"
    if came := [_name(address, each) for address, each in are.items() if address not in were]:
        yield normal("Service", service.key, "EndpointsAdded", f"In rotation: {few(came)} ({ready})")
    went: dict[str, list[str]] = {}
    for address, each in were.items():
        if address not in are:
            went.setdefault(_cause(all_now.get(address)), []).append(_name(address, each))
    for cause, names in went.items():
        text = f"Out of rotation, {cause}: {few(names)} ({ready})"
        yield normal("Service", service.key, "EndpointsRemoved", text)
    if were and not are:
        text = "No endpoint is ready: new connections are refused"
        if any(each.conditions.is_serving for each in all_now.values()):
            text = "No endpoint is ready: new connections go to those that are terminating"
        yield warning("Service", service.key, "NoReadyEndpoints", text)


def _endpoints(slices: Sequence[EndpointSlice]) -> Endpoints:
    return {each.addresses[0]: each for piece in slices for each in piece.endpoints if each.addresses}


def _cause(now: Endpoint | None) -> str:
    if now is None:
        return "gone"
    return "terminating" if now.conditions.is_terminating else "not ready"


def _name(address: str, endpoint: Endpoint) -> str:
    reference = endpoint.target_ref
    return f"{address} ({reference.kind} {reference.name})" if reference and reference.name else address
