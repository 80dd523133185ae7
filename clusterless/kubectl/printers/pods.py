"""Pure: the table of Pods (`printPod` in `pkg/printers/internalversion/printers.go`).

No kubelet reports on containers here: those of a Pod are ready all together, when the Pod is.
"""

from controlplane.objects import Pod
from controlplane.podstatus import is_finished, is_ready, is_terminating

from .durations import age
from .printer import Printer, Showing, columns
from .texts import NONE


def _cells(pod: Pod, showing: Showing) -> tuple[str, ...]:
    addresses = [each.ip for each in pod.status.pod_ips] or [pod.status.pod_ip]
    return (
        pod.metadata.name,
        ready_containers(pod),
        status_of(pod),
        "0",
        age(pod.metadata.creation_timestamp, showing.now),
        addresses[0] or NONE,
        pod.spec.node_name or NONE,
        NONE,
        NONE,
    )


def ready_containers(pod: Pod) -> str:
    """`1/1`: how many containers are ready, of how many; sidecars count, other init containers do not."""
    sidecars = sum(container.restart_policy == "Always" for container in pod.spec.init_containers)
    total = len(pod.spec.containers) + sidecars
    return f"{total if is_ready(pod) else 0}/{total}"


def status_of(pod: Pod) -> str:
    """The phase, unless the Pod is about to go."""
    return "Terminating" if is_terminating(pod) and not is_finished(pod) else pod.status.phase


PODS = Printer(
    columns("NAME", "READY", "STATUS", "RESTARTS", "AGE", "+IP", "+NODE", "+NOMINATED NODE", "+READINESS GATES"), _cells
)
