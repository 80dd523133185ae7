"""Pure: a Pod, described (`describePod` in kubectl's describe.go), as far as anything here knows of it.

What only a kubelet or the manifest's other fields would tell (volumes, resources, states of containers) is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from clusterless.kubectl.printers.durations import UNKNOWN, age
from clusterless.kubectl.printers.texts import NONE
from controlplane.objects import Container, ContainerPort, Pod
from controlplane.podstatus import is_finished, is_terminating

from .parts import annotations, labels, tolerations


def describe_pod(pod: Pod, now: datetime) -> Iterator[str]:
    """The lines of a Pod, up to its events."""
    yield f"Name:\t{pod.metadata.name}"
    yield f"Namespace:\t{pod.metadata.namespace}"
    yield f"Node:\t{pod.spec.node_name}/{pod.status.host_ip}" if pod.spec.node_name else f"Node:\t{NONE}"
    yield from labels("Labels", pod.metadata.labels)
    yield from annotations(pod.metadata.annotations)
    yield from _status(pod, now)
    yield from _addresses(pod)
    if controller := next((each for each in pod.metadata.owner_references if each.controller), None):
        yield f"Controlled By:\t{controller.kind}/{controller.name}"
    yield from _containers("Init Containers", pod.spec.init_containers)
    yield from _containers("Containers", pod.spec.containers)
    if pod.status.conditions:
        yield "Conditions:"
        yield "  Type\tStatus"
        yield from (f"  {each.type} \t{each.status} " for each in pod.status.conditions)
    yield from labels("Node-Selectors", pod.spec.node_selector)
    yield from tolerations(pod.spec.tolerations)


def _status(pod: Pod, now: datetime) -> Iterator[str]:
    if not is_terminating(pod) or is_finished(pod):
        yield f"Status:\t{pod.status.phase}"
        return
    since = age(pod.metadata.deletion_timestamp, now)
    yield "Status:\tTerminating" + ("" if since == UNKNOWN else f" (lasts {since})")
    if pod.metadata.deletion_grace_period_seconds is not None:
        yield f"Termination Grace Period:\t{pod.metadata.deletion_grace_period_seconds}s"


def _addresses(pod: Pod) -> Iterator[str]:
    yield f"IP:\t{pod.status.pod_ip}"
    if not pod.status.pod_ips:
        yield f"IPs:\t{NONE}"
        return
    yield "IPs:"
    yield from (f"  IP:\t{each.ip}" for each in pod.status.pod_ips)


def _containers(title: str, containers: Sequence[Container]) -> Iterator[str]:
    if containers:
        yield f"{title}:"
    for container in containers:
        yield f"  {container.name}:"
        yield f"    Image:\t{container.image}"
        yield from _ports("Port", [_port(port) for port in container.ports])
        yield from _ports("Host Port", [f"{port.host_port}/{port.protocol}" for port in container.ports])
        yield from _environment(container)


def _ports(title: str, ports: Sequence[str]) -> Iterator[str]:
    yield f"    {title}{'s' if len(ports) > 1 else ''}:\t{', '.join(ports) or NONE}"


def _port(port: ContainerPort) -> str:
    """`8080/TCP (http)`."""
    return f"{port.container_port}/{port.protocol}" + (f" ({port.name})" if port.name else "")


def _environment(container: Container) -> Iterator[str]:
    yield "    Environment:" if container.env else f"    Environment:\t{NONE}"
    for variable in container.env:
        yield from _variable(variable.name, variable.value.split("\n"))


def _variable(name: str, lines: Iterable[str]) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield f"      \t{line}" if index else f"      {name}:\t{line}"
