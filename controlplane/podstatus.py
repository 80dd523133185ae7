"""Pure: the status of a Pod: what its manifest says, else what is known of the process that runs it."""

import msgspec

from .clusterstate import StoredPod
from .netaddr import Address, sloppy_address
from .nodeaddresses import host_ips
from .objects import Condition, Node, Pod, PodIP, PodStatus

# A pod that is being stopped has a `deletionTimestamp`; where only the fact is known and no time, this condition.
TERMINATING = "clusterless/Terminating"

_READY = Condition(type="Ready", status="True")
_NOT_READY = Condition(type="Ready", status="False", reason="ContainersNotReady")
_GOING = Condition(type=TERMINATING, status="True")
_FINISHED = ("Succeeded", "Failed")


def with_status(pod: Pod, stored: StoredPod | None, node: Node | None = None) -> Pod:
    """The Pod with the status that it has; `node` is where it runs, for `status.hostIP`.

    A manifest with `status.podIP` wins, and is Ready if it speaks of no conditions; so is a Pod that something runs.
    Any other is Pending and has no address.
    """
    if is_finished(pod):
        return pod
    if pod.status.pod_ip or pod.status.pod_ips:
        return msgspec.structs.replace(pod, status=_written_status(pod.status))
    if stored is None:
        return msgspec.structs.replace(pod, status=PodStatus(phase="Pending"))
    spec = pod.spec if pod.spec.node_name else msgspec.structs.replace(pod.spec, node_name=stored.node)
    return msgspec.structs.replace(pod, spec=spec, status=_stored_status(stored, node))


def is_ready(pod: Pod) -> bool:
    """Whether the condition `Ready` is true (`IsPodReady` in `pkg/api/v1/pod`)."""
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)


def is_terminating(pod: Pod) -> bool:
    """Whether the Pod is being stopped."""
    return bool(pod.metadata.deletion_timestamp) or _GOING in pod.status.conditions


def is_finished(pod: Pod) -> bool:
    """Whether all its containers have ended for good (`IsPodTerminal`): its addresses are nobody's."""
    return pod.status.phase in _FINISHED


def pod_addresses(pod: Pod) -> tuple[Address, ...]:
    """The addresses of the Pod, the primary first; `podIP` stands for `podIPs` where those are not written."""
    status = pod.status
    if not status.pod_ips and not status.pod_ip:
        return ()
    texts = [item.ip for item in status.pod_ips] or [status.pod_ip]
    return tuple([address for text in texts if (address := sloppy_address(text)) is not None])


def _written_status(status: PodStatus) -> PodStatus:
    """`podIP` and `podIPs` say the same, as the API server keeps them (`pkg/apis/core/v1/conversion.go`)."""
    pod_ips = status.pod_ips or (PodIP(ip=status.pod_ip),)
    phase = status.phase or "Running"
    ready = not status.conditions and phase == "Running"
    return msgspec.structs.replace(
        status,
        phase=phase,
        pod_ip=pod_ips[0].ip,
        pod_ips=pod_ips,
        conditions=(_READY,) if ready else status.conditions,
    )


def _stored_status(stored: StoredPod, node: Node | None) -> PodStatus:
    going = (_GOING,) if stored.terminating else ()
    if not stored.running:
        return PodStatus(phase="Pending", conditions=going)
    hosts = host_ips(node) if node else ()
    return PodStatus(
        phase="Running",
        pod_ip=stored.ips[0] if stored.ips else "",
        pod_ips=tuple(PodIP(ip=ip) for ip in stored.ips),
        host_ip=hosts[0] if hosts else "",
        conditions=(_READY if stored.ready else _NOT_READY, *going),
    )
