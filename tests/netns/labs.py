"""`clusterless lab` as tests use it: as root or as nobody, for many commands or for one."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]
CLUSTERLESS = (sys.executable, "-m", "clusterless")
DRIVER = Path(__file__).with_name("labdriver.py")
NOBODY = 65534
HANG_SECONDS = 30.0


class Outcome(NamedTuple):
    """How a command ended, and all that it wrote."""

    code: int
    output: str


def user_arguments(user: str) -> dict[str, object]:
    """Arguments for `subprocess.Popen`: `me` is who runs the tests, `nobody` has no privilege at all."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if user == "nobody" else {}


def lab_command(manifests: Sequence[Path], *command: str, flags: Sequence[str] = ()) -> list[str]:
    """`clusterless lab` with these manifests, flags and a command."""
    files = [f"--filename={path}" for path in manifests]
    return [*CLUSTERLESS, "lab", *files, *flags, "--", *command]


class RunningLab:
    """A lab that is up, until it is left."""

    def __init__(self, manifests: Sequence[Path], user: str, flags: Sequence[str] = ()) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the lab is left
        self._process = subprocess.Popen(
            lab_command(manifests, sys.executable, "-P", str(DRIVER), flags=flags),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd="/",
            **user_arguments(user),  # type: ignore[call-overload]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=HANG_SECONDS)
        self._errors.close()

    def run(self, host: str, command: str) -> Outcome:
        """Run a shell command on a host, and wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([host, command]) + "\n")
        self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], HANG_SECONDS)
        assert readable, f"no answer to {command}"
        line = self._process.stdout.readline()
        assert line, f"the lab has ended: {self._told()}"
        code, output = json.loads(line)
        return Outcome(code, output.strip())

    def output(self, host: str, command: str) -> str:
        """What a command wrote; it must succeed."""
        code, output = self.run(host, command)
        assert code == 0, f"{command} on {host}: exit code {code}: {output}"
        return output

    def _told(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


def is_root() -> bool:
    """Whether tests can act as another user."""
    return os.geteuid() == 0


OUTCOMES = {0: "answered", 6: "no such address", 7: "refused", 28: "timed out", 56: "reset"}  # curl's exit codes
HURRIED = 0.4  # seconds of silence that show a time-out
PATIENT = 10.0  # seconds against hangs, where an answer or a refusal is to come


def patience(expected: str) -> float:
    """How long to wait, in seconds, for what is expected: only silence is cut short."""
    return HURRIED if expected == "timed out" else PATIENT


def get(lab: RunningLab, host: str, place: str, *options: str, seconds: float = PATIENT) -> str:
    """What becomes of an HTTP request from a host to `ADDRESS:PORT`, as one of OUTCOMES."""
    code, output = lab.run(host, f"curl -sS {' '.join(options)} --max-time {seconds} http://{place}/hostname")
    return OUTCOMES.get(code, output)


def send(lab: RunningLab, host: str, address: str, port: int, *, seconds: float = PATIENT) -> str:
    """What becomes of a datagram from a host: `answered`, `refused` or `timed out`."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    code = (
        f"import socket; s = socket.socket(socket.{family}, socket.SOCK_DGRAM); s.settimeout({seconds}); "
        f"s.connect(('{address}', {port})); s.send(b'hello'); s.recv(100)"
    )
    outcome = lab.run(host, f'python3 -ISc "{code}"')
    if outcome.code == 0:
        return "answered"
    return "refused" if "ConnectionRefusedError" in outcome.output else "timed out"
