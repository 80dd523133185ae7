"""When a configuration file counts as another one."""

import os
import time
from pathlib import Path

import pytest

from clusterless.configuration import filestamp
from clusterless.configuration.filestamp import EMPTIED_SECONDS, FileStamp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "Corefile"
    made.write_text("one")
    return made


def test_what_is_written_is_noticed_once(path: Path):
    stamp = FileStamp(str(path))
    path.write_text("another")
    assert [stamp.has_changed() for _ in range(2)] == [True, False]


class MomentAfter:
    """The time is a moment after the file was written, however long the test takes from there."""

    def __init__(self, path: Path) -> None:
        self._now = path.stat().st_mtime_ns + 1000

    def time_ns(self) -> int:
        return self._now


def test_a_file_that_was_emptied_to_be_written_is_noticed_when_it_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    stamp = FileStamp(str(path))
    path.write_text("")
    monkeypatch.setattr(filestamp, "time", MomentAfter(path))
    assert not stamp.has_changed()
    path.write_text("another")
    assert stamp.has_changed()


def test_a_file_that_stays_empty_is_noticed(path: Path):
    stamp = FileStamp(str(path))
    path.write_text("")
    long_ago = time.time() - EMPTIED_SECONDS
    os.utime(path, (long_ago, long_ago))
    assert stamp.has_changed()


def test_an_empty_file_whose_time_is_in_the_future_is_noticed(path: Path):
    stamp = FileStamp(str(path))
    path.write_text("")
    later = time.time() + 3600
    os.utime(path, (later, later))
    assert stamp.has_changed()


def test_a_file_that_goes_and_comes_back_is_noticed_both_times(path: Path):
    stamp = FileStamp(str(path))
    path.unlink()
    assert [stamp.has_changed() for _ in range(2)] == [True, False]
    path.write_text("one")
    assert stamp.has_changed()


def test_no_file_never_changes():
    stamp = FileStamp("")
    assert (stamp.watched, stamp.has_changed()) == ((), False)
