"""Pure: the tables of Nodes and Namespaces (`printNode`, `printNamespace` in `printers.go`)."""

from collections.abc import Mapping

from controlplane.objects import Namespace, Node

from .durations import UNKNOWN, age
from .printer import Printer, Showing, columns
from .texts import NONE

_ROLE = "node-role.kubernetes.io/"
_OTHER_ROLE = "kubernetes.io/role"


def _node_cells(node: Node, showing: Showing) -> tuple[str, ...]:
    facts = node.status.node_info
    return (
        node.metadata.name,
        node_status(node),
        ",".join(roles(node.metadata.labels)) or NONE,
        age(node.metadata.creation_timestamp, showing.now),
        _fact(facts, "kubeletVersion"),
        _address(node, "InternalIP"),
        _address(node, "ExternalIP"),
        _fact(facts, "osImage"),
        _fact(facts, "kernelVersion"),
        _fact(facts, "containerRuntimeVersion"),
    )


def node_status(node: Node) -> str:
    """`Ready`, `NotReady` or `Unknown`, and whether pods are kept off."""
    ready = next((each.status for each in node.status.conditions if each.type == "Ready"), "")
    said = {"True": "Ready", "": "Unknown"}.get(ready, "NotReady")
    return f"{said},SchedulingDisabled" if node.spec.unschedulable else said


def roles(labels: Mapping[str, str]) -> list[str]:
    """The node's roles, sorted: the names of its role labels, and the value of the one that has one."""
    named = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    return sorted((named | {labels.get(_OTHER_ROLE, "")}) - {""})


def _address(node: Node, kind: str) -> str:
    return next((each.address for each in node.status.addresses if each.type == kind), NONE)


def _fact(facts: Mapping[str, object], name: str) -> str:
    """What a kubelet would have told of its node; nobody does, unless the manifest has it."""
    return str(facts.get(name) or UNKNOWN)


def _namespace_cells(namespace: Namespace, showing: Showing) -> tuple[str, ...]:
    metadata = namespace.metadata
    return (metadata.name, str(namespace.status.get("phase", "")), age(metadata.creation_timestamp, showing.now))


NODES = Printer(
    columns(
        "NAME",
        "STATUS",
        "ROLES",
        "AGE",
        "VERSION",
        "+INTERNAL-IP",
        "+EXTERNAL-IP",
        "+OS-IMAGE",
        "+KERNEL-VERSION",
        "+CONTAINER-RUNTIME",
    ),
    _node_cells,
)
NAMESPACES = Printer(columns("NAME", "STATUS", "AGE"), _namespace_cells)
