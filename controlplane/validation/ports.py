"""Pure: port numbers, names and protocols, and the ports of a Service (`core/validation` validateServicePort)."""

from controlplane import names
from controlplane.fielderrors import FieldError, duplicate, forbidden, invalid, required, unsupported
from controlplane.objects import Protocol, Service, ServicePort
from controlplane.service_types import CLUSTER_IP, is_headless

from .metadata import each_invalid

RANGE = "must be between 1 and 65535, inclusive"


def port_number_errors(path: str, port: int) -> list[FieldError]:
    """The error of a port number that must be set."""
    return [] if 1 <= port <= 65535 else [invalid(path, port, RANGE)]


def protocol_errors(path: str, protocol: str) -> list[FieldError]:
    """The error of a transport protocol that must be set."""
    if not protocol:
        return [required(path)]
    return [] if protocol in Protocol.__members__ else [unsupported(path, protocol, Protocol)]


def app_protocol_errors(path: str, app_protocol: str | None) -> list[FieldError]:
    """The errors of an optional application protocol."""
    return [] if app_protocol is None else each_invalid(path, app_protocol, names.qualified_name(app_protocol))


def service_port_errors(service: Service) -> list[FieldError]:
    """The errors of each port by itself; with several ports each needs a name of its own."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, port in enumerate(service.spec.ports):
        path = f"spec.ports[{index}]"
        errors += _name_errors(f"{path}.name", port.name, seen, needed=len(service.spec.ports) > 1)
        errors += port_number_errors(f"{path}.port", port.port)
        errors += protocol_errors(f"{path}.protocol", port.protocol)
        errors += _target_port_errors(f"{path}.targetPort", port.target_port)
        errors += app_protocol_errors(f"{path}.appProtocol", port.app_protocol)
    return errors


def _name_errors(path: str, name: str, seen: set[str], *, needed: bool) -> list[FieldError]:
    if not name:
        return [required(path)] if needed else []
    errors = each_invalid(path, name, names.dns_1123_label(name))
    if name in seen:
        errors.append(duplicate(path, name))
    seen.add(name)
    return errors


def _target_port_errors(path: str, target: int | str) -> list[FieldError]:
    if isinstance(target, int):
        return port_number_errors(path, target)
    return each_invalid(path, target, names.port_name(target))


def no_ports_errors(service: Service) -> list[FieldError]:
    """The error of a Service that must have ports and has none."""
    spec = service.spec
    return [] if spec.ports or is_headless(spec) or spec.type == "ExternalName" else [required("spec.ports")]


def service_port_conflicts(service: Service) -> list[FieldError]:
    """The errors of the ports among each other: node ports where there are none, and the same number twice."""
    ports = service.spec.ports
    errors: list[FieldError] = []
    if service.spec.type == CLUSTER_IP:
        errors += [
            forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
            for index, port in enumerate(ports)
            if port.node_port
        ]
    if len(ports) > 1:
        errors += _duplicate_node_ports(ports) + _duplicate_ports(ports)
    return errors


def _duplicate_node_ports(ports: tuple[ServicePort, ...]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        if port.node_port and (port.protocol, port.node_port) in seen:
            errors.append(duplicate(f"spec.ports[{index}].nodePort", port.node_port))
        seen.add((port.protocol, port.node_port))
    return errors


def _duplicate_ports(ports: tuple[ServicePort, ...]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        if (port.protocol, port.port) in seen:
            errors.append(duplicate(f"spec.ports[{index}]", _as_the_api_server_prints(port)))
        seen.add((port.protocol, port.port))
    return errors


def _as_the_api_server_prints(port: ServicePort) -> dict[str, object]:
    """The key that it compares by, in its own internal spelling: only protocol and port are filled."""
    return {
        "Name": "",
        "Protocol": port.protocol,
        "AppProtocol": None,
        "Port": port.port,
        "TargetPort": 0,
        "NodePort": 0,
    }
