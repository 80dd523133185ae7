"""Pure: whom the pod takes for its client: here always the node that relays, and what a cluster would show.

The rows are those of `TestInternalExternalMasquerade` in `pkg/proxy/iptables/proxier_test.go`.
"""

from controlplane.objects import Service
from proxy.model import FrontendKind

from .findingids import FindingId
from .journey import Journey
from .origin import OriginKind


def tell_source_address(journey: Journey, service: Service, kind: FrontendKind, node: str, is_inside: bool) -> None:
    """The address that the pod sees; a finding where a cluster would show the client's own to somebody outside."""
    addresses = journey.world.view(node).primary_addresses
    shown = f" ({addresses[0]})" if addresses else ""
    kept = is_kept(service, kind, journey.origin.kind, is_inside=is_inside)
    cluster = "kube-proxy would keep the client's address" if kept else "as with kube-proxy, which masquerades here"
    journey.note("seen as", f"{node}{shown}, which relays the connection, is the client to the pod", cluster)
    if not is_inside and service.spec.external_traffic_policy == "Local":
        seen = f"externalTrafficPolicy: Local keeps the client's address in a cluster; here the pod sees {node}"
        journey.find(FindingId.CLIENT_ADDRESS_HIDDEN, seen, about=service, path="spec.externalTrafficPolicy")


def is_kept(service: Service, kind: FrontendKind, origin: OriginKind, *, is_inside: bool) -> bool:
    """Whether kube-proxy leaves the source address as it is."""
    if origin is OriginKind.NODE:
        return False
    if kind is FrontendKind.CLUSTER_IP:
        return is_inside and origin is OriginKind.POD
    return service.spec.external_traffic_policy == "Local"
