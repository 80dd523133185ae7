"""Pure: what the `errors` plugin makes of failed queries: alike messages are counted and told once a period."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .plugins.errors import Consolidation, Errors


class Message(NamedTuple):
    """A line for the log, with its level as the Corefile names it."""

    level: str
    text: str


class ErrorLog:
    """Counts what matches a consolidation; `now` is monotonic seconds."""

    def __init__(self, settings: Errors) -> None:
        self._patterns = [(each, re.compile(each.pattern)) for each in settings.consolidations]
        self._counts: dict[Consolidation, int] = {}
        self._due: dict[Consolidation, float] = {}

    def note(self, text: str, now: float) -> Message | None:
        """What to log of an error at once; `None` if it is only counted."""
        for consolidation, pattern in self._patterns:
            if pattern.search(text):
                self._counts[consolidation] = self._counts.get(consolidation, 0) + 1
                self._due.setdefault(consolidation, now + consolidation.period)
                return None
        return Message("error", text)

    @property
    def next_due(self) -> float | None:
        """When `due` has something next."""
        return min(self._due.values(), default=None)

    def due(self, now: float) -> Iterator[Message]:
        """The summaries whose period is over (plugin/errors/errors.go)."""
        for consolidation in [each for each, when in self._due.items() if when <= now]:
            del self._due[consolidation]
            count = self._counts.pop(consolidation)
            period = f"{consolidation.period:g}s"
            yield Message(
                consolidation.level, f"{count} errors like '{consolidation.pattern}' occurred in last {period}"
            )
