"""`clusterless lab` as tests use it: as root or as nobody, for many commands or for one."""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]
CLUSTERLESS = (sys.executable, "-m", "clusterless")
DRIVER = Path(__file__).with_name("labdriver.py")
# Where it does not matter what there is: a lab of this comes up sooner than others.
LITTLE = (Path(__file__).with_name("little"),)
NOBODY = 65534
HANG_SECONDS = 30.0
# A command that stays, until the kernel ends it: a shell may lose a Ctrl-C that comes while it forks, and Python's own
# handler one that comes just before the pause.
_STAYS = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('up', flush=True); signal.pause()"
SAYS_UP = (sys.executable, "-ISc", _STAYS)


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
        (outcome,) = self.run_at_once([(host, command)])
        return outcome

    def run_at_once(self, commands: Sequence[tuple[str, str]]) -> list[Outcome]:
        """Run shell commands, each on a host, and wait for the end of all."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(commands) + "\n")
        self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], HANG_SECONDS)
        assert readable, f"no answer to {commands}"
        line = self._process.stdout.readline()
        assert line, f"the lab has ended: {self._told()}"
        return [Outcome(code, output.strip()) for code, output in json.loads(line)]

    def output(self, host: str, command: str) -> str:
        """What a command wrote; it must succeed."""
        code, output = self.run(host, command)
        assert code == 0, f"{command} on {host}: exit code {code}: {output}"
        return output

    def until(self, host: str, condition: str) -> None:
        """Wait until a shell command succeeds."""
        self.output(host, f"for i in $(seq 400); do {condition} && exit 0; sleep 0.05; done; exit 1")

    def play(self, *arguments: str) -> str:
        """What `clusterless lab ARGUMENTS` prints, typed by the user who stands in the pod; it must succeed."""
        return self.output("client", shlex.join([*CLUSTERLESS, "lab", *arguments]))

    @contextmanager
    def without_restarts(self) -> Iterator[None]:
        """Meanwhile nobody starts again what ends, and nothing is played: the lab's own process is stopped."""
        (middle,) = children(self._process.pid)
        (first,) = children(middle)
        os.kill(first, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(first, signal.SIGCONT)

    def _told(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


def children(pid: int) -> list[int]:
    """The process ids of a process' children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_root() -> bool:
    """Whether tests can act as another user."""
    return os.geteuid() == 0


OUTCOMES = {0: "answered", 6: "no such address", 7: "refused", 28: "timed out", 56: "reset"}  # curl's exit codes
HURRIED = 0.4  # seconds of silence that show a time-out
PATIENT = 10.0  # seconds against hangs, where an answer or a refusal is to come


def get(lab: RunningLab, host: str, place: str, *options: str, seconds: float = PATIENT) -> str:
    """What becomes of an HTTP request from a host to `ADDRESS:PORT`, as one of OUTCOMES."""
    return _got(lab.run(host, _get_command(place, *options, seconds=seconds)))


def send(lab: RunningLab, host: str, address: str, port: int, *, seconds: float = PATIENT) -> str:
    """What becomes of a datagram from a host: `answered`, `refused` or `timed out`."""
    return _sent(lab.run(host, _send_command(address, port, seconds=seconds)))


def met_with_silence(lab: RunningLab, rows: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], set[str]]:
    """What becomes of a hurried request and a hurried datagram from each host to an address and port, all at once."""
    gets = [(host, _get_command(place_of(address, port), seconds=HURRIED)) for host, address, port in rows]
    sends = [(host, _send_command(address, port, seconds=HURRIED)) for host, address, port in rows]
    outcomes = lab.run_at_once([*gets, *sends])
    pairs = zip(outcomes[: len(rows)], outcomes[len(rows) :], strict=True)
    return {row: {_got(got), _sent(sent)} for row, (got, sent) in zip(rows, pairs, strict=True)}


def health_check(lab: RunningLab, host: str, place: str) -> tuple[str, dict[str, object]]:
    """The status code and the JSON that `ADDRESS:PORT/PATH` answers to a host."""
    output = lab.output(host, f"curl -sS --max-time 5 -w '\\n%{{http_code}}' http://{place}")
    body, _, code = output.rpartition("\n")
    return code, json.loads(body)


def place_of(address: str, port: int) -> str:
    """As it is written in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _get_command(place: str, *options: str, seconds: float) -> str:
    return f"curl -sS {' '.join(options)} --max-time {seconds} http://{place}/hostname"


def _got(outcome: Outcome) -> str:
    return OUTCOMES.get(outcome.code, outcome.output)


def _send_command(address: str, port: int, *, seconds: float) -> str:
    family = "AF_INET6" if ":" in address else "AF_INET"
    code = (
        f"import socket; s = socket.socket(socket.{family}, socket.SOCK_DGRAM); s.settimeout({seconds}); "
        f"s.connect(('{address}', {port})); s.send(b'hello'); s.recv(100)"
    )
    return f'python3 -ISc "{code}"'


def _sent(outcome: Outcome) -> str:
    if outcome.code == 0:
        return "answered"
    return "refused" if "ConnectionRefusedError" in outcome.output else "timed out"
