"""Pure: which host a user means: a node, a host outside, a pod, or some pod of a workload or Service, as in kubectl."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from controlplane.objects import NamespacedName, OwnerReference, Pod
from controlplane.snapshot import Snapshot
from controlplane.workloads import POD_TEMPLATE_HASH

from .topology import Host, Role, Topology

_WORKLOADS = {
    **dict.fromkeys(("deploy", "deployment", "deployments"), "Deployment"),
    **dict.fromkeys(("rs", "replicaset", "replicasets"), "ReplicaSet"),
    **dict.fromkeys(("sts", "statefulset", "statefulsets"), "StatefulSet"),
    **dict.fromkeys(("ds", "daemonset", "daemonsets"), "DaemonSet"),
}
_PODS = ("po", "pod", "pods")
_NODES = ("no", "node", "nodes")
_SERVICES = ("svc", "service", "services")
_SHOWN = 12  # names, where none is near


class NotFoundError(Exception):
    """There is no such host; the text says so in kubectl's words."""


def find(text: str, namespace: str, topology: Topology, snapshot: Snapshot) -> Host:
    """The host that `text` means: `NAME`, `NAMESPACE/NAME` or `KIND/NAME`. Raises NotFoundError."""
    kind, _, name = text.rpartition("/")
    kind = kind.lower()
    if kind in _WORKLOADS or kind in _SERVICES:
        return _of_many(kind, NamespacedName(namespace, name), topology, snapshot)
    if not kind or kind in _NODES:
        for host in topology.hosts:
            if name in (host.name, *host.addresses) and not (kind and host.role is not Role.NODE):
                return host
    wanted = NamespacedName(namespace if not kind or kind in _PODS else kind, name)
    for host in topology.hosts:
        if host.pod == wanted:
            return host
    raise _not_found(text, name, kind, namespace, topology)


def find_pod(text: str, namespace: str, topology: Topology, snapshot: Snapshot) -> Host:
    """The pod that `text` means. Raises NotFoundError, also for a host that is no pod."""
    host = find(text, namespace, topology, snapshot)
    if host.role is not Role.POD:
        raise NotFoundError(f'pods "{text}" not found: {host.name} is a {host.role}')
    return host


def find_node(text: str, topology: Topology) -> Host:
    """The node of that name. Raises NotFoundError."""
    name = text.rpartition("/")[2]
    nodes = [host for host in topology.hosts if host.role is Role.NODE]
    found = next((host for host in nodes if host.name == name), None)
    if found is None:
        raise NotFoundError(f'nodes "{name}" not found{_instead(name, [host.name for host in nodes])}')
    return found


def _of_many(kind: str, wanted: NamespacedName, topology: Topology, snapshot: Snapshot) -> Host:
    if kind in _SERVICES:
        keys = _pods_of_service(wanted, snapshot)
    else:
        is_owner = _owns(_WORKLOADS[kind], wanted.name)
        keys = [
            key for key, pod in snapshot.pods.items() if key.namespace == wanted.namespace and _is_owned(pod, is_owner)
        ]
    hosts = {host.pod: host for host in topology.hosts if host.pod}
    found = next((hosts[key] for key in keys if key in hosts), None)
    if found is None:
        raise NotFoundError(f'no pod of {kind} "{wanted.name}" found in namespace "{wanted.namespace}"')
    return found


def _pods_of_service(service: NamespacedName, snapshot: Snapshot) -> list[NamespacedName]:
    endpoints = (endpoint for piece in snapshot.slices_of(service) for endpoint in piece.endpoints)
    targets = (endpoint.target_ref for endpoint in endpoints)
    return [NamespacedName(target.namespace, target.name) for target in targets if target and target.kind == "Pod"]


def _owns(kind: str, name: str) -> Callable[[OwnerReference, Pod], bool]:
    """Whether a pod's owner is the workload; a Deployment's pods belong to a ReplicaSet that bears its name."""

    def is_owner(owner: OwnerReference, pod: Pod) -> bool:
        if kind == "Deployment":
            return owner.kind == "ReplicaSet" and owner.name == f"{name}-{pod.metadata.labels.get(POD_TEMPLATE_HASH)}"
        return (owner.kind, owner.name) == (kind, name)

    return is_owner


def _is_owned(pod: Pod, is_owner: Callable[[OwnerReference, Pod], bool]) -> bool:
    return any(is_owner(owner, pod) for owner in pod.metadata.owner_references)


def _not_found(text: str, name: str, kind: str, namespace: str, topology: Topology) -> NotFoundError:
    pods = [host.pod for host in topology.hosts if host.pod]
    here = [pod.name for pod in pods if pod.namespace == namespace]
    others = [str(pod) for pod in pods if pod.name == name]
    names = [host.name for host in topology.hosts if host.pod is None]
    if others:
        return NotFoundError(f'pods "{name}" not found; there is {", ".join(others)} (-n NAMESPACE)')
    what = "nodes" if kind in _NODES else "pods"
    return NotFoundError(f'{what} "{text if kind not in _PODS else name}" not found{_instead(name, [*here, *names])}')


def _instead(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    starting = [each for each in names if each.startswith(name)] if name else []
    close = starting[:3] or get_close_matches(name, names, 3)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; there are {', '.join(names[:_SHOWN])}{more}"
