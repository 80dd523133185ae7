"""Pure: what a request to the API asks for: which resource, where, and of which objects."""

from collections.abc import Mapping
from typing import NamedTuple

from controlplane.objects import NamespacedName

from .resources import EVENTS, NAMESPACES, PODS, SERVICES, Resource, resource
from .selectors import FieldMatch, LabelMatch, field_selector, label_selector

# The fields that the API server can select by (pkg/apis/core/v1/conversion.go; each registry's strategy.go).
_FIELDS = {
    PODS: ("spec.nodeName", "spec.restartPolicy", "spec.hostNetwork", "status.phase", "status.podIP"),
    SERVICES: ("spec.clusterIP", "spec.type"),
    NAMESPACES: ("status.phase",),
    EVENTS: (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}


class Target(NamedTuple):
    """A resource, in one namespace or (`""`) in all, and one object of it or (`""`) all."""

    resource: Resource
    namespace: str = ""
    name: str = ""

    @property
    def key(self) -> NamespacedName:
        """The identity of the one object."""
        return NamespacedName(self.namespace, self.name)


class Selection(NamedTuple):
    """Which of a resource's objects are meant."""

    labels: LabelMatch
    fields: FieldMatch


class WatchOptions(NamedTuple):
    """How a watch goes; without a `since`, with all objects first."""

    since: int | None
    bookmarks: bool
    seconds: float | None
    ends_initial_events: bool  # by a bookmark of its own (WatchList)


def target(path: str) -> Target | None:
    """What stands at a path; `None` when nothing does."""
    match path.strip("/").split("/"):
        case ["api", "v1", *rest]:
            return _target("", rest)
        case ["apis", group, "v1", *rest]:
            return _target(group, rest)
        case _:
            return None


def _target(group: str, words: list[str]) -> Target | None:
    match words:
        case ["namespaces", namespace, name, *rest] if len(rest) < 2:
            found = resource(group, name)
            return Target(found, namespace, *rest) if found and found.namespaced and namespace else None
        case [name]:
            found = resource(group, name)
            return Target(found) if found else None
        case [name, object_name]:
            found = resource(group, name)
            return Target(found, "", object_name) if found and not found.namespaced else None
        case _:
            return None


def selection(asked: Resource, query: Mapping[str, str]) -> Selection:
    """What `labelSelector` and `fieldSelector` say. Raises ValueError with the API server's sentence."""
    supported = ("metadata.name", "metadata.namespace", *_FIELDS.get(asked, ()))
    return Selection(
        label_selector(query.get("labelSelector", "")),
        field_selector(query.get("fieldSelector", ""), *supported),
    )


def watch_options(query: Mapping[str, str]) -> WatchOptions | None:
    """How to watch, if that is asked for. Raises ValueError with a sentence."""
    if not _is_true(query, "watch"):
        return None
    version = query.get("resourceVersion", "")
    ends_initial_events = _is_true(query, "sendInitialEvents")
    is_any = version in ("", "0") or ends_initial_events
    seconds = query.get("timeoutSeconds", "")
    if not (version.isdecimal() or is_any):
        raise ValueError(f'invalid resource version "{version}"')
    return WatchOptions(
        since=None if is_any else int(version),
        bookmarks=_is_true(query, "allowWatchBookmarks"),
        seconds=float(seconds) if seconds.isdecimal() and int(seconds) else None,
        ends_initial_events=ends_initial_events,
    )


def _is_true(query: Mapping[str, str], name: str) -> bool:
    """As Go reads a flag of a query: there at all, and not false."""
    return name in query and query[name].lower() not in ("0", "false")
