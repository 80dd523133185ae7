"""Pure: the step from the Service's port to the pods' port, and where that number comes from."""

from collections.abc import Iterable, Sequence

from controlplane.objects import Pod
from controlplane.targetports import declaration
from proxy.model import Endpoint

from .candidates import Behind, source_of
from .journey import Journey


def tell_target_port(journey: Journey, what: Behind, used: Sequence[Endpoint]) -> None:
    """The numbers that the endpoints in use have."""
    numbers = sorted({endpoint.port for endpoint in used})
    text = f"{what.port.port} → {', '.join(map(str, numbers))}"
    source = source_of(what.slices)
    if source.word != "selector":
        said = f'the number is the slice\'s ({source.text}), joined by the name "{what.port.name}"'
        ignored = f"targetPort {what.port.target_port} is not read" if [what.port.target_port] != numbers else ""
        journey.good("port", text, said, ignored)
    elif isinstance(what.port.target_port, int):
        journey.good("port", text, f"targetPort {what.port.target_port}")
    else:
        journey.good(
            "port", text, f'targetPort "{what.port.target_port}" is looked up in each pod', *_declared(what, used)
        )


def _declared(what: Behind, used: Iterable[Endpoint]) -> Iterable[str]:
    """Where each number is declared: one line a number and container."""
    names = {what.pod_of.get(endpoint.address) for endpoint in used}
    places: dict[str, list[str]] = {}
    for pod in what.pods:
        if pod.metadata.name in names:
            places.setdefault(_place(what, pod), []).append(pod.metadata.name)
    return [f"{place} in {_pods(pods)}" for place, pods in sorted(places.items())]


def _place(what: Behind, pod: Pod) -> str:
    found = declaration(what.port, pod)
    return f'containerPort {found.port.container_port} of container "{found.container}"' if found else "nothing"


def _pods(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} pods"
