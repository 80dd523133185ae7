"""Where labs are reached: names that are free or taken, what the dead leave, and a folder that is nobody else's."""

import os
from pathlib import Path

import pytest

from lab.places import PlaceError, claim, connect, release, running


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_the_first_lab_has_the_default_name_and_the_next_ones_a_number():
    claimed = [claim("") for _ in range(3)]
    assert [name for name, _ in claimed] == ["lab", "lab-2", "lab-3"]
    assert running() == ["lab", "lab-2", "lab-3"]
    for _, listener in claimed:
        listener.close()
    assert running() == []


def test_a_name_is_given_once_at_a_time():
    _, listener = claim("mine")
    with pytest.raises(PlaceError, match='a lab named "mine" runs already'):
        claim("mine")
    listener.close()
    name, listener = claim("mine")
    assert name == "mine"
    listener.close()


def test_the_only_lab_needs_no_name_and_of_several_one_must_be_named():
    with pytest.raises(PlaceError, match="no lab runs: start one"):
        connect("")
    _, first = claim("one")
    connect("").close()
    _, second = claim("two")
    with pytest.raises(PlaceError, match="several labs run: say which one with --name: one, two"):
        connect("")
    with pytest.raises(PlaceError, match='no lab named "three" runs; those that run: one, two'):
        connect("three")
    connect("two").close()
    first.close()
    second.close()


def test_what_the_dead_leave_is_cleared_away_and_what_lives_is_not(runtime: Path):
    _, dead = claim("dead")
    _, alive = claim("alive")
    dead.close()
    release("alive")
    release("dead")
    assert [path.name for path in (runtime / "clusterless" / "labs").iterdir()] == ["alive.sock"]
    alive.close()


def test_a_lab_that_takes_nobody_in_for_a_while_runs_on_however_often_one_looks():
    _, stopped = claim("stopped")
    assert {tuple(running()) for _ in range(100)} == {("stopped",)}  # each look waits in its queue, which has an end
    with pytest.raises(PlaceError, match="runs already"):
        claim("stopped")
    stopped.close()


@pytest.mark.parametrize("name", ["Up", "a b", "../a", "-a", "a" * 43])
def test_a_name_is_a_word_of_small_letters(name: str):
    with pytest.raises(PlaceError, match="cannot be a lab's name"):
        claim(name)


def test_a_folder_that_others_can_write_to_is_refused(runtime: Path):
    (runtime / "clusterless").mkdir()
    (runtime / "clusterless").chmod(0o777)
    with pytest.raises(PlaceError, match="must be a folder that only user"):
        claim("")


def test_a_link_is_no_folder(runtime: Path):
    (runtime / "elsewhere").mkdir()
    (runtime / "clusterless").symlink_to(runtime / "elsewhere")
    with pytest.raises(PlaceError, match="must be a folder that only user"):
        claim("")


def test_only_its_user_can_connect(runtime: Path):
    _, listener = claim("private")
    place = runtime / "clusterless" / "labs" / "private.sock"
    assert place.stat().st_mode & 0o777 == 0o600
    assert (runtime / "clusterless").stat().st_mode & 0o777 == 0o700
    assert place.stat().st_uid == os.getuid()
    listener.close()
