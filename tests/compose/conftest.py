"""The compose ring: one Docker engine for all its tests, and a machine that is afterwards as it was before."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.compose import Compose

from . import machine
from .engine import NOBODY, ROOT, Engine, EngineError, compose_v1, compose_v2, unreachable_ranges, why_impossible

SETTLE_SECONDS = 15.0  # the helper of a container may outlive the engine by a moment


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A running engine that has our images. Its containers find no name server but their own."""
    if reason := why_impossible():
        pytest.skip(reason)
    before = machine.state()
    with Engine() as made:
        try:
            with made.running():
                made.build()
            with unreachable_ranges(), made.running(f"--dns={NOBODY}"):
                yield made
        except EngineError as error:
            pytest.skip(str(error))
    deadline = time.monotonic() + SETTLE_SECONDS
    while (after := machine.state()) != before:
        assert time.monotonic() < deadline, {
            name: (was, after[name]) for name, was in before.items() if after[name] != was
        }


@pytest.fixture(scope="session")
def compose_program(engine: Engine) -> Callable[[str], tuple[str, ...]]:
    """The command line of Compose, `v1` or `v2`; skips the test where it cannot be had."""

    def program(version: str) -> tuple[str, ...]:
        found = compose_v1() if version == "v1" else compose_v2(engine)
        if isinstance(found, str):
            pytest.skip(found)
        return found

    return program


@pytest.fixture(scope="session")
def shipped(engine: Engine) -> Path:
    """The shipped project in a folder of its own, where tests may change its manifests."""
    folder = engine.home / "lab"  # which is the project's name then
    shutil.copytree(ROOT / "configs", folder / "configs")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    return folder


@pytest.fixture
def lab(
    request: pytest.FixtureRequest,
    engine: Engine,
    compose_program: Callable[[str], tuple[str, ...]],
    shipped: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Compose]:
    """The shipped project, up; the parameter is the generation of Compose."""
    program = compose_program(request.param)
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shipped)
    project = Compose((*program, "--project-name", "lab"))
    try:
        project.up()
        yield project
    finally:
        project.down()
