"""Pure: one thing that happened to one object, before it is counted and given a time."""

from collections.abc import Collection
from typing import NamedTuple

from controlplane.objects import NamespacedName
from proxy.loadbalancerevents import EventType

__all__ = ["EventType", "Occurrence", "Subject", "few"]


class Subject(NamedTuple):
    """What an event is about; the namespace of a cluster-scoped object is empty."""

    kind: str
    namespace: str
    name: str


class Occurrence(NamedTuple):
    """Two that are equal are one event that happened twice."""

    subject: Subject
    type: EventType
    reason: str  # in CamelCase, Kubernetes' where it has one
    message: str
    component: str = "clusterless"


def normal(kind: str, key: NamespacedName, reason: str, message: str) -> Occurrence:
    """What is as it should be."""
    return Occurrence(Subject(kind, *key), EventType.NORMAL, reason, message)


def warning(kind: str, key: NamespacedName, reason: str, message: str) -> Occurrence:
    """What somebody should look at."""
    return Occurrence(Subject(kind, *key), EventType.WARNING, reason, message)


def few(items: Collection[str], most: int = 3) -> str:
    """As kubectl shortens a list: `a, b, c + 2 more...`."""
    shown = ", ".join(list(items)[:most])
    return f"{shown} + {len(items) - most} more..." if len(items) > most else shown
