"""A process that runs tests' functions inside namespaces, and stays for the next one; see inside.py."""

import json
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).with_name("inside.py")


class Warm:
    """Started when it is first needed, and again after a function that did not end in time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def call(self, function: Callable[..., Any], arguments: tuple[str, ...], timeout: float) -> tuple[int, str, str]:
        """The exit code of a module-level function, and what it wrote to standard and to error output.

        Raises TimeoutError after `timeout` seconds.
        """
        answer = self._ask(json.dumps([function.__code__.co_filename, function.__name__, arguments]), timeout)
        if not answer:
            self.close()
        assert answer != "", f"the process that runs {function.__name__} has ended"
        if answer is None:
            raise TimeoutError(f"{function.__name__} took longer than {timeout:g} s")
        code, output, errors = json.loads(answer)
        return code, output, errors

    def close(self) -> None:
        """End it, and whatever it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _ask(self, request: str, timeout: float) -> str | None:
        """The answer; `None` if there is none in time, empty from a process that has ended."""
        process = self._process = self._process or _started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{request}\n")
        process.stdin.flush()
        readable, _, _ = select.select([process.stdout], [], [], timeout)
        return process.stdout.readline() if readable else None


def _started() -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(INSIDE)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
