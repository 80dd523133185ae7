"""Pure: when to try again what failed: soon at first, then ever more seldom, but never given up."""

from collections.abc import Collection
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key")

FIRST_SECONDS = 0.2
LAST_SECONDS = 5.0  # kube-proxy tries a bind address again every 5 s


class _Attempt(NamedTuple):
    wait: float
    due: float


class Retries(Generic[Key]):
    """What failed, and when its next try is due (monotonic seconds)."""

    def __init__(self) -> None:
        self._attempts: dict[Key, _Attempt] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._attempts

    def failed(self, key: Key, now: float) -> None:
        """It failed, for the first time or once more."""
        before = self._attempts.get(key)
        wait = FIRST_SECONDS if before is None else min(before.wait * 2, LAST_SECONDS)
        self._attempts[key] = _Attempt(wait, now + wait)

    def forget(self, keys: Collection[Key]) -> None:
        """It went well, or nobody wants it any more."""
        for key in keys:
            self._attempts.pop(key, None)

    def due(self, now: float) -> list[Key]:
        """What to try now."""
        return [key for key, attempt in self._attempts.items() if attempt.due <= now]

    def next_due(self) -> float | None:
        """When the next try is due; `None` when nothing failed."""
        return min((attempt.due for attempt in self._attempts.values()), default=None)
