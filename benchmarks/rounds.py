"""I/O: runs a workload round after round, one contestant after the other, and shows how far it is."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .contestants import Contestant
from .model import Measured, Sample


class Workload(NamedTuple):
    """What is measured, of whom; `measure` loads one contestant for a moment."""

    name: str
    unit: str
    measure: Callable[[Contestant], Sample]
    contestants: Sequence[str] = ()  # those that take part; all, if none is named
    is_cost: bool = False  # less is better
    work_unit: str = ""  # what CPU time is counted for
    rounds: int = 0  # where it differs from the others


def run(workload: Workload, everybody: Sequence[Contestant], rounds: int) -> list[Measured]:
    """Interleaved rounds: peer, ours, peer, ours. What the machine does meanwhile befalls all of them alike."""
    taking_part = [each for each in everybody if not workload.contestants or each.name in workload.contestants]
    samples: dict[str, list[Sample]] = {each.name: [] for each in taking_part}
    for number in range(workload.rounds or rounds):
        _show(f"{workload.name}: round {number + 1}")
        for contestant in taking_part[number % 2 :] + taking_part[: number % 2]:
            samples[contestant.name].append(_with_cpu(workload, contestant))
    _show("")
    return [
        Measured(
            workload=workload.name,
            unit=workload.unit,
            contestant=each.name,
            samples=tuple(samples[each.name]),
            is_cost=workload.is_cost,
            work_unit=workload.work_unit,
            peak_bytes=each.process.peak_bytes() if each.process else 0,
        )
        for each in taking_part
    ]


def _with_cpu(workload: Workload, contestant: Contestant) -> Sample:
    process = contestant.process
    if process is None:
        return workload.measure(contestant)
    process.check()
    before = process.cpu_seconds()
    sample = workload.measure(contestant)
    return sample._replace(cpu_seconds=process.cpu_seconds() - before)


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
