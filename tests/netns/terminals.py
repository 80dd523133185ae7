"""A terminal for tests, and somebody who reads what it shows."""

import os
import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from .labs import HANG_SECONDS


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows, up to some text; what comes after it is left for who reads next."""
    seen = ""
    while text not in seen:
        readable, _, _ = select.select([terminal], [], [], HANG_SECONDS)
        assert readable, f"no {text!r} after {seen!r}"
        try:
            seen += os.read(terminal, 1).decode("latin-1")
        except OSError as error:  # EIO: nobody has the terminal open any more
            pytest.fail(f"{error}: no {text!r} after {seen!r}")
    return seen


@contextmanager
def at_a_terminal(command: Sequence[str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "SHELL": "/bin/bash", "PS1": "$ "},
    )
    os.close(theirs)
    try:
        yield ours, process
    finally:
        process.kill()
        process.wait(HANG_SECONDS)
        os.close(ours)
