"""Pure: a Node and a Namespace, described (`describeNode`, `describeNamespace` in kubectl's describe.go).

What only a kubelet would tell of a host (capacity, leases) is left out.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from clusterless.kubectl.printers.cluster import roles
from clusterless.kubectl.printers.durations import age, parsed
from clusterless.kubectl.printers.texts import NONE
from controlplane.objects import Namespace, Node, Pod

from .parts import annotations, labels, taints


def describe_node(node: Node, pods: Iterable[Pod], now: datetime) -> Iterator[str]:
    """The lines of a Node, up to its events; `pods` are the cluster's, `now` is in the reader's time zone."""
    yield f"Name:\t{node.metadata.name}"
    yield f"Roles:\t{','.join(roles(node.metadata.labels)) or NONE}"
    yield from labels("Labels", node.metadata.labels)
    yield from annotations(node.metadata.annotations)
    if created := parsed(node.metadata.creation_timestamp):
        yield f"CreationTimestamp:\t{created.astimezone(now.tzinfo):%a, %d %b %Y %H:%M:%S %z}"
    yield from taints(node.spec.taints)
    yield f"Unschedulable:\t{str(node.spec.unschedulable).lower()}"
    yield from _conditions(node)
    yield "Addresses:"
    yield from (f"  {address.type}:\t{address.address}" for address in node.status.addresses)
    if node.spec.pod_cidr:
        yield f"PodCIDR:\t{node.spec.pod_cidr}"
    if node.spec.pod_cidrs:
        yield f"PodCIDRs:\t{','.join(node.spec.pod_cidrs)}"
    yield from _pods([pod for pod in pods if pod.spec.node_name == node.metadata.name], now)


def _conditions(node: Node) -> Iterator[str]:
    if node.status.conditions:
        yield "Conditions:"
        yield "  Type\tStatus\tReason\tMessage"
        yield "  ----\t------\t------\t-------"
        yield from (
            f"  {each.type} \t{each.status} \t{each.reason} \t{each.message}" for each in node.status.conditions
        )


def _pods(pods: Iterable[Pod], now: datetime) -> Iterator[str]:
    present = [pod for pod in pods if pod.status.phase not in ("Succeeded", "Failed")]
    yield f"Non-terminated Pods:\t({len(present)} in total)"
    if present:
        yield "  Namespace\tName\tAge"
        yield "  ---------\t----\t---"
        for pod in present:
            yield f"  {pod.metadata.namespace}\t{pod.metadata.name}\t{age(pod.metadata.creation_timestamp, now)}"


def describe_namespace(namespace: Namespace) -> Iterator[str]:
    """The lines of a Namespace."""
    yield f"Name:\t{namespace.metadata.name}"
    yield from labels("Labels", namespace.metadata.labels)
    yield from annotations(namespace.metadata.annotations)
    yield f"Status:\t{namespace.status.get('phase', '')}"
