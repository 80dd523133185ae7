"""Pure: the port numbers that a Service's ports lead to on a pod (`FindPort` in `k8s.io/endpointslice/utils.go`)."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from .objects import ContainerPort, EndpointPort, Pod, Service, ServicePort

Ports: TypeAlias = tuple[EndpointPort, ...]


def numeric_ports(service: Service) -> Ports | None:
    """The endpoint ports that all pods have alike; `None` if a `targetPort` is a name, which each pod resolves."""
    ports = service.spec.ports
    if any(isinstance(port.target_port, str) for port in ports):
        return None
    return tuple(_endpoint_port(port, port.target_port) for port in ports if isinstance(port.target_port, int))


def ports_on(service: Service, pod: Pod) -> Ports:
    """The endpoint ports of one pod, in the Service's order; a port whose name the pod does not know is left out."""
    numbers = ((port, _number_on(port, pod)) for port in service.spec.ports)
    return tuple(_endpoint_port(port, number) for port, number in numbers if number)


def _number_on(port: ServicePort, pod: Pod) -> int:
    """0 if there is none: the first container port that has the name and the protocol counts."""
    if isinstance(port.target_port, int):
        return port.target_port
    found = declaration(port, pod)
    return found.port.container_port if found else 0


class Declaration(NamedTuple):
    """A container's port, and the container."""

    container: str
    port: ContainerPort


def declaration(port: ServicePort, pod: Pod) -> Declaration | None:
    """Where the pod declares the port that a `targetPort` names; `None` if nowhere."""
    wanted = port.target_port
    return next((d for d in declared_ports(pod) if d.port.name == wanted and _same(d.port, port)), None)


def declared_ports(pod: Pod) -> Iterator[Declaration]:
    """The ports of the containers, then those of the sidecars."""
    for container in pod.spec.containers:
        for port in container.ports:
            yield Declaration(container.name, port)
    for container in pod.spec.init_containers:
        if container.restart_policy == "Always":
            for port in container.ports:
                yield Declaration(container.name, port)


def _same(container_port: ContainerPort, service_port: ServicePort) -> bool:
    return (container_port.protocol or "TCP") == (service_port.protocol or "TCP")


def _endpoint_port(port: ServicePort, number: int) -> EndpointPort:
    return EndpointPort(name=port.name, port=number, protocol=port.protocol or "TCP", app_protocol=port.app_protocol)
