"""Pure: what a benchmark measures: workloads, samples of contestants, and what is made of the samples of all rounds."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import msgspec


class Sample(NamedTuple):
    """One contestant in one round.

    `value` is in the workload's unit, `work` is how many units of work were done for `cpu_seconds` of all processes of
    the contestant. `details` are further figures by name, such as `p99` in milliseconds.
    """

    value: float
    work: float = 0.0
    cpu_seconds: float = 0.0
    details: Mapping[str, float] = {}


class Measured(msgspec.Struct, frozen=True):
    """One contestant in one workload, over all rounds."""

    workload: str
    unit: str
    contestant: str
    samples: tuple[Sample, ...]
    is_cost: bool = False  # less is better
    work_unit: str = ""
    peak_bytes: int = 0

    @property
    def value(self) -> float:
        """The median."""
        return median(sample.value for sample in self.samples)

    @property
    def spread(self) -> float:
        """How far the extremes lie apart, as a share of the median."""
        values = [sample.value for sample in self.samples]
        return (max(values) - min(values)) / self.value if self.value else 0.0

    @property
    def cpu_per_work(self) -> float:
        """CPU seconds for a unit of work; 0 where none was counted."""
        shares = [sample.cpu_seconds / sample.work for sample in self.samples if sample.work]
        return median(shares) if shares else 0.0

    def detail(self, name: str) -> float | None:
        """The median of a further figure, if every round has it."""
        values = [sample.details[name] for sample in self.samples if name in sample.details]
        return median(values) if len(values) == len(self.samples) else None


Results = Sequence[Measured]


def find(results: Results, workload: str, contestant: str) -> Measured | None:
    """What a contestant did in a workload, if it took part."""
    return next((each for each in results if (each.workload, each.contestant) == (workload, contestant)), None)


def ratio(ours: Measured, peer: Measured, detail: str = "") -> float | None:
    """Our median by the peer's, of the value or of a further figure; `None` where there is nothing to divide."""
    mine = ours.detail(detail) if detail else ours.value
    others = peer.detail(detail) if detail else peer.value
    return mine / others if mine is not None and others else None
