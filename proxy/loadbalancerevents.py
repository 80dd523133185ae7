"""Pure: what a load balancer tells of its work, as events in the words of the cloud provider's service controller.

Source: cloud-provider's `controllers/service/controller.go`.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from controlplane.objects import NamespacedName

from .loadbalancer import Balanced


class EventType(StrEnum):
    """How serious an event is."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Event(NamedTuple):
    """One event about a Service."""

    service: NamespacedName
    type: EventType
    reason: str
    message: str


_Balanced = Mapping[NamespacedName, Balanced]


def events(before: _Balanced, after: _Balanced) -> Iterator[Event]:
    """What is new in `after`."""
    for key in before.keys() - after.keys():
        yield Event(key, EventType.NORMAL, "DeletingLoadBalancer", "Deleting load balancer")
        yield Event(key, EventType.NORMAL, "DeletedLoadBalancer", "Deleted load balancer")
    for key, now in sorted(after.items()):
        known = before.get(key)
        if known is None or _is_another(known, now):
            yield from _ensured(key, now)
        elif known.nodes != now.nodes:
            yield from _updated(key, now)


def _is_another(known: Balanced, now: Balanced) -> bool:
    """Whether there is more to do than to follow the nodes; a status is our own work."""
    return (
        known.service.spec != now.service.spec
        or known.service.metadata.annotations != now.service.metadata.annotations
        or (known.addresses, known.failure, known.unmet_wish) != (now.addresses, now.failure, now.unmet_wish)
    )


def _ensured(key: NamespacedName, now: Balanced) -> Iterator[Event]:
    yield Event(key, EventType.NORMAL, "EnsuringLoadBalancer", "Ensuring load balancer")
    yield from _without_nodes(key, now)
    if now.unmet_wish:
        yield Event(key, EventType.WARNING, "LoadbalancerIP", now.unmet_wish)
    if now.failure:
        message = f"Error syncing load balancer: failed to ensure load balancer: {now.failure}"
        yield Event(key, EventType.WARNING, "SyncLoadBalancerFailed", message)
    else:
        yield Event(key, EventType.NORMAL, "EnsuredLoadBalancer", "Ensured load balancer")


def _updated(key: NamespacedName, now: Balanced) -> Iterator[Event]:
    yield from _without_nodes(key, now)
    if now.nodes:
        yield Event(key, EventType.NORMAL, "UpdatedLoadBalancer", "Updated load balancer with new hosts")


def _without_nodes(key: NamespacedName, now: Balanced) -> Iterator[Event]:
    if not now.nodes:
        message = "There are no available nodes for LoadBalancer"
        yield Event(key, EventType.WARNING, "UnAvailableLoadBalancer", message)
