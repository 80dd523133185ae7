"""Pure: the Pods that Deployments, ReplicaSets, StatefulSets and DaemonSets make, with stable names.

Sources: `pkg/controller/controller_utils.go GetPodFromTemplate`, `pkg/controller/deployment/sync.go`,
`pkg/controller/statefulset/stateful_set_utils.go`, `pkg/controller/daemon`. Where Kubernetes picks names at random,
they are here a function of namespace, name, template and index, so that agents which share nothing agree.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

import msgspec

from .generatednames import generated_name, template_hash
from .nodefit import fits
from .objects import Node, ObjectMeta, OwnerReference, Pod, PodSpec, Toleration, Workload

POD_TEMPLATE_HASH = "pod-template-hash"
CONTROLLER_REVISION_HASH = "controller-revision-hash"
POD_TEMPLATE_GENERATION = "pod-template-generation"
STATEFUL_SET_POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


class Departed(NamedTuple):
    """Which pods, by `namespace/name`, were deleted, and which are being stopped."""

    deleted: Collection[str] = ()
    stopping: Collection[str] = ()


NOBODY = Departed()


def pods_of(workload: Workload, nodes: Sequence[Node], departed: Departed = NOBODY) -> tuple[Pod, ...]:
    """The Pods of a workload of any of the four kinds; `nodes` matter to a DaemonSet alone.

    They have no status. Those of a DaemonSet are bound to their node, the others to none. A name that was made up does
    not come back after its Pod was deleted. A ReplicaSet replaces a Pod as soon as it is being stopped
    (`FilterActivePods`), a DaemonSet and a StatefulSet when it is gone.
    """
    match workload.kind:
        case "Deployment":
            return _deployment_pods(workload, departed)
        case "ReplicaSet":
            return _replica_set_pods(workload, workload.metadata.name, {}, departed)
        case "StatefulSet":
            return _stateful_set_pods(workload)
        case "DaemonSet":
            return _daemon_set_pods(workload, nodes, departed)
        case kind:
            raise AssertionError(f"{kind} is not a workload")


def replicas_of(workload: Workload) -> int:
    """How many Pods are wanted: one if nothing is said."""
    replicas = workload.spec.replicas
    return 1 if replicas is None else max(0, replicas)


def _deployment_pods(workload: Workload, departed: Departed) -> tuple[Pod, ...]:
    """A Deployment's Pods belong to the ReplicaSet that it would make."""
    revision = template_hash(workload.spec.template)
    return _replica_set_pods(workload, f"{workload.metadata.name}-{revision}", {POD_TEMPLATE_HASH: revision}, departed)


def _replica_set_pods(
    workload: Workload, replica_set: str, labels: dict[str, str], departed: Departed
) -> tuple[Pod, ...]:
    base = f"{replica_set}-"
    metadata = _metadata(workload, OwnerReference(kind="ReplicaSet", name=replica_set, controller=True), base, labels)
    names = _names(base, workload, [str(index) for index in range(replicas_of(workload))], departed)
    return tuple(_pod(metadata, name, workload.spec.template.spec) for _, name in names)


def _stateful_set_pods(workload: Workload) -> tuple[Pod, ...]:
    name = workload.metadata.name
    first = workload.spec.ordinals.start if workload.spec.ordinals else 0
    revision = f"{name}-{template_hash(workload.spec.template)}"
    return tuple(_stateful_pod(workload, revision, index) for index in range(first, first + replicas_of(workload)))


def _stateful_pod(workload: Workload, revision: str, index: int) -> Pod:
    name = f"{workload.metadata.name}-{index}"
    owner = OwnerReference(kind="StatefulSet", name=workload.metadata.name, controller=True)
    labels = {CONTROLLER_REVISION_HASH: revision, STATEFUL_SET_POD_NAME: name, POD_INDEX: str(index)}
    spec = msgspec.structs.replace(workload.spec.template.spec, hostname=name, subdomain=workload.spec.service_name)
    return _pod(_metadata(workload, owner, "", labels), name, spec)


def _daemon_set_pods(workload: Workload, nodes: Sequence[Node], departed: Departed) -> tuple[Pod, ...]:
    base = f"{workload.metadata.name}-"
    owner = OwnerReference(kind="DaemonSet", name=workload.metadata.name, controller=True)
    generation = workload.metadata.annotations.get("deprecated.daemonset.template.generation", "1")
    labels = {
        CONTROLLER_REVISION_HASH: template_hash(workload.spec.template),
        POD_TEMPLATE_GENERATION: generation,
    }
    metadata = _metadata(workload, owner, base, labels)
    spec = _daemon_spec(workload.spec.template.spec)
    hosts = sorted(n.metadata.name for n in nodes if spec.node_name in ("", n.metadata.name) and fits(spec, n))
    names = _names(base, workload, hosts, departed._replace(stopping=()))
    return tuple(_pod(metadata, name, msgspec.structs.replace(spec, node_name=host)) for host, name in names)


def _tolerate(condition: str, effect: str) -> Toleration:
    return Toleration(key=f"node.kubernetes.io/{condition}", operator="Exists", effect=effect)


# `pkg/controller/daemon/util/daemonset_util.go AddOrUpdateDaemonPodTolerations`
_DAEMON_TOLERATIONS = (
    _tolerate("not-ready", "NoExecute"),
    _tolerate("unreachable", "NoExecute"),
    _tolerate("disk-pressure", "NoSchedule"),
    _tolerate("memory-pressure", "NoSchedule"),
    _tolerate("pid-pressure", "NoSchedule"),
    _tolerate("unschedulable", "NoSchedule"),
)
_HOST_NETWORK_TOLERATION = _tolerate("network-unavailable", "NoSchedule")


def _daemon_spec(spec: PodSpec) -> PodSpec:
    added = (*_DAEMON_TOLERATIONS, *((_HOST_NETWORK_TOLERATION,) if spec.host_network else ()))
    missing = tuple(toleration for toleration in added if toleration not in spec.tolerations)
    return msgspec.structs.replace(spec, tolerations=(*spec.tolerations, *missing))


def _names(base: str, workload: Workload, seeds: Sequence[str], departed: Departed) -> Iterator[tuple[str, str]]:
    """Each seed with a name; all differ, as the API server would refuse one that is taken.

    A seed has several names when Pods of its earlier ones are being stopped.
    """
    namespace = workload.metadata.namespace
    identity = (namespace, template_hash(workload.spec.template))
    taken: set[str] = set()
    for seed in seeds:
        for name in _names_of(base, identity, seed):
            key = f"{namespace}/{name}"
            if name not in taken and key not in departed.deleted:
                taken.add(name)
                yield seed, name
                if key not in departed.stopping:
                    break


def _names_of(base: str, identity: Iterable[str], seed: str) -> Iterator[str]:
    """The names that a seed may have, one after the other, without end."""
    yield generated_name(base, *identity, seed)
    for attempt in count(1):
        yield generated_name(base, *identity, seed, str(attempt))


def _metadata(workload: Workload, owner: OwnerReference, generate_name: str, labels: dict[str, str]) -> ObjectMeta:
    """What all Pods of the workload share; each adds its name."""
    template = workload.spec.template.metadata
    return ObjectMeta(
        generate_name=generate_name,
        namespace=workload.metadata.namespace,
        labels={**template.labels, **labels},
        annotations=template.annotations,
        finalizers=template.finalizers,
        owner_references=(owner,),
    )


def _pod(metadata: ObjectMeta, name: str, spec: PodSpec) -> Pod:
    return Pod(api_version="v1", kind="Pod", metadata=msgspec.structs.replace(metadata, name=name), spec=spec)
