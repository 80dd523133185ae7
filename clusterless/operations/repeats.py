"""Pure: which log lines are repetitions, so that a fault that happens a thousand times a second fills no disk."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)

# Of one kind: so many lines in that time, in seconds.
BURST = 5
WINDOW_SECONDS = 10.0
# Kinds that are remembered; beyond them the oldest is forgotten.
MOST_KINDS = 1000


class _Window:
    __slots__ = ("began", "left_out", "lines")

    def __init__(self, began: float) -> None:
        self.began = began
        self.lines = 1
        self.left_out = 0


class Repeats(Generic[_Key]):
    """Lets some lines of each kind through in a window of time, and counts the others."""

    def __init__(self) -> None:
        self._windows: OrderedDict[_Key, _Window] = OrderedDict()  # in the order of their beginning

    def __len__(self) -> int:
        return len(self._windows)

    def admit(self, kind: _Key, now: float) -> int | None:
        """How many lines of the kind were left out in the window before; `None` when this one is left out, too."""
        window = self._windows.get(kind)
        if window is None or now - window.began >= WINDOW_SECONDS:
            return self._begin(kind, now)
        if window.lines < BURST:
            window.lines += 1
            return 0
        window.left_out += 1
        return None

    def overdue(self, now: float) -> Iterator[tuple[_Key, int]]:
        """Forget windows that are over; of each that left lines out, the kind and how many."""
        while self._windows:
            kind, window = next(iter(self._windows.items()))
            if now - window.began < WINDOW_SECONDS:
                return
            del self._windows[kind]
            if window.left_out:
                yield kind, window.left_out

    def _begin(self, kind: _Key, now: float) -> int:
        before = self._windows.pop(kind, None)
        self._windows[kind] = _Window(now)
        if len(self._windows) > MOST_KINDS:
            self._windows.popitem(last=False)
        return before.left_out if before else 0
