"""Pure: what is known of a lab's pods and nodes, and what the control plane is told of it."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from controlplane.clusterstate import ClusterState, StoredPod
from controlplane.objects import NamespacedName, Pod

Pods = frozenset[NamespacedName]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What kubelets and the node controller would have found out."""

    running: Pods = frozenset()  # whose process has said that it is ready
    held_back: Pods = frozenset()  # whose readiness probe fails, because a user wants that
    terminating: Pods = frozenset()
    unreachable: frozenset[str] = frozenset()  # nodes that have been silent for the grace period

    def only(self, pods: AbstractSet[NamespacedName], nodes: AbstractSet[str]) -> "Facts":
        """Without what concerns others: who comes back under an old name is somebody new."""
        return Facts(
            running=self.running & pods,
            held_back=self.held_back & pods,
            terminating=self.terminating & pods,
            unreachable=self.unreachable & nodes,
        )

    def without(self, pod: NamespacedName) -> "Facts":
        """Without what concerns one pod."""
        one = {pod}
        return msgspec.structs.replace(
            self, running=self.running - one, held_back=self.held_back - one, terminating=self.terminating - one
        )


def observed(state: ClusterState, facts: Facts) -> ClusterState:
    """The state with the facts in it."""
    pods = {key: _observed_pod(NamespacedName(*key.split("/", 1)), record, facts) for key, record in state.pods.items()}
    return msgspec.structs.replace(state, pods=pods, unreachable=tuple(sorted(facts.unreachable)))


def _observed_pod(pod: NamespacedName, record: StoredPod, facts: Facts) -> StoredPod:
    ready = pod in facts.running and pod not in facts.held_back and record.node not in facts.unreachable
    terminating = pod in facts.terminating
    if (record.ready, record.terminating) == (ready, terminating):
        return record
    return msgspec.structs.replace(record, ready=ready, terminating=terminating)


def without_pod(state: ClusterState, pod: Pod) -> ClusterState:
    """The state after the deletion of a pod: a StatefulSet's comes back under its name, others' names do not."""
    key = str(pod.key)
    if controller_kind(pod) == "StatefulSet":
        return elsewhere(state, [pod.key])
    pods = {each: record for each, record in state.pods.items() if each != key}
    return msgspec.structs.replace(state, pods=pods, deleted=tuple(sorted({*state.deleted, key})))


def elsewhere(state: ClusterState, pods: Iterable[NamespacedName]) -> ClusterState:
    """The state in which these pods are to be placed anew, with other addresses."""
    records = {key: StoredPod(ips=state.pods[key].ips) for pod in pods if (key := str(pod)) in state.pods}
    return msgspec.structs.replace(state, pods={**state.pods, **records})


def moved(before: ClusterState, after: ClusterState) -> Pods:
    """The pods that have another place or other addresses than before: whatever ran does not run there."""
    common = before.pods.keys() & after.pods.keys()
    places = ((key, before.pods[key], after.pods[key]) for key in common)
    return frozenset(
        NamespacedName(*key.split("/", 1)) for key, one, two in places if (one.node, one.ips) != (two.node, two.ips)
    )


def restored(state: ClusterState, pods: AbstractSet[NamespacedName]) -> ClusterState:
    """The state in which these deleted pods may be there again."""
    names = {str(pod) for pod in pods}
    return msgspec.structs.replace(state, deleted=tuple(key for key in state.deleted if key not in names))


def controller_kind(pod: Pod) -> str:
    """The kind of what makes the pod, empty for one that stands for itself."""
    return next((owner.kind for owner in pod.metadata.owner_references if owner.controller), "")


def users_of(addresses: Iterable[str], pods: Mapping[NamespacedName, Pod]) -> list[NamespacedName]:
    """The pods that have one of these addresses."""
    taken = set(addresses)
    return [
        key for key, pod in pods.items() if not pod.spec.host_network and taken & {ip.ip for ip in pod.status.pod_ips}
    ]
