"""Pure: a selector that matches nothing, and the labels that were probably meant."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from controlplane.hints import edit_distance
from controlplane.objects import Service
from controlplane.snapshot import Snapshot

from .findingids import FindingId
from .journey import finding
from .model import Finding

_Labels: TypeAlias = tuple[tuple[str, str], ...]
_SHOWN = 3


def selector_findings(snapshot: Snapshot, service: Service) -> Iterator[Finding]:
    """For a Service whose selector matches no pod of its namespace."""
    selector, namespace = service.spec.selector, service.metadata.namespace
    seen = f"selector {label_text(selector.items())} matches 0 pods in namespace {namespace}"
    elsewhere = sorted(
        {key.namespace for key, pod in snapshot.pods.items() if selector.items() <= pod.metadata.labels.items()}
    )
    sets = Counter(
        tuple(sorted(pod.metadata.labels.items())) for key, pod in snapshot.pods.items() if key.namespace == namespace
    )
    if elsewhere:
        seen += f"; pods of namespace {', '.join(elsewhere)} have these labels"
        change = "put Service and pods into one namespace: a selector does not look into others"
    elif closest := _closest(selector, sets):
        labels, text = closest
        seen += f"; closest: {text} ({_pods(sets[labels])})"
        change = f"write {text} into spec.selector, or {label_text(selector.items())} into the pods' labels"
    elif sets:
        seen += f"; pods there have {_some(sets)}"
        change = ""
    else:
        seen += ", which has none"
        change = "write the pods, or the workload that makes them, into this namespace"
    yield finding(FindingId.SELECTOR_MATCHES_NOTHING, seen, change, service, path="spec.selector")


def label_text(labels: Iterable[tuple[str, str]]) -> str:
    """As kubectl prints selectors: `app=web,tier=front`."""
    return ",".join(f"{key}={value}" for key, value in labels)


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"


def _some(sets: Mapping[_Labels, int]) -> str:
    shown = [label_text(labels) or "no labels" for labels in sets]
    return " / ".join(shown[:_SHOWN]) + (" / ..." if len(shown) > _SHOWN else "")


def _closest(selector: Mapping[str, str], sets: Iterable[_Labels]) -> tuple[_Labels, str] | None:
    """The labels of pods that differ least, and what of them stands for the selector; `None` if all are far away."""
    best: tuple[int, _Labels, str] | None = None
    for labels in sets:
        pairs = [_nearest(wanted, labels) for wanted in selector.items()]
        distance = sum(each[0] for each in pairs)
        if best is None or distance < best[0]:
            best = distance, labels, label_text(pair for _, pair in pairs)
    allowed = max(2, sum(len(key) + len(value) for key, value in selector.items()) // 3)
    return (best[1], best[2]) if best is not None and best[0] <= allowed else None


def _nearest(wanted: tuple[str, str], labels: _Labels) -> tuple[int, tuple[str, str]]:
    """How far the nearest label is, by letters, and that label."""
    key, value = wanted
    distances = [(edit_distance(key, k) + edit_distance(value, v), (k, v)) for k, v in labels]
    return min(distances, default=(len(key) + len(value), wanted))
