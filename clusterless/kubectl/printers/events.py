"""Pure: the table of Events (`printEvent` in `pkg/printers/internalversion/printers.go`)."""

from controlplane.objects import Event

from .durations import UNKNOWN, age
from .printer import Printer, Showing, columns


def _cells(event: Event, showing: Showing) -> tuple[str, ...]:
    first = age(event.first_timestamp or event.event_time, showing.now)
    return (
        _last_seen(event, first, showing),
        event.type,
        event.reason,
        involved(event),
        event.involved_object.field_path,
        _source(event),
        event.message.strip(),
        first,
        str(event.series.count if event.series else event.count or 1),
        event.metadata.name,
    )


def involved(event: Event) -> str:
    """`service/web`: whom the event is about."""
    kind, name = event.involved_object.kind.lower(), event.involved_object.name
    return f"{kind}/{name}" if name else kind


def _last_seen(event: Event, first: str, showing: Showing) -> str:
    if event.series:
        return age(event.series.last_observed_time, showing.now)
    last = age(event.last_timestamp, showing.now)
    return first if last == UNKNOWN else last


def _source(event: Event) -> str:
    """Who reports, and from which host (`formatEventSource`)."""
    component = event.source.component or event.reporting_component
    host = event.source.host or event.reporting_instance
    return f"{component}, {host}" if host else component


EVENTS = Printer(
    columns(
        "LAST SEEN",
        "TYPE",
        "REASON",
        "OBJECT",
        "+SUBOBJECT",
        "+SOURCE",
        "MESSAGE",
        "+FIRST SEEN",
        "+COUNT",
        "+NAME",
    ),
    _cells,
)
