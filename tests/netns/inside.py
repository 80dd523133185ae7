"""Runs one function of a test file inside the namespaces that `unshare` has just made: its first process."""

import asyncio
import contextlib
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def prepare() -> None:
    """A private /run for named network namespaces, `lo` up, and refusals that are not rationed."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with contextlib.suppress(FileNotFoundError):  # this namespace's only: UDP refusals must not wait for a token
        Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0")


def main(path: str, name: str, *arguments: str) -> None:
    """Call the function `name` of the file at `path`; a coroutine function gets an event loop."""
    prepare()
    sys.path[0] = str(ROOT)
    module = importlib.import_module(".".join(Path(path).relative_to(ROOT).with_suffix("").parts))
    result = getattr(module, name)(*arguments)
    if inspect.iscoroutine(result):
        asyncio.run(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
