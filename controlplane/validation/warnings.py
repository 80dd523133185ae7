"""Pure: what the API server accepts with a warning (Kubernetes `pkg/api/service/warnings.go` and its siblings)."""

from collections.abc import Iterator

import msgspec

from controlplane.netaddr import address_warning, cidr_warning
from controlplane.objects import AnyObject, EndpointSlice, Service, ServiceSpec
from controlplane.service_types import CLUSTER_IP, EXTERNAL_NAME, HEADLESS

from .services import TOPOLOGY_HINTS, TOPOLOGY_MODE


class FieldWarning(msgspec.Struct, frozen=True):
    """A warning, and the field that it is about; the message is whole, as kubectl prints it after `Warning: `."""

    path: str
    message: str


def warnings(obj: AnyObject) -> list[FieldWarning]:
    """The warnings about an object, in the API server's order."""
    match obj:
        case Service():
            return list(_service_warnings(obj))
        case EndpointSlice(address_type="FQDN"):
            return [FieldWarning("addressType", "spec.addressType: FQDN type is deprecated.")]
        case _:
            return []


def _service_warnings(service: Service) -> Iterator[FieldWarning]:
    spec = service.spec
    if TOPOLOGY_HINTS in service.metadata.annotations:
        message = f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
        yield FieldWarning(f"metadata.annotations[{TOPOLOGY_HINTS}]", message)
    headless = spec.type == CLUSTER_IP and spec.cluster_ip == HEADLESS
    if headless:
        yield from _headless_warnings(spec)
    if spec.external_ips and not headless and spec.type != EXTERNAL_NAME:
        message = "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
        yield FieldWarning("spec.externalIPs", message)
    yield from _spelling_warnings(spec)
    yield from _type_warnings(spec)


def _headless_warnings(spec: ServiceSpec) -> Iterator[FieldWarning]:
    if spec.load_balancer_ip:
        yield FieldWarning("spec.loadBalancerIP", "spec.loadBalancerIP is ignored for headless services")
    if spec.external_ips:
        yield FieldWarning("spec.externalIPs", "spec.externalIPs is ignored for headless services")
    if spec.session_affinity not in ("", "None"):
        # Kubernetes' own capital S.
        yield FieldWarning("spec.sessionAffinity", "spec.SessionAffinity is ignored for headless services")


def _spelling_warnings(spec: ServiceSpec) -> Iterator[FieldWarning]:
    """IPv6 addresses and CIDRs that are right, but not in their one spelling."""
    cluster_ips = spec.cluster_ips or (spec.cluster_ip,)
    addresses = [(f"spec.clusterIPs[{index}]", text) for index, text in enumerate(cluster_ips)]
    addresses += [(f"spec.externalIPs[{index}]", text) for index, text in enumerate(spec.external_ips)]
    addresses.append(("spec.loadBalancerIP", spec.load_balancer_ip))
    for path, text in addresses:
        if message := address_warning(path, text):
            yield FieldWarning(path, message)
    for index, text in enumerate(spec.load_balancer_source_ranges):
        path = f"spec.loadBalancerSourceRanges[{index}]"
        if message := cidr_warning(path, text.strip()):
            yield FieldWarning(path, message)


def _type_warnings(spec: ServiceSpec) -> Iterator[FieldWarning]:
    if spec.type == EXTERNAL_NAME and spec.external_ips:
        yield FieldWarning("spec.externalIPs", 'spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.type != EXTERNAL_NAME and spec.external_name:
        yield FieldWarning("spec.externalName", 'spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.traffic_distribution == "PreferClose":
        message = 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
        yield FieldWarning("spec.trafficDistribution", message)
