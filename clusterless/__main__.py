"""Where the program starts; uvloop is named here alone, so that all the rest runs on plain asyncio too."""

# ruff: noqa: PLC0415  what a command does not need, it does not load

import sys
from collections.abc import Coroutine
from typing import Any


def main() -> None:
    """The `clusterless` script. Exit codes: 0 good, 1 refused or failed, 2 wrong usage."""
    if _is_plain_healthz(sys.argv[1:]):
        from .operations.healthz import main as healthz

        sys.exit(healthz(*sys.argv[2:]))
    from .cli import cli, runner

    runner.run, runner.load = _run, _load
    cli(prog_name="clusterless")


def _is_plain_healthz(arguments: list[str]) -> bool:
    """Whether this is `healthz` alone or with an http URL: images ask it again and again, and it is to cost little."""
    match arguments:
        case ["healthz"]:
            return True
        case ["healthz", url]:
            return url.startswith("http://")
        case _:
            return False


def _run(coroutine: Coroutine[Any, Any, int]) -> int:
    import uvloop

    from .operations.timedloop import TimedLoop

    class Loop(TimedLoop, uvloop.Loop):  # type: ignore[misc]  # as uvloop does itself
        """uvloop's, which also names what holds it up."""

    # Never uvloop.install(): netlink sockets break under it (svinota/pyroute2#1335).
    return uvloop.run(coroutine, loop_factory=Loop)


def _load() -> None:
    import uvloop  # noqa: F401


if __name__ == "__main__":
    main()
