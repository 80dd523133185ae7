"""Takes back what a program of ours left on this host: its routes, and its device with the addresses on it."""

from collections.abc import Callable, Coroutine
from typing import Any

from proxy.addresses import AlreadyRunningError, HelperSettings, HelperSockets, Marks, open_sockets

from .starterror import StartError


def cleanup(command: str, run: Callable[[Coroutine[Any, Any, int]], int]) -> int:
    """What `clusterless COMMAND` leaves when it is killed together with its helper; returns the exit code.

    Raises StartError where that is not permitted, and while the program runs. A helper begins and ends by taking back
    all that bears its mark, also what another one made.
    """
    try:
        sockets = open_sockets(HelperSettings(_mark(command)))
    except AlreadyRunningError as error:
        raise StartError(f"{error}: stop it first, it takes its addresses back by itself") from error
    if not isinstance(sockets, HelperSockets):
        raise StartError("--cleanup needs CAP_NET_ADMIN: run as root")
    return run(_close(sockets))


def _mark(command: str) -> Marks:
    match command:
        case "dns":
            return Marks.DNS
        case "loadbalancer":
            return Marks.LOAD_BALANCER
        case _:
            return Marks.NODE


async def _close(sockets: HelperSockets) -> int:
    await sockets.close()
    return 0
