"""Pure: all the errors of a Service, in the order of Kubernetes' `core/validation` ValidateService."""

from collections.abc import Mapping

from controlplane import names
from controlplane.fielderrors import FieldError, forbidden, invalid, required, unsupported
from controlplane.objects import Service, ServiceSpec
from controlplane.service_types import EXTERNAL_NAME, HEADLESS, TYPES, is_headless, needs_node_ports

from . import traffic
from .cluster_ips import cluster_ip_errors
from .metadata import each_invalid, label_errors, metadata_errors
from .ports import no_ports_errors, service_port_conflicts, service_port_errors

TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"  # its deprecated name


def service_errors(service: Service) -> list[FieldError]:
    """The errors of a Service that has its defaults and allocations."""
    spec = service.spec
    return [
        # Since 1.36 (gate RelaxedServiceNameValidation) a name may begin with a digit.
        *metadata_errors(service.metadata, names.dns_1123_label),
        *_topology_errors(service.metadata.annotations),
        *no_ports_errors(service),
        *_headless_errors(spec),
        *_external_name_errors(spec),
        *service_port_errors(service),
        *label_errors("spec.selector", spec.selector),
        *traffic.session_affinity_errors(spec),
        *cluster_ip_errors(spec),
        *traffic.external_ip_errors(spec),
        *_type_errors(spec),
        *service_port_conflicts(service),
        *traffic.source_range_errors(service),
        *traffic.load_balancer_field_errors(spec),
        *traffic.external_traffic_policy_errors(spec),
        *traffic.internal_traffic_policy_errors(spec),
        *traffic.traffic_distribution_errors(spec),
        *traffic.load_balancer_status_errors(service),
    ]


def _topology_errors(annotations: Mapping[str, str]) -> list[FieldError]:
    mode, hints = annotations.get(TOPOLOGY_MODE), annotations.get(TOPOLOGY_HINTS)
    if mode is None or hints is None or mode == hints:
        return []
    detail = f"must match annotations[{TOPOLOGY_HINTS}] when both are specified"
    return [invalid(f"metadata.annotations[{TOPOLOGY_MODE}]", mode, detail)]


def _headless_errors(spec: ServiceSpec) -> list[FieldError]:
    if not (is_headless(spec) and needs_node_ports(spec)):
        return []
    return [invalid("spec.clusterIPs[0]", HEADLESS, f"may not be set to 'None' for {spec.type} services")]


def _external_name_errors(spec: ServiceSpec) -> list[FieldError]:
    if spec.type != EXTERNAL_NAME:
        return []
    excess = (
        # A manifest's clusterIP counts: the API server copies it to the plural first.
        (bool(spec.cluster_ip or spec.cluster_ips), "spec.clusterIPs"),
        (bool(spec.ip_families), "spec.ipFamilies"),
        (spec.ip_family_policy is not None, "spec.ipFamilyPolicy"),
    )
    errors = [forbidden(path, "may not be set for ExternalName services") for is_set, path in excess if is_set]
    name = spec.external_name.removesuffix(".")  # a dot at the end: fully qualified
    if not name:
        return [*errors, required("spec.externalName")]
    return errors + each_invalid("spec.externalName", name, names.dns_1123_subdomain(name))


def _type_errors(spec: ServiceSpec) -> list[FieldError]:
    if not spec.type:
        return [required("spec.type")]
    return [] if spec.type in TYPES else [unsupported("spec.type", spec.type, TYPES)]
