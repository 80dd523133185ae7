"""Pure: the endpoints of a Service's ports, gathered from its EndpointSlices.

The rules are kube-proxy's (`pkg/proxy/endpointslicecache.go`, `pkg/proxy/endpointschangetracker.go`).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from controlplane.objects import Endpoint as SliceEndpoint
from controlplane.objects import EndpointPort, EndpointSlice

from .addresstext import canonical, family_of
from .model import Endpoint, Protocol

LABEL_HEADLESS = "service.kubernetes.io/headless"
_NO_HINTS: frozenset[str] = frozenset()


class EndpointInfo(NamedTuple):
    """An endpoint with all that decides whether it may be used; the defaults are those of unset conditions."""

    endpoint: Endpoint
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    zone_hints: frozenset[str] = _NO_HINTS
    node_hints: frozenset[str] = _NO_HINTS

    @property
    def is_serving_while_terminating(self) -> bool:
        """Whether it is the last resort when nothing is ready."""
        return self.serving and self.terminating


class PortKey(NamedTuple):
    """What joins a slice's port to a Service's: `targetPort` plays no part."""

    name: str
    protocol: Protocol


def endpoints_by_port(slices: Iterable[EndpointSlice], family: str) -> dict[PortKey, tuple[EndpointInfo, ...]]:
    """The endpoints of `family` (`IPv4`, `IPv6`) for each port name and protocol, sorted by `ADDRESS:PORT`.

    Slices of the other family, FQDN slices and slices labelled headless are passed over; so are ports without a number.
    """
    found: dict[PortKey, dict[Endpoint, EndpointInfo]] = {}
    for each in slices:
        if each.address_type != family or LABEL_HEADLESS in each.metadata.labels:
            continue
        for port in each.ports:
            if port.port:
                known = found.setdefault(_port_key(port), {})
                _add(known, each.endpoints, port.port, family)
    return {key: _sorted(known.values()) for key, known in found.items()}


def _port_key(port: EndpointPort) -> PortKey:
    return PortKey(port.name, Protocol(port.protocol or "TCP"))


def _add(known: dict[Endpoint, EndpointInfo], endpoints: Sequence[SliceEndpoint], port: int, family: str) -> None:
    """Only the first address of an endpoint counts; one that stays wins over the same one terminating elsewhere."""
    for each in endpoints:
        if not each.addresses or family_of(each.addresses[0]) != family:
            continue
        info = _info(each, port)
        identity = Endpoint(info.endpoint.address, port)
        before = known.get(identity)
        if before is None or before.terminating or not info.terminating:
            known[identity] = info


def _info(endpoint: SliceEndpoint, port: int) -> EndpointInfo:
    conditions, hints = endpoint.conditions, endpoint.hints
    return EndpointInfo(
        Endpoint(canonical(endpoint.addresses[0]), port, endpoint.node_name or ""),
        conditions.is_ready,
        conditions.is_serving,
        conditions.is_terminating,
        frozenset(zone.name for zone in hints.for_zones) if hints else _NO_HINTS,
        frozenset(node.name for node in hints.for_nodes) if hints else _NO_HINTS,
    )


def _sorted(infos: Iterable[EndpointInfo]) -> tuple[EndpointInfo, ...]:
    return tuple(sorted(infos, key=lambda info: str(info.endpoint)))
