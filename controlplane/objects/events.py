"""Pure: Event, what a cluster says of an object besides its state."""

from typing import ClassVar

from .base import KubernetesObject, ObjectReference, Struct


class EventSource(Struct, frozen=True):
    component: str = ""
    host: str = ""


class EventSeries(Struct, frozen=True):
    count: int = 0
    last_observed_time: str = ""


class Event(KubernetesObject, frozen=True):
    """A core/v1 Event; times are RFC 3339 texts, `""` where there is none."""

    partial: ClassVar[bool] = True
    involved_object: ObjectReference = ObjectReference()
    reason: str = ""
    message: str = ""
    source: EventSource = EventSource()
    first_timestamp: str = ""
    last_timestamp: str = ""
    count: int = 0
    type: str = ""  # Normal, Warning
    event_time: str = ""
    series: EventSeries | None = None
    action: str = ""
    related: ObjectReference | None = None
    reporting_component: str = ""
    reporting_instance: str = ""
