"""Pure: which nodes may receive traffic from outside: as a node's own health says it, and as a load balancer decides.

Sources: `pkg/proxy/healthcheck/proxy_health.go`; `stableNodeSetPredicates` in cloud-provider's
`controllers/service/controller.go`.
"""

from controlplane.objects import Node

TAINT_TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
LABEL_EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"

_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})  # what Go's strconv.ParseBool takes for false


def is_leaving(node: Node) -> bool:
    """Whether the node is being deleted, or the cluster autoscaler means to."""
    return bool(node.metadata.deletion_timestamp) or any(t.key == TAINT_TO_BE_DELETED for t in node.spec.taints)


def is_eligible(node: Node | None) -> bool:
    """What `/healthz` of a node's proxy says about its Node, `None` if there is none of its name."""
    return node is not None and not is_leaving(node)


def serves_load_balancers(node: Node) -> bool:
    """Whether a load balancer may use the node. One that is not ready is left to the health check (KEP-3458).

    The label excludes by its value since cloud-provider 0.34: `false` includes, what is no truth value excludes.
    """
    label = node.metadata.labels.get(LABEL_EXCLUDE)
    return not is_leaving(node) and (label is None or label in _FALSE)
