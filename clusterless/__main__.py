"""Where the program starts; uvloop is named here alone, so that all the rest runs on plain asyncio too."""

from collections.abc import Coroutine
from typing import Any

from .cli import cli, runner


def main() -> None:
    """The `clusterless` script. Exit codes: 0 good, 1 refused or failed, 2 wrong usage."""
    runner.run, runner.load = _run, _load
    cli(prog_name="clusterless")


def _run(coroutine: Coroutine[Any, Any, int]) -> int:
    import uvloop  # noqa: PLC0415  only commands that serve need it

    from .timedloop import TimedLoop  # noqa: PLC0415

    class Loop(TimedLoop, uvloop.Loop):  # type: ignore[misc]  # as uvloop does itself
        """uvloop's, which also names what holds it up."""

    # Never uvloop.install(): netlink sockets break under it (svinota/pyroute2#1335).
    return uvloop.run(coroutine, loop_factory=Loop)


def _load() -> None:
    import uvloop  # noqa: F401, PLC0415  as above


if __name__ == "__main__":
    main()
