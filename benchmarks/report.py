"""Pure: results as Markdown, which reads well in a terminal, too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .goals import Verdict, verdicts
from .model import Measured, Results, find, ratio
from .titles import OURS

_DETAILS = ("p50", "p99", "p99.9")


def report(results: Results, settings: Mapping[str, str], circumstances: Sequence[str]) -> str:
    """The whole report; `settings` says how each contestant was set up."""
    parts = [
        "# Benchmarks\n\n"
        "Written by `make bench`. All figures are medians of interleaved rounds in one run; *spread* is the distance\n"
        "of the extremes, as a share of the median; *ours* is our figure by that of the row.",
        "\n".join(f"* {line}" for line in circumstances),
        "## What it must show\n\n"
        + _table(("workload", "beside", "bound", "reached", ""), map(_goal_row, verdicts(results))),
        "## Everything that was measured\n\n" + "\n\n".join(_sections(results)),
        "## Settings\n\n" + _table(("who", "how"), settings.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _goal_row(verdict: Verdict) -> tuple[str, ...]:
    goal = verdict.goal
    sign = "≤" if goal.is_cost else "≥"
    beside = f"{goal.peer} {goal.detail}".strip() or "nobody"
    unit = " ×" if goal.peer else ""
    return (
        goal.workload,
        beside,
        f"{sign} {goal.bound:g}{unit}",
        f"{verdict.reached:.2f}{unit}",
        "" if verdict.is_met else "**no**",
    )


def _sections(results: Results) -> Iterator[str]:
    for workload in dict.fromkeys(each.workload for each in results):
        measured = [each for each in results if each.workload == workload]
        details = [name for name in _DETAILS if all(each.detail(name) is not None for each in measured)]
        work = next((each.work_unit for each in measured if each.cpu_per_work), "")
        head = ["who", measured[0].unit, "spread", "ours"]
        head += [f"{name} ms" for name in details]
        head += [f"CPU ms for {work}"] if work else []
        head += ["peak MiB"] if any(each.peak_bytes for each in measured) else []
        yield f"### {workload}\n\n" + _table(head, (_row(each, results, details, head) for each in measured))


def _row(each: Measured, results: Results, details: Iterable[str], head: Sequence[str]) -> tuple[str, ...]:
    ours = find(results, each.workload, OURS)
    beside = ratio(ours, each) if ours is not None and each is not ours else None
    cells = [each.contestant, _number(each.value), f"{each.spread:.0%}", f"{beside:.2f} ×" if beside else ""]
    cells += [f"{each.detail(name):.2f}" for name in details]
    if any(cell.startswith("CPU") for cell in head):
        cells.append(f"{each.cpu_per_work * 1000:.1f}" if each.cpu_per_work else "")
    if head[-1] == "peak MiB":
        cells.append(f"{each.peak_bytes / 2**20:.0f}" if each.peak_bytes else "")
    return tuple(cells)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([texts[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *texts[1:]])
