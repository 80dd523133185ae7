"""Pure: what is legal in manifests and surely not meant: findings about a cluster that `check` and `explain` share."""

from collections.abc import Iterator, Sequence

from controlplane.netaddr import parse_address
from controlplane.objects import NamespacedName, Service
from controlplane.podindex import PodIndex
from controlplane.service_types import EXTERNAL_NAME, LOAD_BALANCER
from controlplane.snapshot import Snapshot
from proxy.loadbalancer import NO_NODE_PORTS, is_ours, load_balancers

from .findingids import FindingId
from .journey import finding
from .lintports import port_findings
from .lintselectors import selector_findings
from .model import Finding
from .world import addresses_of

# Generic top-level domains, and the words of the cluster's own names. Countries' and newer domains are words that
# people use for stages and teams (dev, app, qa): to warn of those would be noise.
_SHADOWING = frozenset(
    ("com", "net", "org", "edu", "gov", "mil", "int", "arpa", "info", "biz", "io", "local", "svc", "pod")
)


def findings(snapshot: Snapshot, load_balancer_ranges: Sequence[str] = ()) -> Iterator[Finding]:
    """All findings of a cluster; `load_balancer_ranges` are those that a load balancer would give addresses from."""
    yield from _namespaces(snapshot)
    index = PodIndex(snapshot.pods.values())
    peopled = {key.namespace for key in snapshot.pods}
    for service in snapshot.services.values():
        pods = index.matching(service.metadata.namespace, service.spec.selector)
        if service.spec.selector and not pods and service.metadata.namespace in peopled:
            yield from selector_findings(snapshot, service)
        yield from port_findings(service, pods, snapshot.slices_of(service.key))
        yield from kind_findings(service)
    yield from _pending(snapshot, load_balancer_ranges)
    yield from _slices(snapshot)
    yield from _contested(snapshot)


def kind_findings(service: Service) -> Iterator[Finding]:
    """Fields that a Service of its kind has no use for."""
    if service.spec.type == EXTERNAL_NAME:
        yield from _external_name(service)
    elif service.is_headless:
        for path, value in _policies(service):
            yield finding(
                FindingId.HEADLESS_IGNORES_FIELD, f"{path}: {value} on a headless Service", "", service, path=path
            )


def _policies(service: Service) -> Iterator[tuple[str, str]]:
    spec = service.spec
    if spec.internal_traffic_policy == "Local":
        yield "spec.internalTrafficPolicy", "Local"
    if spec.traffic_distribution:
        yield "spec.trafficDistribution", str(spec.traffic_distribution)


def _external_name(service: Service) -> Iterator[Finding]:
    spec = service.spec
    if parse_address(spec.external_name.rstrip(".")) is not None:
        seen = f"externalName is {spec.external_name}, and a CNAME leads to names only"
        yield finding(FindingId.EXTERNAL_NAME_IS_AN_ADDRESS, seen, "", service, path="spec.externalName")
    for path, is_set in (("spec.ports", bool(spec.ports)), ("spec.selector", bool(spec.selector))):
        if is_set:
            seen = f"{path} on an ExternalName Service"
            yield finding(FindingId.EXTERNAL_NAME_IGNORES_FIELD, seen, "", service, path=path)


def pending_finding(service: Service) -> Finding | None:
    """A load balancer that will not get an address from ours, for a reason that its manifest has."""
    if service.spec.type != LOAD_BALANCER or any(
        each.ip or each.hostname for each in service.status.load_balancer.ingress
    ):
        return None
    if not is_ours(service):
        kind = service.spec.load_balancer_class
        seen = f'loadBalancerClass "{kind}" is another implementation\'s: `clusterless loadbalancer` passes it over'
        change = "leave loadBalancerClass out, unless that implementation runs"
        return finding(FindingId.LOAD_BALANCER_PENDING, seen, change, service, path="spec.loadBalancerClass")
    if not any(port.node_port for port in service.spec.ports):
        change = "leave allocateLoadBalancerNodePorts out"
        path = "spec.allocateLoadBalancerNodePorts"
        return finding(FindingId.LOAD_BALANCER_PENDING, NO_NODE_PORTS, change, service, path=path)
    return None


def _pending(snapshot: Snapshot, ranges: Sequence[str]) -> Iterator[Finding]:
    told: set[NamespacedName] = set()
    for service in snapshot.services.values():
        if (found := pending_finding(service)) is not None:
            told.add(service.key)
            yield found
    if not ranges:
        return
    for key, each in load_balancers(snapshot, ranges, {}, ()).balanced.items():
        if (reason := each.failure or each.unmet_wish) and key not in told:
            path = "spec.loadBalancerIP" if each.unmet_wish else "spec.type"
            change = "leave loadBalancerIP out, or wish for a free address of the range" if each.unmet_wish else ""
            yield finding(FindingId.LOAD_BALANCER_PENDING, reason, change, each.service, path=path)


def _contested(snapshot: Snapshot) -> Iterator[Finding]:
    """Services that name one address and port; whoever comes later by name is told."""
    first: dict[tuple[str, int, str], Service] = {}
    for service in snapshot.services.values():
        for address in addresses_of(service):
            for port in service.spec.ports:
                owner = first.setdefault((address, port.port, port.protocol), service)
                if owner is not service:
                    seen = f"{address}:{port.port}/{port.protocol} is {owner.key}'s too"
                    path = "spec.externalIPs" if address in service.spec.external_ips else "spec.ports"
                    yield finding(FindingId.ADDRESS_CLAIMED_TWICE, seen, "", service, path=path)


def _namespaces(snapshot: Snapshot) -> Iterator[Finding]:
    for name, namespace in snapshot.namespaces.items():
        if name in _SHADOWING:
            seen = f"a Service NAME in namespace {name} answers for NAME.{name} in every pod"
            yield finding(FindingId.NAMESPACE_SHADOWS_NAMES, seen, "", namespace, path="metadata.name")


def _slices(snapshot: Snapshot) -> Iterator[Finding]:
    for key, pieces in snapshot.slices.items():
        if key in snapshot.services:
            continue
        for piece in pieces:
            seen = f"its label says Service {key.name}, which namespace {key.namespace} does not have"
            path = "metadata.labels[kubernetes.io/service-name]"
            change = f"write the Service {key.name}, or the name of one that there is into the label"
            yield finding(FindingId.SLICE_WITHOUT_SERVICE, seen, change, piece, path=path)
