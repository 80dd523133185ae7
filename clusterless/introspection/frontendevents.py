"""Pure: what became of the addresses and ports on which a node serves, and of the health of those it balances over."""

from collections.abc import Collection, Iterator, Mapping

from controlplane.objects import NamespacedName
from proxy.desired import Desired
from proxy.frontends import Conflict
from proxy.loadbalancer import HealthTarget
from proxy.loadbalancerevents import Event
from proxy.loops import Loop
from proxy.model import FrontendKey, ServicePortName

from .occurrences import Occurrence, Subject, few, normal, warning


def failure_events(
    before: Mapping[FrontendKey, str], after: Mapping[FrontendKey, str], desired: Desired
) -> Iterator[Occurrence]:
    """Frontends that could not be opened, by the reason why, and those that could after all; one event a Service."""
    failed: dict[tuple[NamespacedName, str], list[str]] = {}
    opened: dict[NamespacedName, list[str]] = {}
    for key, why in after.items():
        if before.get(key) != why and (frontend := desired.frontends.get(key)) is not None:
            failed.setdefault((_service(frontend.service), why), []).append(str(key))
    for key in before.keys() - after.keys():
        if (frontend := desired.frontends.get(key)) is not None:
            opened.setdefault(_service(frontend.service), []).append(str(key))
    for (service, why), keys in failed.items():
        yield warning("Service", service, "FailedToOpenFrontend", f"Not served at {few(keys)}: {why}")
    for service, keys in sorted(opened.items()):
        yield normal("Service", service, "OpenedFrontend", f"Served at {few(sorted(keys))} after all")


def contest_events(before: Collection[Conflict], after: Collection[Conflict]) -> Iterator[Occurrence]:
    """Addresses and ports that two Services claim."""
    for conflict in sorted(set(after) - set(before)):
        yield warning("Service", _service(conflict.loser), "FrontendContested", conflict.message)
    still = {(conflict.key, conflict.loser) for conflict in after}
    for conflict in sorted(set(before) - set(after)):
        if (conflict.key, conflict.loser) not in still:
            text = f"{conflict.key} is no longer contested by {conflict.winner}"
            yield normal("Service", _service(conflict.loser), "FrontendUncontested", text)


def loop_events(before: Collection[Loop], after: Collection[Loop]) -> Iterator[Occurrence]:
    """Endpoints that are frontends of this node."""
    for loop in sorted(set(after) - set(before)):
        text = f"Endpoint {loop.endpoint} is a frontend of this node, and would loop: it gets no connections"
        yield warning("Service", _service(loop.service), "EndpointLoop", text)


def balancer_event(event: Event) -> Occurrence:
    """What the load balancer says of its work for a Service, in the service controller's words."""
    return Occurrence(Subject("Service", *event.service), event.type, event.reason, event.message, "service-controller")


def health_events(
    before: Collection[HealthTarget], after: Collection[HealthTarget], checked: Collection[HealthTarget]
) -> Iterator[Occurrence]:
    """Nodes out of the load balancer, and in again; `checked` are the targets that are asked now."""
    for target in sorted(set(after) - set(before)):
        yield normal("Node", NamespacedName("", target.node), "NodeHealthy", f"In rotation: {_asked(target)} is good")
    for target in sorted(set(before) - set(after)):
        if target in checked:
            text = f"Out of rotation: {_asked(target)} fails"
            yield warning("Node", NamespacedName("", target.node), "NodeUnhealthy", text)


def _asked(target: HealthTarget) -> str:
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"health check http://{host}:{target.port}{target.path}"


def _service(name: ServicePortName) -> NamespacedName:
    return NamespacedName(name.namespace, name.name)
