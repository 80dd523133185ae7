"""Pure: guard rails for those who change the hot path: our figures by a peer's, compared with what they were.

A ratio to a peer in the same run says the same on a fast and on a slow machine; an absolute time does not. CPU time for
a unit of work is compared in the same way, and is steadier than throughput where others use the machine.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .goals import GOALS
from .model import Results, find, ratio
from .titles import HAPROXY, OURS

ALLOWANCE = 0.20  # worse by more than this share is told; rounds of one run differ by less
Ratios = Mapping[str, float]


class Loss(NamedTuple):
    """What became worse."""

    name: str
    before: float
    now: float

    def __str__(self) -> str:
        return f"{self.name}: {self.before:.2f} before, {self.now:.2f} now"


def ratios(results: Results) -> dict[str, float]:
    """How good we are beside each peer that goals speak of: more is better, whatever the figure."""
    found: dict[str, float] = {}
    for workload, peer in dict.fromkeys((goal.workload, goal.peer or HAPROXY) for goal in GOALS):
        ours, other = find(results, workload, OURS), find(results, workload, peer)
        if ours is None or other is None or not (value := ratio(ours, other)):
            continue
        found[f"{workload}, beside {peer}"] = 1 / value if ours.is_cost else value
        if ours.cpu_per_work and other.cpu_per_work:
            found[f"{workload}, CPU beside {peer}"] = other.cpu_per_work / ours.cpu_per_work
    return {name: round(value, 3) for name, value in found.items()}


def losses(before: Ratios, now: Ratios) -> Iterator[Loss]:
    """What is worse than it was by more than the allowance; what was not measured now is passed over."""
    for name, value in now.items():
        if name in before and value < before[name] * (1 - ALLOWANCE):
            yield Loss(name, before[name], value)
