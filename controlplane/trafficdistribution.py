"""Pure: the hints by which `trafficDistribution` keeps traffic near (`k8s.io/endpointslice/trafficdist`)."""

from .objects import EndpointHints, NamedHint, Service

_SAME_NODE = "PreferSameNode"
_NEAR = ("PreferClose", "PreferSameZone", _SAME_NODE)
# The older annotation, in the order of its spellings' precedence, makes the field void (`hintsEnabled`).
_TOPOLOGY_ANNOTATIONS = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")


def distribution_of(service: Service) -> str:
    """The Service's `trafficDistribution`, or `""` where it has no effect."""
    distribution = service.spec.traffic_distribution or ""
    if distribution not in _NEAR or _has_topology_mode(service):
        return ""
    return distribution


def hints_for(distribution: str, zone: str | None, node: str | None) -> EndpointHints | None:
    """The hints of a ready endpoint in `zone` on `node`: its own zone, and its own node if that is preferred."""
    for_zones = (NamedHint(name=zone),) if distribution and zone else ()
    for_nodes = (NamedHint(name=node),) if distribution == _SAME_NODE and node else ()
    if not for_zones and not for_nodes:
        return None
    return EndpointHints(for_zones=for_zones, for_nodes=for_nodes)


def _has_topology_mode(service: Service) -> bool:
    annotations = service.metadata.annotations
    mode = next((annotations[name] for name in _TOPOLOGY_ANNOTATIONS if name in annotations), "")
    return mode in ("Auto", "auto")
