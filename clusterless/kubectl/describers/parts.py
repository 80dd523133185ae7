"""Pure: the parts that descriptions of several kinds share.

Source: kubectl `pkg/describe/describe.go`. A line has a tab where a column ends; two blanks stand for each level.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from clusterless.kubectl.printers.durations import UNKNOWN, age
from clusterless.kubectl.printers.texts import NONE
from controlplane.objects import Event, Taint, Toleration

_LONGEST_ANNOTATION = 140
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def labels(title: str, values: Mapping[str, str]) -> Iterator[str]:
    """`Labels:` and the like: one `key=value` a line, sorted."""
    yield from multiline(title, [f"{key}={value}" for key, value in sorted(values.items())])


def annotations(values: Mapping[str, str]) -> Iterator[str]:
    """One a line, sorted; long ones and those of several lines stand below their keys, cut short."""
    lines = [line for key, value in sorted(values.items()) if key != _LAST_APPLIED for line in _annotation(key, value)]
    yield from multiline("Annotations", lines)


def _annotation(key: str, value: str) -> Iterator[str]:
    value = value.removesuffix("\n")
    if len(key) + len(value) + 2 <= _LONGEST_ANNOTATION and "\n" not in value:
        yield f"{key}: {value}"
        return
    yield f"{key}:"
    for line in value.split("\n"):
        yield "  " + (line if len(line) <= _LONGEST_ANNOTATION - 2 else line[: _LONGEST_ANNOTATION - 2] + "...")


def tolerations(values: Iterable[Toleration]) -> Iterator[str]:
    """`node.kubernetes.io/not-ready:NoExecute op=Exists for 300s`, sorted by key."""
    yield from multiline("Tolerations", [_toleration(each) for each in sorted(values, key=lambda each: each.key)])


def _toleration(each: Toleration) -> str:
    value = f"={each.value}" if each.value else ""
    effect = f":{each.effect}" if each.effect else ""
    what = f"{each.key}{value}{effect}"
    exists = "op=Exists" if each.operator == "Exists" and not each.value else ""
    seconds = "" if each.toleration_seconds is None else f" for {each.toleration_seconds}s"
    return " ".join(filter(None, (what, exists))) + seconds


def taints(values: Iterable[Taint]) -> Iterator[str]:
    """`key=value:effect`, sorted."""
    yield from multiline("Taints", [_taint(each) for each in sorted(values, key=_taint_order)])


def _taint(each: Taint) -> str:
    value = f"={each.value}" if each.value else ""
    return f"{each.key}{value}:{each.effect}"


def _taint_order(each: Taint) -> str:
    return f"{each.key}{each.effect}{each.value}"


def multiline(title: str, values: Iterable[str]) -> Iterator[str]:
    """A title, with the first value beside it and the others below that; `<none>` for none."""
    first, *others = list(values) or [NONE]
    yield f"{title}:\t{first}"
    for value in others:
        yield f"\t{value}"


def events(values: Iterable[Event], now: datetime) -> list[str]:
    """The events of an object, the last one last; a block of its own, whose columns start anew."""
    listed = sorted(values, key=lambda event: event.last_timestamp)
    if not listed:
        return [f"Events:\t{NONE}"]
    return [
        "Events:",
        "  Type\tReason\tAge\tFrom\tMessage",
        "  ----\t------\t----\t----\t-------",
        *(_event(event, now) for event in listed),
    ]


def _event(event: Event, now: datetime) -> str:
    source = event.source.component or event.reporting_component
    return f"  {event.type}\t{event.reason}\t{_interval(event, now)}\t{source}\t{event.message.strip()}"


def _interval(event: Event, now: datetime) -> str:
    """`5m`, and of one that occurred again `10s (x3 over 5m)`."""
    first = age(event.event_time, now)
    if first == UNKNOWN:
        first = age(event.first_timestamp, now)
    if event.series:
        return f"{age(event.series.last_observed_time, now)} (x{event.series.count} over {first})"
    if event.count > 1:
        return f"{age(event.last_timestamp, now)} (x{event.count} over {first})"
    return first
