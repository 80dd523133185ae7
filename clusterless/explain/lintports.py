"""Pure: ports of a Service that lead nowhere, since names or protocols do not meet."""

from collections.abc import Iterator, Sequence

from controlplane.builtin import DNS_SERVICE
from controlplane.endpointslices import MANAGED_BY, SLICE_CONTROLLER
from controlplane.objects import ContainerPort, EndpointPort, EndpointSlice, Pod, Service, ServicePort
from controlplane.targetports import declaration, declared_ports

from .findingids import FindingId
from .journey import finding
from .model import Finding


def port_findings(service: Service, pods: Sequence[Pod], slices: Sequence[EndpointSlice]) -> Iterator[Finding]:
    """`pods` are those that the selector matches, `slices` all of the Service's."""
    if service.spec.type == "ExternalName":
        return
    for index, port in enumerate(service.spec.ports):
        if (found := undeclared(service, index, port, pods)) is not None:
            yield found
        if (found := unjoined(service, index, port, slices)) is not None:
            yield found
    yield from _same_number(service)


def undeclared(service: Service, index: int, port: ServicePort, pods: Sequence[Pod]) -> Finding | None:
    """A named targetPort that pods do not declare."""
    if not isinstance(port.target_port, str) or not pods:
        return None
    lacking = [pod for pod in pods if declaration(port, pod) is None]
    if not lacking:
        return None
    known = sorted({_declared(each.port) for pod in lacking for each in declared_ports(pod)})
    count = f"{len(pods) - len(lacking)} of {len(pods)} pods"
    seen = f'targetPort "{port.target_port}" ({port.protocol}) is declared by {count}'
    seen += f"; they declare {', '.join(known)}" if known else "; they declare no ports"
    return finding(FindingId.TARGET_PORT_NOT_DECLARED, seen, "", service, path=f"spec.ports[{index}].targetPort")


def _declared(port: ContainerPort) -> str:
    place = f"{port.container_port}/{port.protocol or 'TCP'}"
    return f'"{port.name}" ({place})' if port.name else f"{place} without a name"


def unjoined(service: Service, index: int, port: ServicePort, slices: Sequence[EndpointSlice]) -> Finding | None:
    """A port that hand-written endpoints have under another name or protocol."""
    if service.spec.selector or any(piece.metadata.labels.get(MANAGED_BY) == SLICE_CONTROLLER for piece in slices):
        return None
    filled = [piece for piece in slices if piece.endpoints]
    if not filled or any(_joins(port, each) for piece in filled for each in piece.ports):
        return None
    ports = (each for piece in filled for each in piece.ports)
    names = sorted({f'"{each.name}" ({each.port}/{each.protocol or "TCP"})' for each in ports})
    theirs = f"the endpoints' ports are {', '.join(names)}" if names else "the endpoints have no ports"
    seen = f'the Service\'s port is "{port.name}" ({port.port}/{port.protocol}), {theirs}'
    path = f"spec.ports[{index}].name" if port.name else f"spec.ports[{index}]"
    return finding(FindingId.PORT_NAME_MISMATCH, seen, "", service, path=path)


def _joins(port: ServicePort, other: EndpointPort) -> bool:
    return (port.name, port.protocol or "TCP") == (other.name, other.protocol or "TCP") and bool(other.port)


def _same_number(service: Service) -> Iterator[Finding]:
    protocols: dict[int, list[str]] = {}
    if service.key == DNS_SERVICE:  # every cluster has it so
        return
    for index, port in enumerate(service.spec.ports):
        known = protocols.setdefault(port.port, [])
        known.append(port.protocol or "TCP")
        if len(known) == 2:
            seen = f"port {port.port} is listed for {' and '.join(known)}"
            yield finding(FindingId.TCP_AND_UDP_SAME_PORT, seen, "", service, path=f"spec.ports[{index}]")
