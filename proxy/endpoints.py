"""Pure: the endpoints of a Service's ports, gathered from its EndpointSlices.

The rules are kube-proxy's (`pkg/proxy/endpointslicecache.go`, `pkg/proxy/endpointschangetracker.go`).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from controlplane.objects import Endpoint as SliceEndpoint
from controlplane.objects import EndpointSlice

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


class _Member(NamedTuple):
    """An endpoint of a slice, which every port of the slice multiplies; `facts` follow the endpoint in its info."""

    address: str
    node: str
    facts: tuple[bool, bool, bool, frozenset[str], frozenset[str]]


def endpoints_by_port(slices: Iterable[EndpointSlice], family: str) -> dict[PortKey, tuple[EndpointInfo, ...]]:
    """The endpoints of `family` (`IPv4`, `IPv6`) for each port name and protocol, sorted by `ADDRESS:PORT`.

    Slices of the other family, FQDN slices and slices labelled headless are passed over; so are ports without a number.
    """
    found: dict[PortKey, dict[Endpoint, EndpointInfo]] = {}
    for each in slices:
        if each.address_type != family or LABEL_HEADLESS in each.metadata.labels:
            continue
        members = [_member(endpoint) for endpoint in each.endpoints if _is_of(endpoint, family)]
        for port in each.ports:
            if port.port:
                key = PortKey(port.name, Protocol(port.protocol or "TCP"))
                _add(found.setdefault(key, {}), members, port.port)
    return {key: _sorted(known.values()) for key, known in found.items()}


def _is_of(endpoint: SliceEndpoint, family: str) -> bool:
    return bool(endpoint.addresses) and family_of(endpoint.addresses[0]) == family


def _member(endpoint: SliceEndpoint) -> _Member:
    """Only the first address of an endpoint counts."""
    conditions, hints = endpoint.conditions, endpoint.hints
    return _Member(
        canonical(endpoint.addresses[0]),
        endpoint.node_name or "",
        (
            conditions.is_ready,
            conditions.is_serving,
            conditions.is_terminating,
            frozenset(zone.name for zone in hints.for_zones) if hints else _NO_HINTS,
            frozenset(node.name for node in hints.for_nodes) if hints else _NO_HINTS,
        ),
    )


def _add(known: dict[Endpoint, EndpointInfo], members: Sequence[_Member], port: int) -> None:
    """An endpoint that stays wins over the same one that terminates elsewhere; else the last one does."""
    for address, node, facts in members:
        info = EndpointInfo(Endpoint(address, port, node), *facts)
        identity = Endpoint(address, port)
        before = known.get(identity)
        if before is None or before.terminating or not info.terminating:
            known[identity] = info


def _sorted(infos: Collection[EndpointInfo]) -> tuple[EndpointInfo, ...]:
    return tuple(sorted(infos, key=lambda info: str(info.endpoint))) if len(infos) > 1 else tuple(infos)
