"""Pure: which of the wanted Pods exist already as manifests, as the workload controllers adopt and count them.

A dump of a cluster holds a Deployment, its ReplicaSet and its Pods; only what none of them brings may be made anew.
Source: `pkg/controller/controller_ref_manager.go`.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .labels import matches
from .objects import OwnerReference, Pod, Workload
from .podindex import PodIndex
from .podstatus import is_finished, is_terminating
from .workloads import POD_TEMPLATE_HASH, replicas_of


class _Owner(NamedTuple):
    kind: str
    namespace: str
    name: str


class WrittenPods:
    """The Pods and workloads that manifests bring, indexed by whose they are. Built once, then asked."""

    def __init__(self, pods: Iterable[Pod], workloads: Iterable[Workload]) -> None:
        self._workloads: set[_Owner] = set()
        self._controllers: set[_Owner] = set()  # those that workloads say they belong to
        for workload in workloads:
            self._workloads.add(_identity(workload))
            if (owner := _owner_of(workload)) is not None:
                self._controllers.add(owner)
        self._owned: defaultdict[_Owner, list[Pod]] = defaultdict(list)
        orphans: list[Pod] = []
        for pod in pods:
            controller = _controller(pod.metadata.owner_references)
            if controller is None:
                orphans.append(pod)
            else:
                self._file(pod, controller)
        self._orphans = PodIndex(orphans)

    def is_controlled(self, workload: Workload) -> bool:
        """Whether another written workload makes this one's Pods: it is a ReplicaSet whose Deployment is there."""
        return _owner_of(workload) in self._workloads

    def concerns_others(self, changed: Iterable[Workload]) -> bool:
        """Whether workloads that come, go or change may have a say in the Pods of another workload."""
        return any(_owner_of(each) is not None or _identity(each) in self._controllers for each in changed)

    def missing(self, workload: Workload, made: tuple[Pod, ...]) -> tuple[Pod, ...]:
        """Those of `made`, the Pods that `pods_of` the workload yields, that no written Pod stands for."""
        existing = self._of(workload)
        if not existing:
            return made
        match workload.kind:
            case "StatefulSet":
                names = {pod.metadata.name for pod in existing}
                return tuple(pod for pod in made if pod.metadata.name not in names)
            case "DaemonSet":
                served = {pod.spec.node_name for pod in existing}
                return tuple(pod for pod in made if pod.spec.node_name not in served)
            case _:
                active = [pod for pod in existing if not is_finished(pod) and not is_terminating(pod)]
                return made[: max(0, replicas_of(workload) - len(active))]

    def _file(self, pod: Pod, controller: OwnerReference) -> None:
        namespace = pod.metadata.namespace
        self._owned[_Owner(controller.kind, namespace, controller.name)].append(pod)
        suffix = f"-{pod.metadata.labels.get(POD_TEMPLATE_HASH, '')}"
        if controller.kind == "ReplicaSet" and controller.name.endswith(suffix):
            self._owned[_Owner("Deployment", namespace, controller.name.removesuffix(suffix))].append(pod)

    def _of(self, workload: Workload) -> list[Pod]:
        metadata, selector = workload.metadata, workload.spec.selector
        owned = self._owned.get(_Owner(workload.kind, metadata.namespace, metadata.name), [])
        if workload.kind == "Deployment" or selector is None:  # its ReplicaSet asks for a label that no orphan has
            return owned
        orphans = self._orphans.matching(metadata.namespace, selector.match_labels)
        return owned + [pod for pod in orphans if matches(selector, pod.metadata.labels)]


def _identity(workload: Workload) -> _Owner:
    return _Owner(workload.kind, workload.metadata.namespace, workload.metadata.name)


def _owner_of(workload: Workload) -> _Owner | None:
    """The workload that controls this one, as its manifest says."""
    controller = _controller(workload.metadata.owner_references)
    return _Owner(controller.kind, workload.metadata.namespace, controller.name) if controller else None


def _controller(references: Iterable[OwnerReference]) -> OwnerReference | None:
    return next((reference for reference in references if reference.controller), None)
