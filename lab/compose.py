"""I/O: the lab in containers: brings the project of docker-compose.yml up, acts in it for the tour, takes it down.

Run as a program, `python -m lab.compose`, it does all of that.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from .tourguide import walk

PROJECT = "clusterless-demo"  # of its own, so that what a user has running of the same file stays as it is
EXEC_SECONDS = 120.0  # against hangs: every command of the tour has bounds of its own
NODE_SECONDS = 120.0  # the same: an agent starts in a second or two
# Asks again by itself: to begin a command in a container takes longer than the command.
ASK_HEALTH = (
    "curl",
    "-fsS",
    "--retry",
    "20",
    "--retry-all-errors",
    "--retry-delay",
    "1",
    "http://127.0.0.1:10256/healthz",
)


class ComposeError(Exception):
    """There is no Docker Compose, or it refused; the text says what to do, or shows its own words."""


class Compose:
    """A project; `program` is `docker compose`, or `docker-compose`, with the flags that say which project it is."""

    def __init__(self, program: Sequence[str]) -> None:
        self._program = tuple(program)
        self._shown = "docker compose" if self._program[:2] == ("docker", "compose") else "docker-compose"

    def run(self, host: str, command: str) -> str:
        """What a shell command writes in a service's container, to both its outputs, whatever its exit code."""
        return self._call("exec", "-T", host, "sh", "-c", f"{{ {command}\n}} 2>&1", timeout=EXEC_SECONDS).stdout

    def stop_node(self, node: str) -> str:
        """Have a node fail, at once and without a word; returns what a user would type for it."""
        return self._typed("kill", node)

    def start_node(self, node: str) -> str:
        """Have it come back and be well; returns what a user would type for it. Raises ComposeError."""
        typed = self._typed("start", node)
        deadline = time.monotonic() + NODE_SECONDS
        while (asked := self._call("exec", "-T", node, *ASK_HEALTH)).returncode != 0:
            if time.monotonic() > deadline:
                raise ComposeError(f"{node} does not come back: {asked.stdout}{asked.stderr}\n{self.logs()}")
        return typed

    def check(self) -> None:
        """Raises ComposeError where no engine answers, with the last line of all that Compose says then."""
        if (asked := self._call("ps", "-q")).returncode != 0:
            said = asked.stderr.strip().splitlines() or ["it says nothing"]
            raise ComposeError(f"no Docker engine can be used: {said[-1]}")

    def build(self) -> None:
        """Build the image that all services have, once: `up` would do so for each of them. Raises ComposeError."""
        self._checked("build", "node-1")

    def up(self) -> None:
        """Start everything and wait until it is ready. Raises ComposeError."""
        self._checked("up", "-d")

    def down(self) -> None:
        """Take everything away again, also the volume with the cluster's state. Raises ComposeError."""
        self._checked("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def logs(self) -> str:
        """What the containers have written last."""
        return self._call("logs", "--no-color", "--tail", "20").stdout

    def _typed(self, *arguments: str) -> str:
        self._checked(*arguments)
        return " ".join((self._shown, *arguments))

    def _checked(self, *arguments: str) -> None:
        done = self._call(*arguments)
        if done.returncode != 0:
            raise ComposeError(f"{self._shown} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")

    def _call(self, *arguments: str, timeout: float | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self._program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )


def program() -> tuple[str, ...]:
    """Docker Compose as it is installed here, version 2 before 1.29. Raises ComposeError where there is none."""
    for candidate in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(candidate[0]) is None:
            continue
        if subprocess.run([*candidate, "version"], capture_output=True, check=False).returncode == 0:
            return candidate
    raise ComposeError("there is neither `docker compose` nor `docker-compose`: install Docker with Compose")


def show(project: Compose, say: Callable[[str], None]) -> int:
    """Bring the project up, walk the tour in it, and take it down whatever happens; returns the exit code.

    Raises ComposeError.
    """
    project.check()
    say("building the image and starting the lab")
    project.build()
    try:
        project.up()
        wrong = walk(project, say)
        if wrong:
            say(project.logs())
        return wrong
    finally:
        project.down()


def main() -> int:
    """The tour in containers; 0 when every answer was right."""
    try:
        return show(Compose((*program(), "--project-name", PROJECT)), _say)
    except ComposeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
