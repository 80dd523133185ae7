"""Pure: counts what happens, and keeps it for a while, as Kubernetes' event recorder and API server do together.

Sources: client-go `tools/record/events_cache.go`, and the API server's `--event-ttl`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice

import msgspec

from controlplane.objects import Event, EventSource, NamespacedName, ObjectMeta, ObjectReference

from .occurrences import EventType, Occurrence, Subject

EVENTS_AT_MOST = 1000
TTL_SECONDS = 3600.0  # kube-apiserver's --event-ttl

# Of one change. The first ones tell what it was, and those of before are not pushed out.
BURST = 250

# Where events about objects without a namespace are kept.
DEFAULT_NAMESPACE = "default"

_API_VERSIONS = {"EndpointSlice": "discovery.k8s.io/v1", "Manifest": ""}


class Recorder:
    """`uid_of` knows the uid of an object, or says `""`; `host` is where the program runs."""

    def __init__(self, host: str, uid_of: Callable[[Subject], str] = lambda _: "") -> None:
        self._host = host
        self._uid_of = uid_of
        self._events: OrderedDict[Occurrence, Event] = OrderedDict()  # in the order of their last occurrence
        self._last_seen: dict[Occurrence, float] = {}
        self._names = 0

    def record(self, occurrences: Iterable[Occurrence], now: float) -> bool:
        """They happen at `now`, in seconds since 1970; true when there were any."""
        rest = iter(occurrences)
        some = list(islice(rest, BURST))
        for each in some:
            self._note(each, now)
        if skipped := sum(1 for _ in rest):
            subject = Subject("Node", "", self._host)
            text = f"{skipped} more events of one change were not kept"
            self._note(Occurrence(subject, EventType.NORMAL, "EventsSkipped", text), now)
        self._forget(now)
        return bool(some)

    def events(self) -> Mapping[NamespacedName, Event]:
        """In the order of their last occurrence."""
        return {event.key: event for event in self._events.values()}

    def _note(self, each: Occurrence, now: float) -> None:
        known = self._events.pop(each, None)
        when = timestamp(now)
        if known is None:
            self._events[each] = self._new(each, now)
        else:
            self._events[each] = msgspec.structs.replace(known, count=known.count + 1, last_timestamp=when)
        self._last_seen[each] = now

    def _forget(self, now: float) -> None:
        """The front is what happened last longest ago."""
        while self._events:
            oldest = next(iter(self._events))
            if len(self._events) <= EVENTS_AT_MOST and now - self._last_seen[oldest] < TTL_SECONDS:
                return
            del self._events[oldest], self._last_seen[oldest]

    def _new(self, each: Occurrence, now: float) -> Event:
        """The name is the object's with a number, as client-go makes it of the time in nanoseconds."""
        self._names += 1
        subject, when = each.subject, timestamp(now)
        namespace = subject.namespace or DEFAULT_NAMESPACE
        name = f"{subject.name.lower()}.{int(now * 1e9) + self._names:x}"
        return Event(
            api_version="v1",
            kind="Event",
            metadata=ObjectMeta(name=name, namespace=namespace, creation_timestamp=when),
            involved_object=ObjectReference(
                kind=subject.kind,
                namespace=subject.namespace,
                name=subject.name,
                uid=self._uid_of(subject),
                api_version=_API_VERSIONS.get(subject.kind, "v1"),
            ),
            reason=each.reason,
            message=each.message,
            source=EventSource(component=each.component, host=self._host),
            first_timestamp=when,
            last_timestamp=when,
            count=1,
            type=each.type.value,
            reporting_component=each.component,
            reporting_instance=self._host,
        )


def timestamp(now: float) -> str:
    """Seconds since 1970 as Kubernetes writes times: RFC 3339, UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
