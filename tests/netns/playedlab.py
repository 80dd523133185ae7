"""A lab that runs in the background, as tests play with it: by the commands that users type, and over its socket."""

import contextlib
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.controlclient import Caller
from lab.places import connect

from .labs import CLUSTERLESS, HANG_SECONDS, Outcome

WAIT_SECONDS = 40.0  # against hangs: for what follows from a change


class PlayedLab:
    """A running lab, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def play(self, *arguments: str) -> str:
        """What `clusterless lab ARGUMENTS` prints; it must succeed."""
        done = play(*arguments, "--name", self.name)
        assert done.returncode == 0, f"lab {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, host: str, command: str) -> Outcome:
        """The exit code of a shell command on a host, and all that it wrote."""
        with tempfile.TemporaryFile("w+") as output, Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), output.fileno(), output.fileno())
            code = Caller(connect(self.name)).run(host, "default", ("sh", "-c", command), streams)
            output.seek(0)
            return Outcome(code, output.read().strip())

    def output(self, host: str, command: str) -> str:
        """What a command wrote; it must succeed."""
        code, output = self.run(host, command)
        assert code == 0, f"{command} on {host}: exit code {code}: {output}"
        return output

    def until(self, host: str, command: str, expected: str) -> None:
        """Wait until a shell command on a host writes what is expected."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (seen := self.run(host, command).output) != expected:
            assert time.monotonic() < deadline, f"{command} on {host}: {seen!r} instead of {expected!r}"

    def pods(self) -> dict[str, tuple[str, ...]]:
        """READY, STATUS, ADDRESS and NODE of each pod, by name."""
        lines = self.play("status").partition("NAMESPACE")[2].partition("\n\n")[0].splitlines()[1:]
        return {words[1]: tuple(words[2:6]) for words in map(str.split, lines) if words[1] != "client"}


def play(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`clusterless lab ARGUMENTS`, and how it ended."""
    return subprocess.run(
        [*CLUSTERLESS, "lab", *arguments], capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )


@contextlib.contextmanager
def in_background(manifests: Sequence[Path], *flags: str) -> Iterator[PlayedLab]:
    """A lab of these manifests until it is left."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    files = [f"--filename={path}" for path in manifests]
    started = play(*files, "--detach", "--name", name, *flags)
    assert started.returncode == 0, started.stderr
    try:
        yield PlayedLab(name)
    finally:
        Caller(connect(name)).stop()
