"""Pure: when a worker that died is replaced: at once, unless its replacements die as well."""

from typing import NamedTuple

STEADY_SECONDS = 10.0  # a worker that lived so long is none of a crash loop
FIRST_SECONDS = 0.2
LAST_SECONDS = 5.0


class _Start(NamedTuple):
    at: float
    wait: float


class Respawn:
    """What is known of the replacements, by the workers' numbers. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[int, _Start] = {}

    def delay(self, number: int, now: float) -> float:
        """The worker died at `now`: how many seconds to wait before its replacement starts."""
        last = self._last.get(number)
        if last is None or now - last.at >= STEADY_SECONDS:
            wait = 0.0
        else:
            wait = min(max(last.wait * 2, FIRST_SECONDS), LAST_SECONDS)
        self._last[number] = _Start(now + wait, wait)
        return wait
