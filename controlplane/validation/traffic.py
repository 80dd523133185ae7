"""Pure: who may reach a Service, and how: affinity, traffic policies, external addresses, load balancers.

Source: Kubernetes `core/validation` ValidateService and its helpers, ValidateLoadBalancerStatus.
"""

from controlplane import names
from controlplane.fielderrors import FieldError, forbidden, invalid, required, unsupported
from controlplane.netaddr import sloppy_address
from controlplane.objects import LoadBalancerIngress, Service, ServiceSpec, SessionAffinityConfig
from controlplane.service_types import LOAD_BALANCER, is_externally_accessible, needs_health_check

from .addresses import address_errors, cidr_errors, special_address_errors
from .metadata import each_invalid
from .ports import port_number_errors

MAX_AFFINITY_TIMEOUT = 86400  # seconds; the message says "less than", the rule takes it too
SOURCE_RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_IP_MODES = ("Proxy", "VIP")
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"


def session_affinity_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of `sessionAffinity` and its configuration."""
    path = "spec.sessionAffinityConfig"
    match spec.session_affinity:
        case "":
            return [required("spec.sessionAffinity")]
        case "ClientIP":
            return _client_ip_errors(path, spec.session_affinity_config)
        case "None":
            excess = spec.session_affinity_config is not None
            return [forbidden(path, "must not be set when session affinity is None")] if excess else []
        case other:
            return [unsupported("spec.sessionAffinity", other, _AFFINITIES)]


def _client_ip_errors(path: str, config: SessionAffinityConfig | None) -> list[FieldError]:
    needed = "when session affinity type is ClientIP"
    if config is None:
        return [required(path, needed)]
    if config.client_ip is None:
        return [required(f"{path}.clientIP", needed)]
    seconds = config.client_ip.timeout_seconds
    path = f"{path}.clientIP.timeoutSeconds"
    if seconds is None:
        return [required(path, needed)]
    if not 0 < seconds <= MAX_AFFINITY_TIMEOUT:
        return [invalid(path, seconds, f"must be greater than 0 and less than {MAX_AFFINITY_TIMEOUT}")]
    return []


def external_ip_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of `externalIPs`."""
    errors: list[FieldError] = []
    for index, text in enumerate(spec.external_ips):
        path = f"spec.externalIPs[{index}]"
        errors += address_errors(path, text) or special_address_errors(path, text)
    return errors


def source_range_errors(service: Service) -> list[FieldError]:
    """The errors of `loadBalancerSourceRanges`, or of the annotation that was there before it."""
    ranges = service.spec.load_balancer_source_ranges
    annotation = service.metadata.annotations.get(SOURCE_RANGES_ANNOTATION)
    if ranges:
        path = "spec.LoadBalancerSourceRanges"  # Kubernetes' own capital
        values = [(f"{path}[{index}]", text) for index, text in enumerate(ranges)]
    elif annotation is not None:
        path = f"metadata.annotations[{SOURCE_RANGES_ANNOTATION}]"
        values = [(path, text) for text in annotation.split(",")] if annotation.strip() else []
    else:
        return []
    errors = [forbidden(path, _ONLY_LOAD_BALANCER)] if service.spec.type != LOAD_BALANCER else []
    return errors + [error for where, text in values for error in cidr_errors(where, text.strip())]


def load_balancer_field_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of `allocateLoadBalancerNodePorts` and `loadBalancerClass`."""
    if spec.type == LOAD_BALANCER:
        # The API server's own path has no `spec`.
        missing = [required("allocateLoadBalancerNodePorts")] if spec.allocate_load_balancer_node_ports is None else []
        kind = spec.load_balancer_class
        return missing + ([] if kind is None else each_invalid(_CLASS, kind, names.qualified_name(kind)))
    fields = (
        (spec.allocate_load_balancer_node_ports, "spec.allocateLoadBalancerNodePorts"),
        (spec.load_balancer_class, _CLASS),
    )
    return [forbidden(path, _ONLY_LOAD_BALANCER) for value, path in fields if value is not None]


_CLASS = "spec.loadBalancerClass"


def external_traffic_policy_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of `externalTrafficPolicy` and of the health check port that it may need."""
    return _external_policy_errors(spec) + _health_check_errors(spec)


def _external_policy_errors(spec: ServiceSpec) -> list[FieldError]:
    path, policy = "spec.externalTrafficPolicy", spec.external_traffic_policy
    if not is_externally_accessible(spec):
        return [invalid(path, policy, "may only be set for externally-accessible services")] if policy else []
    if not policy:
        return [required(path)]
    return [] if policy in _POLICIES else [unsupported(path, policy, _POLICIES)]


def _health_check_errors(spec: ServiceSpec) -> list[FieldError]:
    path, port = "spec.healthCheckNodePort", spec.health_check_node_port
    if needs_health_check(spec):
        return port_number_errors(path, port) if port else [required(path)]
    detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    return [invalid(path, port, detail)] if port else []


def internal_traffic_policy_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of `internalTrafficPolicy`."""
    path, policy = "spec.internalTrafficPolicy", spec.internal_traffic_policy
    if policy is None:
        return [required(path)] if spec.type in ("ClusterIP", "NodePort", LOAD_BALANCER) else []
    return [] if policy in _POLICIES else [unsupported(path, policy, _POLICIES)]


def traffic_distribution_errors(spec: ServiceSpec) -> list[FieldError]:
    """The error of `trafficDistribution`."""
    value = spec.traffic_distribution
    known = value is None or value in _DISTRIBUTIONS
    return [] if known else [unsupported("spec.trafficDistribution", value, _DISTRIBUTIONS)]


def load_balancer_status_errors(service: Service) -> list[FieldError]:
    """The errors of `status.loadBalancer`, which a manifest may bring here, as a status update may in a cluster."""
    path, ingresses = "status.loadBalancer.ingress", service.status.load_balancer.ingress
    if ingresses and service.spec.type != LOAD_BALANCER:
        return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    errors: list[FieldError] = []
    for index, ingress in enumerate(ingresses):
        errors += _ingress_errors(f"{path}[{index}]", ingress)
    return errors


def _ingress_errors(path: str, ingress: LoadBalancerIngress) -> list[FieldError]:
    errors = address_errors(f"{path}.ip", ingress.ip) if ingress.ip else []
    errors += _ip_mode_errors(f"{path}.ipMode", ingress)
    if ingress.hostname:
        where = f"{path}.hostname"
        errors += each_invalid(where, ingress.hostname, names.dns_1123_subdomain(ingress.hostname))
        if sloppy_address(ingress.hostname) is not None:
            errors.append(invalid(where, ingress.hostname, "must be a DNS name, not an IP address"))
    return errors


def _ip_mode_errors(path: str, ingress: LoadBalancerIngress) -> list[FieldError]:
    if ingress.ip_mode is None:
        return [required(path, "must be specified when `ip` is set")] if ingress.ip else []
    if not ingress.ip:
        return [forbidden(path, "may not be specified when `ip` is not set")]
    return [] if ingress.ip_mode in _IP_MODES else [unsupported(path, ingress.ip_mode, _IP_MODES)]
