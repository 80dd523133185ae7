"""Pure: the status of a Node: what its manifest says, and what was observed of the machine."""

from collections.abc import Sequence

import msgspec

from .objects import Condition, Node, NodeAddress

# What the node lifecycle controller writes when a kubelet has been silent for the grace period.
_UNREACHABLE = Condition(
    type="Ready", status="Unknown", reason="NodeStatusUnknown", message="Kubelet stopped posting node status."
)


def with_observed(node: Node, addresses: Sequence[str], *, unreachable: bool) -> Node:
    """The Node with more InternalIPs than are written, and the condition of one that nobody hears of."""
    written = tuple(each for each in node.status.addresses if each.type == "InternalIP")
    others = (each for each in node.status.addresses if each.type != "InternalIP")
    internal = (NodeAddress(type="InternalIP", address=address) for address in addresses)
    conditions = node.status.conditions
    if unreachable:
        conditions = (*(each for each in conditions if each.type != "Ready"), _UNREACHABLE)
    status = msgspec.structs.replace(node.status, addresses=(*written, *internal, *others), conditions=conditions)
    return msgspec.structs.replace(node, status=status)
