"""Pure: which of a frontend's two sides a client is on."""

from collections.abc import Collection, Sequence

from .addresstext import is_loopback_address, is_within
from .model import Endpoint, Frontend, FrontendKind


def side_of(
    frontend: Frontend, client: str, cluster_cidrs: Collection[str], local_addresses: Collection[str]
) -> Sequence[Endpoint]:
    """The endpoints for a client's address. A clusterIP is for inside, whoever comes: kube-proxy judges by destination.

    `cluster_cidrs` are the ranges of pods, `local_addresses` the node's own.
    """
    if frontend.internal is frontend.external or frontend.kind is FrontendKind.CLUSTER_IP:
        return frontend.internal
    return frontend.internal if is_inside(client, cluster_cidrs, local_addresses) else frontend.external


def is_inside(client: str, cluster_cidrs: Collection[str], local_addresses: Collection[str]) -> bool:
    """Pods, as far as their ranges are known, and processes of this node are short-circuited."""
    return client in local_addresses or is_loopback_address(client) or is_within(client, cluster_cidrs)
