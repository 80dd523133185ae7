"""Pure: which endpoints a node may use: kube-proxy's `CategorizeEndpoints` (`pkg/proxy/topology.go`)."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from .endpoints import EndpointInfo
from .model import Endpoint


class TrafficPolicy(NamedTuple):
    """What a Service port asks for: its two policies, and whether it has addresses for clients from outside."""

    internal_local: bool = False
    external_local: bool = False
    is_externally_accessible: bool = False

    @property
    def uses_cluster_endpoints(self) -> bool:
        """Even externalTrafficPolicy Local needs them, for clients inside the cluster."""
        return not self.internal_local or self.is_externally_accessible

    @property
    def uses_local_endpoints(self) -> bool:
        """Whether some traffic must stay on its node."""
        return self.internal_local or (self.external_local and self.is_externally_accessible)


class Categories(NamedTuple):
    """The usable endpoints, in the order that they were given; `None` where the Service uses no such list."""

    cluster: tuple[Endpoint, ...] | None
    local: tuple[Endpoint, ...] | None
    all_reachable: tuple[Endpoint, ...]  # the union of both
    has_any: bool  # an endpoint that works exists somewhere, perhaps out of this node's reach


class LeftOut(Enum):
    """Why an endpoint is not in a list; the values are for people."""

    NOT_READY = "not ready"
    GONE = "terminating, and not serving any more"
    TERMINATING = "terminating, and others are ready"
    OTHER_NODE = "on another node, and the traffic policy is Local"
    NODE_HINTS = "hinted for another node"
    ZONE_HINTS = "hinted for another zone"


class _TopologyMode(Enum):
    NONE = "no hints, or hints that do not help"
    SAME_NODE = "PreferSameNode"
    SAME_ZONE = "PreferSameZone"


def categorize_endpoints(infos: Sequence[EndpointInfo], policy: TrafficPolicy, node_name: str, zone: str) -> Categories:
    """The lists for a node in a zone (`""` is no zone).

    Each list falls back on its own: ready endpoints, else those that serve while they terminate.
    """
    cluster = _cluster(infos, node_name, zone) if policy.uses_cluster_endpoints else None
    local = _local(infos, node_name) if policy.uses_local_endpoints else None
    has_any = any(info.ready or info.is_serving_while_terminating for info in infos)
    return Categories(cluster, local, _union(infos, cluster, local), has_any)


def _cluster(infos: Sequence[EndpointInfo], node_name: str, zone: str) -> tuple[Endpoint, ...]:
    ready = [info for info in infos if info.ready]
    match _topology_mode(ready, node_name, zone):
        case _TopologyMode.SAME_NODE:
            ready = [info for info in ready if node_name in info.node_hints]
        case _TopologyMode.SAME_ZONE:
            ready = [info for info in ready if zone in info.zone_hints]
    return _or_terminating(ready, infos)


def _local(infos: Sequence[EndpointInfo], node_name: str) -> tuple[Endpoint, ...]:
    local = [info for info in infos if _is_local(info, node_name)]
    return _or_terminating([info for info in local if info.ready], local)


def _or_terminating(ready: Sequence[EndpointInfo], infos: Sequence[EndpointInfo]) -> tuple[Endpoint, ...]:
    chosen = ready or [info for info in infos if info.is_serving_while_terminating]
    return tuple(info.endpoint for info in chosen)


def _topology_mode(ready: Sequence[EndpointInfo], node_name: str, zone: str) -> _TopologyMode:
    """All or nothing: one ready endpoint without a hint, or none hinted for here, and hints are passed over."""
    if _hinted(ready, lambda info: info.node_hints, node_name):
        return _TopologyMode.SAME_NODE
    if _hinted(ready, lambda info: info.zone_hints, zone):
        return _TopologyMode.SAME_ZONE
    return _TopologyMode.NONE


def _hinted(ready: Sequence[EndpointInfo], hints: Callable[[EndpointInfo], frozenset[str]], here: str) -> bool:
    return all(hints(info) for info in ready) and any(here in hints(info) for info in ready)


def why_left_out(
    info: EndpointInfo, infos: Sequence[EndpointInfo], node_name: str, zone: str, *, is_local: bool
) -> LeftOut | None:
    """Why the local list, or else the cluster's, of a node in a zone is without one of `infos`; `None`: it is not."""
    if not info.ready and not info.is_serving_while_terminating:
        return LeftOut.GONE if info.terminating else LeftOut.NOT_READY
    if is_local and not _is_local(info, node_name):
        return LeftOut.OTHER_NODE
    used = _local(infos, node_name) if is_local else _cluster(infos, node_name, zone)
    if info.endpoint in used:
        return None
    if not info.ready:
        return LeftOut.TERMINATING
    mode = _topology_mode([each for each in infos if each.ready], node_name, zone)
    return LeftOut.NODE_HINTS if mode is _TopologyMode.SAME_NODE else LeftOut.ZONE_HINTS


def _is_local(info: EndpointInfo, node_name: str) -> bool:
    return bool(info.endpoint.node) and info.endpoint.node == node_name


def _union(
    infos: Sequence[EndpointInfo], cluster: tuple[Endpoint, ...] | None, local: tuple[Endpoint, ...] | None
) -> tuple[Endpoint, ...]:
    if cluster is None or local is None:
        return cluster or local or ()
    either = {*cluster, *local}
    return tuple(info.endpoint for info in infos if info.endpoint in either)
