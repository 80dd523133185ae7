"""Pure: whether a pod may run on a node: nodeSelector, taints and tolerations, as kube-scheduler filters.

Sources: `pkg/scheduler/framework/plugins/{nodeaffinity,tainttoleration,nodeunschedulable}`,
`component-helpers/scheduling/corev1`, `pkg/controller/nodelifecycle`.
"""

from collections.abc import Iterable

from .objects import Node, PodSpec, Taint, Toleration

_KEEPS_OFF = ("NoSchedule", "NoExecute")
_UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_NOT_READY = Taint(key="node.kubernetes.io/not-ready", effect="NoExecute")
_UNREACHABLE = Taint(key="node.kubernetes.io/unreachable", effect="NoExecute")
_BY_READY_STATUS = {"False": _NOT_READY, "Unknown": _UNREACHABLE}


def fits(spec: PodSpec, node: Node) -> bool:
    """Whether the node's labels and taints let the pod in. (`nodeName` goes past the scheduler, and past this.)"""
    return spec.node_selector.items() <= node.metadata.labels.items() and is_tolerated(spec.tolerations, node)


def is_tolerated(tolerations: Iterable[Toleration], node: Node) -> bool:
    """Whether every taint that keeps pods off the node is tolerated."""
    listed = tuple(tolerations)
    return all(any(_tolerates(toleration, taint) for toleration in listed) for taint in _taints_of(node))


def _taints_of(node: Node) -> list[Taint]:
    """The node's own taints that keep pods off, and those that the control plane would add."""
    taints = [taint for taint in node.spec.taints if taint.effect in _KEEPS_OFF]
    if node.spec.unschedulable:
        taints.append(_UNSCHEDULABLE)
    ready = next((c.status for c in node.status.conditions if c.type == "Ready"), "True")
    if ready in _BY_READY_STATUS:
        taints.append(_BY_READY_STATUS[ready])
    return taints


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect not in ("", taint.effect) or toleration.key not in ("", taint.key):
        return False
    match toleration.operator:
        case "Exists":
            return True
        case "" | "Equal":
            return toleration.value == taint.value
        case _:
            return False
