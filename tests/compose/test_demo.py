"""`make demo-compose` on a machine that cannot run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def demo(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lab.compose"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def test_without_compose_it_says_what_to_install(tmp_path: Path):
    done = demo(PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "error: there is neither `docker compose` nor `docker-compose`: install Docker with Compose\n"


@pytest.mark.parametrize("program", ["docker", "docker-compose"])
def test_without_an_engine_it_says_so_in_a_line(tmp_path: Path, program: str):
    """A Compose that stands for either one: it has a version, and complains of everything else at length."""
    script = tmp_path / program
    lines = ("#!/bin/sh", "case $* in *version*) exit 0;; esac", "echo Traceback >&2", "echo no engine >&2", "exit 1")
    script.write_text("\n".join(lines))
    script.chmod(0o755)
    done = demo(PATH=f"{tmp_path}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: no Docker engine can be used: no engine\n"
