"""Pure: events as `kubectl events` prints them, and which of them to show.

Source: kubectl `pkg/cmd/events/event_printer.go`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from controlplane.objects import Event

from .printers.durations import age
from .printers.tabs import Columns


class Wanted(NamedTuple):
    """Which events to show; empty texts and tuples are no limit. Kinds and types compare without regard to case."""

    kind: str = ""
    name: str = ""
    types: tuple[str, ...] = ()

    def matches(self, event: Event) -> bool:
        """Whether the event is among them."""
        involved = event.involved_object
        return (
            (not self.kind or involved.kind.lower() == self.kind.lower())
            and (not self.name or involved.name == self.name)
            and (not self.types or event.type.lower() in {each.lower() for each in self.types})
        )


class EventsTable:
    """The table; rows that come later keep the columns of those before."""

    def __init__(self, *, with_namespace: bool, headings: bool) -> None:
        self._with_namespace = with_namespace
        self._headings = headings
        self._columns = Columns()

    def lines(self, events: Iterable[Event], now: datetime) -> list[str]:
        """The rows as lines, below the headings the first time."""
        rows = [self._row(event, now) for event in events]
        if self._headings and rows:
            rows.insert(0, self._cells("NAMESPACE", ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")))
            self._headings = False
        return self._columns.lines(rows)

    def _row(self, event: Event, now: datetime) -> tuple[str, ...]:
        about = f"{event.involved_object.kind}/{event.involved_object.name}"
        message = " ".join(event.message.split("\n")).strip()
        return self._cells(event.metadata.namespace, (last_seen(event, now), event.type, event.reason, about, message))

    def _cells(self, namespace: str, cells: Sequence[str]) -> tuple[str, ...]:
        return (namespace, *cells) if self._with_namespace else tuple(cells)


def last_seen(event: Event, now: datetime) -> str:
    """`5s`, and `5s (x3 over 2m)` for what happened several times."""
    last = age(event.last_timestamp or event.first_timestamp, now)
    if event.count < 2:
        return last
    return f"{last} (x{event.count} over {age(event.first_timestamp, now)})"


def ordered(events: Iterable[Event]) -> list[Event]:
    """What happened last comes last."""
    return sorted(events, key=lambda event: event.last_timestamp or event.first_timestamp)
