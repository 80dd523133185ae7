"""Pure: where a document has the mistake that a field error tells of, and what to change, in our own words."""

from collections.abc import Iterable, Mapping

from .fielderrors import ErrorType, FieldError
from .hints import nearest_name
from .objects import Service

_SERVICE_TYPES = {  # what people call Services that are of another type, in lower case without hyphens
    "headless": "a headless Service is of type ClusterIP, with `clusterIP: None`",
    "none": "a headless Service is of type ClusterIP, with `clusterIP: None`",
    "externalip": "a Service with `externalIPs` is of type ClusterIP, or of any other",
    "externalips": "a Service with `externalIPs` is of type ClusterIP, or of any other",
    "noneselector": "a Service without selector is of type ClusterIP",
}
_DETAILS = {
    "may not change once set": "what is set once stays: delete the object and create it again",
    "field is immutable": "what is set once stays: delete the object and create it again",
    "may not be used when `type` is 'ClusterIP'": "it takes `type: NodePort` or `type: LoadBalancer`",
    "may only be set for externally-accessible services": (
        "it takes `type: NodePort`, `type: LoadBalancer` or `externalIPs`"
    ),
    "this cluster is not configured for dual-stack services": (
        "`--service-cluster-ip-range` takes a range of each family, with a comma between them"
    ),
}
_LOOPBACK = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
_LOOPBACK_HINT = "`--allow-loopback-endpoints` permits it, for endpoints on this host"
_APPLICATION_PROTOCOLS = ("HTTP", "HTTPS", "HTTP2", "GRPC")


def written_path(path: str, raw: Mapping[str, object]) -> str:
    """The field that an error at `path` is about, as the document spells it.

    The API server says `clusterIPs` also to those who wrote `clusterIP`, which is a list's first item there.
    """
    spec = raw.get("spec")
    if path.startswith("spec.clusterIPs") and isinstance(spec, Mapping) and "clusterIPs" not in spec:
        return "spec.clusterIP"
    return path


def hint_of(error: FieldError) -> str:
    """What to change, as far as the error alone tells it; else `""`."""
    if hint := _DETAILS.get(error.detail):
        return hint
    match error.type, error.value:
        case ErrorType.UNSUPPORTED, str(value):
            return _unsupported_hint(error, value)
        case ErrorType.INVALID, str(value) if error.path.endswith(".targetPort") and value.isdecimal():
            return f"a number stands without quotes: {value}"
        case ErrorType.INVALID, str(value) if error.path.startswith("spec.clusterIPs") and _misspells_none(value):
            return 'did you mean "None"?'
        case ErrorType.INVALID, _ if error.detail == _LOOPBACK and not error.path.startswith("spec."):
            return _LOOPBACK_HINT
        case _:
            return ""


def _misspells_none(value: str) -> bool:
    return value != "None" and value.lower() == "none"


def _unsupported_hint(error: FieldError, value: str) -> str:
    if error.path == "spec.type" and (hint := _SERVICE_TYPES.get(value.lower().replace("-", ""))):
        return hint
    if error.path.endswith(".protocol") and value.upper() in _APPLICATION_PROTOCOLS:
        return f"{value} is spoken over TCP: `protocol` is the transport, `appProtocol` what is spoken over it"
    supported = frozenset(error.detail.removeprefix("supported values: ").replace('"', "").split(", "))
    meant = nearest_name(value, supported)
    return f'did you mean "{meant}"?' if meant else ""


def holder_hint(error: FieldError, services: Iterable[Service]) -> str:
    """Which Service has the number that is already allocated; else `""`."""
    if not error.detail.endswith("is already allocated"):
        return ""
    holder = next((service for service in services if _holds(service, error)), None)
    return f'Service "{holder.metadata.name}" in namespace "{holder.metadata.namespace}" has it' if holder else ""


def _holds(service: Service, error: FieldError) -> bool:
    if isinstance(error.value, int):
        return error.value in _node_ports(service)
    return any(f" {address}: " in error.detail for address in service.spec.cluster_ips)


def _node_ports(service: Service) -> set[int]:
    return {service.spec.health_check_node_port, *(port.node_port for port in service.spec.ports)}
