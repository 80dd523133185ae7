"""Runs functions of test files, each as root of namespaces of its own, out of a process that has imported them.

`inside.py PATH FUNCTION ARGUMENT...` runs one. Without arguments it takes a JSON line for each on standard input, and
answers with one that has the exit code and all that the function wrote: imports take longer than most tests.
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)

from lab.namespaces import Privilege, run  # noqa: E402  which is found there


def imported(path: str, name: str) -> Callable[..., object]:
    """The function `name` of the file at `path`."""
    module = importlib.import_module(".".join(Path(path).relative_to(ROOT).with_suffix("").parts))
    function: Callable[..., object] = getattr(module, name)
    return function


def prepare() -> None:
    """`lo` up, and refusals that are not rationed."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with contextlib.suppress(FileNotFoundError):  # this namespace's only: UDP refusals must not wait for a token
        Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0")


def call(function: Callable[..., object], arguments: Sequence[str]) -> int:
    """Call the function as the first process of new namespaces; a coroutine function gets an event loop."""
    prepare()
    result = function(*arguments)
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return 0


def redirect(outputs: Sequence[int]) -> None:
    """Let this process have no input, and write its standard and error output there."""
    for descriptor, target in enumerate([os.open(os.devnull, os.O_RDONLY), *outputs]):
        os.dup2(target, descriptor)


def answer(path: str, name: str, arguments: Sequence[str]) -> tuple[int, str, str]:
    """The exit code of a function, and what it wrote. (No file's: one that is written keeps its disk writable.)"""
    function = imported(path, name)

    def first_process() -> int:
        redirect([each.fileno() for each in outputs])
        return call(function, arguments)

    with os.fdopen(os.memfd_create("output"), "r+") as output, os.fdopen(os.memfd_create("errors"), "r+") as errors:
        outputs = output, errors
        code = run(first_process, Privilege.ROOTLESS)
        for each in outputs:
            each.seek(0)
        return code, output.read(), errors.read()


def serve() -> None:
    """Run one function after the other until there is no more input."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(*json.loads(line))) + "\n")
        sys.stdout.flush()


def main(*argv: str) -> int:
    """Run one function, or all that are asked for."""
    if not argv:
        serve()
        return 0
    path, name, *arguments = argv
    function = imported(path, name)
    return run(lambda: call(function, arguments), Privilege.ROOTLESS)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
