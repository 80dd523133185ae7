"""Pure: at most one log line in a while, so that a fault that repeats fills no disk."""

import math


class Throttle:
    """Lets one event through in each `seconds`, and counts those that it held back."""

    __slots__ = ("_held_back", "_open_at", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open_at = -math.inf
        self._held_back = 0

    def admit(self, now: float) -> int | None:
        """How many events were held back since the last one that passed; `None` when this one is held back, too."""
        if now < self._open_at:
            self._held_back += 1
            return None
        held_back, self._held_back = self._held_back, 0
        self._open_at = now + self._seconds
        return held_back
