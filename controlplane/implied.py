"""Pure: the Node and the namespaces that exist although no manifest has them."""

from collections.abc import Collection, Iterable

from . import builtin
from .netaddr import sloppy_address
from .objects import Condition, Namespace, NamespacedName, Node, NodeAddress, NodeSpec, NodeStatus, ObjectMeta, Pod
from .options import ClusterOptions


def implied_node(options: ClusterOptions) -> Node:
    """The Node that stands for this host where no Node is written; all the pods' addresses are its own."""
    name = options.hostname
    parsed = (sloppy_address(text) for text in options.node_addresses)
    internal = tuple(NodeAddress(type="InternalIP", address=str(a)) for a in parsed if a is not None)
    return Node(
        api_version="v1",
        kind="Node",
        metadata=ObjectMeta(name=name, labels={"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}),
        spec=NodeSpec(pod_cidr=options.cluster_cidrs[0], pod_cidrs=options.cluster_cidrs),
        status=NodeStatus(
            addresses=(*internal, NodeAddress(type="Hostname", address=name)),
            conditions=(Condition(type="Ready", status="True"),),
        ),
    )


def implied_namespaces(written: Collection[str], used: Iterable[str]) -> dict[str, Namespace]:
    """The namespaces that objects are `used` in and that are neither `written` nor in every cluster, sorted."""
    missing = sorted(set(used) - set(written) - set(builtin.NAMESPACES) - {""})
    return {name: builtin.namespace(name) for name in missing}


def namespace_not_found(name: str) -> tuple[str, str]:
    """What the API server says of an object in a namespace that is not there, and a hint of what happens here."""
    message = f'namespaces "{name}" not found'
    hint = f'it is implied here, while a cluster refuses the object: write a Namespace "{name}" before it'
    return message, hint


def pods_of_unknown_nodes(pods: Iterable[Pod], nodes: Collection[str]) -> list[tuple[NamespacedName, str, str]]:
    """Pods that name a node which is not there, so that no Service leads to them: key, message and hint of each."""
    return [
        (
            pod.key,
            f'node "{name}" not found: Pod "{pod.metadata.name}" is skipped as an endpoint',
            f'write a Node "{name}", or take spec.nodeName away',
        )
        for pod in pods
        if (name := pod.spec.node_name) and name not in nodes
    ]
