"""Pure: what happened between two snapshots, as occurrences with Kubernetes' reasons where it has them."""

from collections.abc import Iterator, Mapping

from controlplane.differences import differing
from controlplane.objects import NamespacedName, Node, Pod
from controlplane.problems import Problem, Reason, Severity, kubectl_text
from controlplane.snapshot import Snapshot

from .endpointevents import endpoint_events
from .occurrences import EventType, Occurrence, Subject, normal, warning
from .serviceevents import created, deleted, updates


def events_between(before: Snapshot | None, after: Snapshot) -> Iterator[Occurrence]:
    """What is new in `after`; before the first snapshot there was nothing to compare with, but all problems are new."""
    known = set(before.problems) if before else set()
    yield from (problem_event(problem) for problem in after.problems if problem not in known)
    if before is not None:
        yield from _node_events(before.nodes, after.nodes)
        yield from _pod_events(before.pods, after.pods)
        yield from _service_events(before, after)


def problem_event(problem: Problem) -> Occurrence:
    """A mistake in the manifests. A kubelet that reads Pods from files says FailedValidation of those it refuses."""
    subject = (
        Subject(problem.kind, problem.namespace, problem.name)
        if problem.kind and problem.name
        else Subject("Manifest", "", problem.source.rpartition("/")[2])
    )
    is_error = problem.severity is Severity.ERROR
    reason = "FailedValidation" if problem.reason is Reason.INVALID else problem.reason.value
    text = kubectl_text(problem) if problem.reason is Reason.INVALID else problem.message
    place = f"{problem.location}: " if problem.location else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return Occurrence(subject, EventType.WARNING, reason if is_error else "ManifestWarning", f"{place}{text}{hint}")


def _node_events(before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[Occurrence]:
    """In the words of the node controller (pkg/controller/nodelifecycle)."""
    for name in before.keys() - after.keys():
        key = before[name].key
        yield normal("Node", key, "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")
    for name, node in after.items():
        known = before.get(name)
        if known is None:
            text = f"Node {name} event: Registered Node {name} in Controller"
            yield normal("Node", node.key, "RegisteredNode", text)
        elif (is_ready := _is_ready(node)) != _is_ready(known):
            reason = "NodeReady" if is_ready else "NodeNotReady"
            event = normal if is_ready else warning
            yield event("Node", node.key, reason, f"Node {name} status is now: {reason}")


def _is_ready(node: Node) -> bool:
    """A Node that says nothing of its health is taken for healthy."""
    return all(each.status == "True" for each in node.status.conditions if each.type == "Ready")


def _pod_events(before: Mapping[NamespacedName, Pod], after: Mapping[NamespacedName, Pod]) -> Iterator[Occurrence]:
    """In the words of the scheduler."""
    for key in differing(before, after):
        known, pod = before.get(key), after.get(key)
        if pod and pod.spec.node_name and (known is None or not known.spec.node_name):
            yield normal("Pod", key, "Scheduled", f"Successfully assigned {key} to {pod.spec.node_name}")


def _service_events(before: Snapshot, after: Snapshot) -> Iterator[Occurrence]:
    changed = dict.fromkeys((*differing(before.services, after.services), *differing(before.slices, after.slices)))
    for key in changed:
        known, service = before.services.get(key), after.services.get(key)
        slices, were = after.slices_of(key), before.slices_of(key)
        if service is None:
            yield from (deleted(each) for each in (known,) if each)
        elif known is None:
            yield created(service, slices)
        else:
            if known is not service:
                yield from updates(known, service)
            if were is not slices:
                yield from endpoint_events(service, were, slices)
