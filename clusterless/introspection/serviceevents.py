"""Pure: what became of a Service, with the reasons and texts of the cloud provider's service controller.

Source: cloud-provider's `controllers/service/controller.go` (`needsUpdate`), which tells of fewer fields.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from controlplane.objects import EndpointSlice, Service, manifest_name

from .endpointevents import ready_endpoints
from .occurrences import Occurrence, normal

_Shown = Callable[[Service], str]


def created(service: Service, slices: Sequence[EndpointSlice]) -> Occurrence:
    """A new Service."""
    spec = service.spec
    if spec.type == "ExternalName":
        return normal("Service", service.key, "Created", f"Created ExternalName Service to {spec.external_name}")
    what = "headless Service" if service.is_headless else f"{spec.type} Service at {_cluster_ips(service)}"
    ports = f", ports {_ports(service)}" if spec.ports else ""
    ready = f", {len(ready_endpoints(slices))} ready endpoints"
    return normal("Service", service.key, "Created", f"Created {what}{ports}{ready}")


def deleted(service: Service) -> Occurrence:
    """A Service that is no more."""
    return normal("Service", service.key, "Deleted", f"Deleted {service.spec.type} Service")


def updates(before: Service, after: Service) -> Iterator[Occurrence]:
    """What was changed about a Service, one event a field."""
    for reason, shown in _FIELDS.items():
        old, new = shown(before), shown(after)
        if old != new:
            yield normal("Service", after.key, reason, f"{old} -> {new}")
    others = [
        f"spec.{manifest_name(field)}"
        for field in before.spec.__struct_fields__
        if field not in _TOLD and getattr(before.spec, field) != getattr(after.spec, field)
    ]
    if _ports(before) != _ports(after):
        others.remove("spec.ports")
    others += [
        f"metadata.{field}"
        for field in ("labels", "annotations")
        if getattr(before.metadata, field) != getattr(after.metadata, field)
    ]
    if others:
        yield normal("Service", after.key, "Updated", f"Updated {', '.join(others)}")


def _ports(service: Service) -> str:
    ports = [
        f"{each.port}:{each.node_port}/{each.protocol}" if each.node_port else f"{each.port}/{each.protocol}"
        for each in service.spec.ports
    ]
    return ",".join(ports) or "<none>"


def _cluster_ips(service: Service) -> str:
    return ",".join(service.spec.cluster_ips or [service.spec.cluster_ip or "<none>"])


def _selector(service: Service) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(service.spec.selector.items())) or "<none>"


def _ingress(service: Service) -> str:
    addresses = [each.ip or each.hostname for each in service.status.load_balancer.ingress]
    return ",".join(addresses) or ("<pending>" if service.spec.type == "LoadBalancer" else "<none>")


def _go_slice(items: Sequence[str]) -> str:
    """As Go's `%v` prints a slice."""
    return f"[{' '.join(items)}]"


_FIELDS: dict[str, _Shown] = {
    "Type": lambda each: each.spec.type,
    "ClusterIP": _cluster_ips,
    "Ports": _ports,
    "Selector": _selector,
    "ExternalName": lambda each: each.spec.external_name or "<none>",
    "ExternalIP": lambda each: _go_slice(each.spec.external_ips),
    "LoadbalancerIP": lambda each: each.spec.load_balancer_ip,
    "LoadBalancerIngress": _ingress,
    "LoadBalancerSourceRanges": lambda each: _go_slice(each.spec.load_balancer_source_ranges),
    "ExternalTrafficPolicy": lambda each: each.spec.external_traffic_policy or "<none>",
    "InternalTrafficPolicy": lambda each: each.spec.internal_traffic_policy or "<none>",
    "SessionAffinity": lambda each: each.spec.session_affinity,
    "HealthCheckNodePort": lambda each: str(each.spec.health_check_node_port),
}

# What the rows above speak of; changed target ports and names of ports show as `spec.ports`.
_TOLD = frozenset(
    {
        "type", "cluster_ip", "cluster_ips", "selector", "external_name", "external_ips", "load_balancer_ip",
        "load_balancer_source_ranges", "external_traffic_policy", "internal_traffic_policy", "session_affinity",
        "health_check_node_port",
    }
)  # fmt: skip

assert set(_TOLD) <= set(msgspec.structs.asdict(Service().spec)), "the fields of a Service's spec"
