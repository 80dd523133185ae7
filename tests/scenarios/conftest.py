"""Collects scenario files as tests; scenariofile.py says how they are written."""

import contextlib
import difflib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from .scenariocluster import Cluster
from .scenarioexplain import explain_difference
from .scenariofile import Expectation, Scenario, ScenarioError, Step, parse
from .scenarioviews import view

ROOT = Path(__file__).parents[2]
_NO_PROBLEMS = Expectation("problems", "", (), (), 0)


class MismatchError(Exception):
    """What was to be seen was not; the message is for the reader of the test run."""


class ScenarioFile(pytest.File):
    """A scenario file is one test."""

    def collect(self) -> Iterator[pytest.Item]:
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    """Runs one scenario."""

    def runtest(self) -> None:
        scenario = parse(self.path.read_text())
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            run(scenario, Path(folder))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, MismatchError | ScenarioError):
            return f"{self.path}\n{excinfo.value}"
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.name}"


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.File | None:
    if file_path.suffix == ".scenario":
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def run(scenario: Scenario, folder: Path) -> None:
    """Take all steps. Raises MismatchError with all that differs after the first step where something does."""
    cluster = Cluster(folder, scenario.options)
    for step in scenario.steps:
        cluster.take(step)
        differences = [text for each in _expectations(step) if (text := _compare(cluster, each))]
        if differences:
            title = f": {step.title}" if step.title else ""
            raise MismatchError("\n\n".join([scenario.promise, f"step {step.number}{title}", *differences]))


def _expectations(step: Step) -> Sequence[Expectation]:
    says_problems = any(each.what == "problems" for each in step.expectations)
    return step.expectations if says_problems else (_NO_PROBLEMS, *step.expectations)


def _compare(cluster: Cluster, expectation: Expectation) -> str:
    if expectation.what == "explain":
        return explain_difference(cluster, expectation)
    return _difference(expectation, view(cluster, expectation))


def _difference(expectation: Expectation, actual: Sequence[str]) -> str:
    """A unified diff from what is expected to what is there; columns may be aligned differently."""
    spelled = {_words(line): line for line in actual}
    expected = [spelled.get(_words(line), line) for line in expectation.lines]
    if [_words(line) for line in expected] == [_words(line) for line in actual]:
        return ""
    where = f"{expectation.what}, line {expectation.line}" if expectation.line else f"no {expectation.what}"
    return "\n".join(difflib.unified_diff(expected, actual, f"expected: {where}", "actual", lineterm="", n=99))


def _words(line: str) -> str:
    return " ".join(line.split())


@pytest.fixture
def run_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs the text of a scenario, as its file would be run."""
    monkeypatch.chdir(tmp_path)
    return lambda text: run(parse(text), tmp_path)


@pytest.fixture
def clusterless() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the program with these arguments, in the root of the repository."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CLUSTERLESS_")}
        command = [sys.executable, "-W", "error", "-m", "clusterless", *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=50
        )

    return call
