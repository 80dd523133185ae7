"""Pure: refused manifests as findings: a Service that is not there since it was refused, or is not what was written."""

from collections.abc import Iterable

from controlplane.objects import NamespacedName, Service
from controlplane.problems import Problem, Severity

from .findingids import FindingId
from .findingtexts import FINDING_TEXTS
from .journey import Journey
from .model import Finding


def explain_problems(journey: Journey) -> None:
    """For a name that leads nowhere: whether its Service was refused."""
    host = journey.question.host.rstrip(".").split(".")
    namespace = host[1] if len(host) > 1 else journey.origin.namespace
    _tell(journey, NamespacedName(namespace, host[0]), "so that there is no such Service")


def tell_problems_of(journey: Journey, service: Service) -> None:
    """For a Service that is there: whether its newest manifest was refused."""
    _tell(journey, service.key, "and the Service goes on as it was before")


def refusals(problems: Iterable[Problem], key: NamespacedName) -> list[Problem]:
    """The errors about a Service."""
    return [
        each
        for each in problems
        if each.severity is Severity.ERROR
        and each.kind == "Service"
        and NamespacedName(each.namespace or "default", each.name) == key
    ]


def _tell(journey: Journey, key: NamespacedName, consequence: str) -> None:
    refused = refusals(journey.world.snapshot.problems, key)
    if not refused:
        return
    messages = tuple(f"{each.location}: {each.message}" if each.location else each.message for each in refused)
    journey.bad("manifest", f"the manifest of {key} is refused, {consequence}", *messages)
    journey.find_placed(finding_of(each) for each in refused)


def finding_of(problem: Problem) -> Finding:
    """The finding that a refusal is, by what is refused."""
    kind = _kind_of(problem)
    text = FINDING_TEXTS[kind]
    is_node_port = kind is FindingId.NODE_PORT_REFUSED  # whose hint says who has it, rather than what to do
    return Finding(
        id=kind,
        title=text.title,
        seen=f"{problem.message} ({problem.hint})" if problem.hint and is_node_port else problem.message,
        meaning=text.meaning,
        change=text.change if is_node_port else problem.hint or text.change,
        kind=problem.kind,
        namespace=problem.namespace or "default",
        name=problem.name,
        path=problem.path,
        place=problem.location,
    )


def _kind_of(problem: Problem) -> FindingId:
    if problem.path.endswith(".nodePort"):
        return FindingId.NODE_PORT_REFUSED
    if problem.path.endswith(".targetPort"):
        return (
            FindingId.TARGET_PORT_QUOTED_NUMBER
            if "at least one letter" in problem.message
            else FindingId.MANIFEST_REFUSED
        )
    if "may not change once set" in problem.message and "clusterIP" in problem.path:
        return FindingId.CLUSTER_IP_IMMUTABLE
    return FindingId.MANIFEST_REFUSED
