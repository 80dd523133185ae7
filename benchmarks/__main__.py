"""`python -m benchmarks`: measures, writes `results.md`, and with `--check` compares with `baseline.json`."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from lab.namespaces import NotAllowedError, run

from . import backends, baseline, nameservers, queries, relays, report, rounds, tools, world
from .contestants import Contestant, Stage
from .model import Measured
from .workloads_datagrams import relayed
from .workloads_names import names
from .workloads_scale import scale
from .workloads_streams import streams, streams_on_two_cores

HERE = Path(__file__).parent
RESULTS, BASELINE = HERE / "results.md", HERE / "baseline.json"
SEED = 7


class Bench:
    """One run: what was measured, and how everybody was set up."""

    def __init__(self, folder: Path, *, quick: bool, only: str) -> None:
        self.results: list[Measured] = []
        self.settings: dict[str, str] = {}
        self._folder = folder
        self._quick = quick
        self._only = only
        self._rounds = 1 if quick else 3

    def measure(self) -> None:
        """Everything, one part after the other; processes of one part end before the next begins."""
        for part in (self._relays, self._two_cores, self._names, self._scale):
            stage = Stage(self._folder)
            try:
                for measured in part(stage):
                    self.results.append(measured)
            finally:
                stage.stop()

    def _relays(self, stage: Stage) -> Iterator[Measured]:
        wanted = [
            each
            for each in (
                *streams(self._folder, world.idle_connections(), quick=self._quick),
                *relayed(quick=self._quick),
            )
            if self._only in each.name
        ]
        if wanted:
            backends.start(stage)
            everybody = self._take_part(relays.relays(stage))
            for workload in wanted:
                yield from rounds.run(workload, everybody, self._rounds)

    def _two_cores(self, stage: Stage) -> Iterator[Measured]:
        wanted = [] if self._quick else [e for e in streams_on_two_cores(self._folder) if self._only in e.name]
        if wanted:
            backends.start(stage)
            everybody = self._take_part(relays.relays_on_two_cores(stage))
            for workload in wanted:
                yield from rounds.run(workload, everybody, self._rounds)

    def _names(self, stage: Stage) -> Iterator[Measured]:
        wanted = [each for each in names(self._folder, Random(SEED), quick=self._quick) if self._only in each.name]
        if wanted:
            nameservers.upstream(stage)
            everybody = self._take_part(nameservers.nameservers(stage, queries.SERVICES))
            for workload in wanted:
                yield from rounds.run(workload, everybody, self._rounds)

    def _scale(self, _: Stage) -> Iterator[Measured]:
        if not self._only or "Services".startswith(self._only):
            yield from scale(self._folder, quick=self._quick)

    def _take_part(self, contestants: Iterator[Contestant]) -> list[Contestant]:
        everybody = list(contestants)
        for each in everybody:
            if each.settings:
                self.settings.setdefault(each.name, each.settings)
        return everybody


def main() -> int:
    """Exit code 1 where the baseline is missed or something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a round of the most important workloads, under a minute")
    parser.add_argument("--only", default="", metavar="WORDS", help="workloads whose name has these words")
    parser.add_argument("--check", action="store_true", help="compare with baseline.json instead of writing results.md")
    parser.add_argument("--write-baseline", action="store_true", help="keep this run's ratios as baseline.json")
    options = parser.parse_args()
    try:
        tools.ensure()
        return run(lambda: _inside(options))
    except (tools.MissingError, NotAllowedError) as error:
        print(error, file=sys.stderr)
        return 1


def _inside(options: argparse.Namespace) -> int:
    world.prepare()
    started = time.monotonic()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="clusterless-bench-") as folder:
        bench = Bench(Path(folder), quick=options.quick, only=options.only)
        bench.measure()
    text = report.report(bench.results, bench.settings, _circumstances(time.monotonic() - started, load))
    print(text)
    now = baseline.ratios(bench.results)
    if options.write_baseline:
        BASELINE.write_text(json.dumps(now, indent=1) + "\n")
    if options.check:
        return _compare(now)
    if not options.quick and not options.only:
        RESULTS.write_text(text)
    return 0


def _circumstances(seconds: float, load: float) -> list[str]:
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, {seconds:.0f} s, {os.cpu_count()} cores, load {load:.1f} at the start",
        f"Linux {platform.release()}, CPython {platform.python_version()} of {sys.base_prefix}",
        f"{world.idle_connections():,} idle connections: what the limit of descriptors lets one process relay",
    ]


def _compare(now: baseline.Ratios) -> int:
    lost = list(baseline.losses(json.loads(BASELINE.read_text()), now))
    for each in lost:
        print(f"worse: {each}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
