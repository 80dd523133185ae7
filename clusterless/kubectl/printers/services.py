"""Pure: the table of Services (`printService` in `pkg/printers/internalversion/printers.go`)."""

from collections.abc import Iterable

from controlplane.objects import LoadBalancerStatus, Service, ServicePort

from .durations import age
from .printer import Printer, Showing, columns
from .texts import NONE, format_labels

_INGRESS_WIDTH = 16  # loadBalancerWidth


def _cells(service: Service, showing: Showing) -> tuple[str, ...]:
    spec = service.spec
    return (
        service.metadata.name,
        spec.type,
        next(iter(spec.cluster_ips), NONE),
        external_ip(service, is_wide=showing.is_wide),
        port_list(spec.ports) or NONE,
        age(service.metadata.creation_timestamp, showing.now),
        format_labels(spec.selector),
    )


def external_ip(service: Service, *, is_wide: bool) -> str:
    """`EXTERNAL-IP`: where clients outside of the cluster find the Service."""
    external = ",".join(service.spec.external_ips)
    match service.spec.type:
        case "ClusterIP" | "NodePort":
            return external or NONE
        case "LoadBalancer":
            given = _ingress(service.status.load_balancer, is_wide=is_wide)
            return ",".join(filter(None, (given, external))) or "<pending>"
        case "ExternalName":
            return service.spec.external_name
        case _:
            return "<unknown>"


def _ingress(status: LoadBalancerStatus, *, is_wide: bool) -> str:
    """The load balancer's addresses, and its names where it has none, sorted; cut short unless wide."""
    text = ",".join(sorted({each.ip or each.hostname for each in status.ingress} - {""}))
    return text if is_wide or len(text) <= _INGRESS_WIDTH else text[: _INGRESS_WIDTH - 3] + "..."


def port_list(ports: Iterable[ServicePort]) -> str:
    """`PORT(S)`: `80/TCP`, with a node port `80:30080/TCP`."""
    return ",".join(
        f"{port.port}:{port.node_port}/{port.protocol}" if port.node_port else f"{port.port}/{port.protocol}"
        for port in ports
    )


SERVICES = Printer(columns("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "+SELECTOR"), _cells)
