"""Pure: the Pods that something outside runs, as containers do, and which of the wanted Pods they are."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from .clusterstate import FoundPod
from .labels import matches
from .nodeaddresses import host_ips
from .objects import (
    Condition,
    Container,
    NamespacedName,
    Node,
    ObjectMeta,
    Pod,
    PodIP,
    PodSpec,
    PodStatus,
    Workload,
)
from .podstatus import TERMINATING


class FoundPods:
    """Matches what was found with what is wanted; each is one Pod's. `before` is what an earlier one made.

    A Pod with `status.podIP` in its manifest is somebody else's to run, and stays as it is.
    """

    def __init__(self, found: Iterable[FoundPod], nodes: Mapping[str, Node], before: "FoundPods | None" = None) -> None:
        self._left = {each.key: each for each in found}
        self._nodes = nodes
        self._memo = before.made if before else {}
        self.made: dict[NamespacedName, tuple[Pod | None, FoundPod, Pod]] = {}

    def by_name(self, pods: Iterable[Pod]) -> list[Pod]:
        """The Pods, those that were found under their own name with the status that they have."""
        return [self._run(pod, self._left.pop(pod.key)) if self._is_found(pod) else pod for pod in pods]

    def by_label(self, workload: Workload, pods: Sequence[Pod]) -> list[Pod]:
        """A workload's Pods: for those that nothing runs, one after the other, stands what its selector matches."""
        selector = workload.spec.selector
        if selector is None or not self._left:
            return list(pods)
        namespace = workload.metadata.namespace
        fitting = iter(
            [
                each
                for key, each in sorted(self._left.items())
                if key.namespace == namespace and matches(selector, each.labels)
            ]
        )
        return [self._stood_for(pod, fitting) for pod in pods]

    def others(self) -> list[Pod]:
        """Pods of their own: what was found and nobody wanted."""
        left, self._left = self._left, {}
        return [self._run(None, each) for _, each in sorted(left.items())]

    def _is_found(self, pod: Pod) -> bool:
        found = self._left.get(pod.key)
        if found is None:
            return False
        if pod.status.pod_ip or pod.status.pod_ips:
            del self._left[pod.key]
            return False
        return True

    def _stood_for(self, pod: Pod, fitting: Iterable[FoundPod]) -> Pod:
        if pod.status.pod_ip:
            return pod
        found = next(iter(fitting), None)
        return pod if found is None else self._run(pod, self._left.pop(found.key))

    def _run(self, pod: Pod | None, found: FoundPod) -> Pod:
        """The Pod with the status of what runs it; the object of last time where it can be."""
        key = pod.key if pod else found.key
        before = self._memo.get(key)
        if before is None or before[0] is not pod or before[1] != found:
            before = (pod, found, self._with_status(pod or _pod(found), found))
        self.made[key] = before
        return before[2]

    def _with_status(self, pod: Pod, found: FoundPod) -> Pod:
        only = next(iter(self._nodes)) if len(self._nodes) == 1 else ""
        name = pod.spec.node_name or found.node or only
        spec = msgspec.structs.replace(pod.spec, node_name=name)
        hosts = host_ips(self._nodes[name]) if name in self._nodes else ()
        return msgspec.structs.replace(pod, spec=spec, status=_status(found, hosts))


def _pod(found: FoundPod) -> Pod:
    container = Container(name=found.name, image=found.image, ports=found.ports)
    return Pod(
        api_version="v1",
        kind="Pod",
        metadata=ObjectMeta(name=found.name, namespace=found.namespace, labels=found.labels),
        spec=PodSpec(hostname=found.hostname, subdomain=found.subdomain, containers=(container,)),
    )


def _status(found: FoundPod, host_ips: Sequence[str]) -> PodStatus:
    ready = Condition(type="Ready", status="True" if found.ready else "False")
    going = (Condition(type=TERMINATING, status="True"),) if found.terminating else ()
    return PodStatus(
        phase="Running",
        pod_ip=found.ips[0],
        pod_ips=tuple(PodIP(ip=ip) for ip in found.ips),
        host_ip=host_ips[0] if host_ips else "",
        conditions=(ready, *going),
    )
