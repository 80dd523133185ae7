"""Whoever is told that manifests are watched misses no change from then on."""

import asyncio
from pathlib import Path
from typing import Self

import pytest

from clusterless.agent.watch import watch
from clusterless.tasks import spawn

pytestmark = pytest.mark.timeout(30)  # against hangs


class Watching:
    """What `watch` has said so far."""

    def __init__(self, path: Path) -> None:
        self.begun, self.changed, self.stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.task = spawn(watch([str(path)], self.begun.set, self.changed.set, self.stop), "watch")

    async def __aenter__(self) -> Self:
        await self.begun.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        await self.task


@pytest.mark.parametrize("name", ["manifests", "manifests/web.yaml", "manifests/below"])
async def test_what_changes_at_the_very_moment_when_watching_began_is_told(tmp_path: Path, name: str):
    for number in range(5):
        root = tmp_path / str(number)
        (root / "manifests" / "below").mkdir(parents=True)
        path = root / name
        async with Watching(path) as watching:
            assert not watching.changed.is_set()
            (path / "new.yaml" if path.is_dir() else path).write_text("kind: Pod")
            await watching.changed.wait()


async def test_a_folder_that_goes_and_comes_back_is_watched_anew(tmp_path: Path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    async with Watching(folder) as watching:
        for act in (folder.rmdir, folder.mkdir):
            watching.begun.clear()
            act()
            await watching.begun.wait()
        watching.changed.clear()
        (folder / "web.yaml").touch()
        await watching.changed.wait()


@pytest.mark.parametrize("name", ["manifests", "manifests/web.yaml"])
async def test_a_folder_that_another_takes_the_place_of_is_watched_anew(tmp_path: Path, name: str):
    for folder in ("manifests", "others"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "web.yaml").touch()
    async with Watching(tmp_path / name) as watching:
        for _ in range(2):
            watching.begun.clear()
            (tmp_path / "manifests").rename(tmp_path / "old")
            (tmp_path / "others").rename(tmp_path / "manifests")
            await watching.begun.wait()
            watching.changed.clear()
            (tmp_path / "manifests" / "web.yaml").write_text("kind: Pod")
            await watching.changed.wait()
            (tmp_path / "old").rename(tmp_path / "others")


async def test_there_is_nothing_to_wait_for_at_standard_input():
    async with Watching(Path("-")) as watching:
        assert not watching.changed.is_set()
