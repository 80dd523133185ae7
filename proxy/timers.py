"""Pure: deadlines in one heap, cheap to put off, and lines of those who wait equally long, cheap to leave.

A connection's deadline moves with every byte, so putting one off writes a number and touches the heap no more than
once for each deadline that passes: the old entry comes up, is seen to be early, and goes back with the new deadline.
"""

import heapq
import math
from collections import OrderedDict
from typing import Generic, TypeVar

Owner = TypeVar("Owner")

# asyncio's own figures (`_MIN_SCHEDULED_TIMER_HANDLES`, `_MIN_CANCELLED_TIMER_HANDLES_FRACTION`): sweep when more than
# half of the entries are dead, and only when there are enough of them to matter.
SWEEP_FROM = 100
SWEEP_FRACTION = 0.5


class Timer(Generic[Owner]):
    """One deadline, in monotonic seconds; `owner` is `None` once it is cancelled."""

    __slots__ = ("deadline", "entry", "owner")

    def __init__(self, owner: Owner, deadline: float) -> None:
        self.owner: Owner | None = owner
        self.deadline = deadline
        self.entry: tuple[float, int] | None = None  # when and which of the heap's entries is the living one


class Lane(Generic[Owner]):
    """Owners who all wait for the same time, so that the first to come is the first who is due."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines: OrderedDict[Owner, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._deadlines)

    def enter(self, owner: Owner, now: float) -> None:
        """The owner is due `seconds` after `now` (monotonic seconds), unless it leaves."""
        self._deadlines[owner] = now + self._seconds

    def leave(self, owner: Owner) -> None:
        """The owner is never due; one who is not in the lane is passed over."""
        self._deadlines.pop(owner, None)

    def pop_due(self, now: float) -> list[Owner]:
        """Those whose time is over at `now`, the first to come first."""
        due: list[Owner] = []
        while self._deadlines and self.next_due() <= now:
            due.append(self._deadlines.popitem(last=False)[0])
        return due

    def next_due(self) -> float:
        """When the first is due (monotonic seconds); infinity while nobody waits."""
        return next(iter(self._deadlines.values()), math.inf)


class TimerHeap(Generic[Owner]):
    """All deadlines of one loop."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer[Owner]]] = []
        self._pushed = 0
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def start(self, owner: Owner, deadline: float) -> Timer[Owner]:
        """A new timer, due at `deadline` (monotonic seconds)."""
        timer = Timer(owner, deadline)
        self._push(timer)
        return timer

    def move(self, timer: Timer[Owner], deadline: float) -> None:
        """Give the timer another deadline; one that has fired is armed again, a cancelled one stays cancelled."""
        timer.deadline = deadline
        if timer.owner is None or (timer.entry is not None and timer.entry[0] <= deadline):
            return
        self._bury(timer)
        self._push(timer)

    def cancel(self, timer: Timer[Owner]) -> None:
        """The timer never fires again, and lets go of its owner."""
        timer.owner = None
        self._bury(timer)

    def pop_due(self, now: float) -> list[Owner]:
        """The owners whose deadline is not after `now`, earliest first."""
        due: list[Owner] = []
        while self._heap and self._heap[0][0] <= now:
            when, number, timer = heapq.heappop(self._heap)
            if timer.entry != (when, number):
                self._dead -= 1
                continue
            timer.entry = None
            if timer.deadline > when:  # put off; where that is over as well, others may be due before it
                self._push(timer)
            else:
                assert timer.owner is not None, "a cancelled timer has no living entry"
                due.append(timer.owner)
        return due

    def next_due(self) -> float:
        """When to call `pop_due` next, at the latest (monotonic seconds); infinity while nothing is armed."""
        return self._heap[0][0] if self._heap else math.inf

    def _push(self, timer: Timer[Owner]) -> None:
        self._pushed += 1
        timer.entry = (timer.deadline, self._pushed)
        heapq.heappush(self._heap, (timer.deadline, self._pushed, timer))

    def _bury(self, timer: Timer[Owner]) -> None:
        if timer.entry is None:
            return
        timer.entry = None
        self._dead += 1
        if len(self._heap) > SWEEP_FROM and self._dead > len(self._heap) * SWEEP_FRACTION:
            self._heap = [each for each in self._heap if each[2].entry == (each[0], each[1])]
            heapq.heapify(self._heap)
            self._dead = 0
