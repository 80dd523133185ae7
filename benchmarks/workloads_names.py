"""I/O: what is measured of DNS servers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from . import queries
from .contestants import Contestant
from .generators import LoadFailedError, dnsperf
from .model import Sample
from .rounds import Workload
from .titles import FORWARDED, HEADLESS, KEPT, MIXED, NAMES, NXDOMAIN, SEARCHED, VIP
from .world import DNS_PORT


def names(folder: Path, rng: Random, *, quick: bool) -> Iterator[Workload]:
    """All of them."""
    constant: dict[str, Callable[[], str]] = {
        VIP: queries.vip, HEADLESS: queries.headless, NXDOMAIN: queries.nxdomain,
        SEARCHED: queries.searched, KEPT: queries.kept,
    }  # fmt: skip
    rounds = {} if quick else {VIP: 5, NXDOMAIN: 5}  # what is promised of them is near to what is reached
    for name, text in constant.items():
        if not quick or name in {VIP, NXDOMAIN}:
            yield _workload(name, _file(folder, name, text()))._replace(rounds=rounds.get(name, 0 if quick else 2))
    if not quick:
        yield Workload(
            FORWARDED,
            "1/s",
            lambda each: _ask(each, _file(folder, FORWARDED, queries.forwarded(rng))),
            work_unit="1,000 queries",
            rounds=2,
        )
        yield _workload(NAMES, _file(folder, NAMES, queries.shuffled(rng)))._replace(rounds=2)
    yield _workload(MIXED, _file(folder, MIXED, queries.mixed_case(rng)), edns=True)


def _workload(name: str, path: Path, *, edns: bool = False) -> Workload:
    expected = ("NXDOMAIN",) if name == NXDOMAIN else ("NOERROR", "NXDOMAIN") if name == SEARCHED else ("NOERROR",)
    return Workload(name, "1/s", lambda each: _ask(each, path, expected, edns=edns), work_unit="1,000 queries")


def _ask(each: Contestant, path: Path, expected: tuple[str, ...] = ("NOERROR",), *, edns: bool = False) -> Sample:
    sample = dnsperf(each.address, DNS_PORT, path, 1, edns=edns)
    odd = {code for code in sample.details if code.startswith("rcode ")} - {f"rcode {code}" for code in expected}
    if odd or not sample.work:
        raise LoadFailedError(f"{each.name} answered {path.stem} with {', '.join(sorted(odd)) or 'nothing'}")
    kept = {key: value for key, value in sample.details.items() if key in {"mean", "lost"}}
    return sample._replace(work=sample.work / 1000, details=kept)


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.queries"
    path.write_text(text)
    return path
