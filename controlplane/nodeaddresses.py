"""Pure: which of a node's addresses stand for it."""

from .netaddr import sloppy_address
from .objects import Node


def host_ips(node: Node) -> tuple[str, ...]:
    """What `status.hostIPs` says of the node's pods: its InternalIPs, then its ExternalIPs; one of each family.

    The rule is `GetNodeHostIPs` in `pkg/util/node/node.go`.
    """
    texts = [a.address for kind in ("InternalIP", "ExternalIP") for a in node.status.addresses if a.type == kind]
    by_family: dict[str, str] = {}
    for text in texts:
        address = sloppy_address(text)
        if address is not None:
            by_family.setdefault(address.family, str(address))
    return tuple(by_family.values())
