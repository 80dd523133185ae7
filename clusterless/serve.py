"""Starts what serves: the privileged helper first, then, without any capability, the loop with the agent in it."""

from collections.abc import Callable, Coroutine
from typing import Any

from proxy.addresses import AlreadyRunningError, HelperSettings, Marks, open_sockets
from proxy.descriptors import raise_fd_limit

from .agent import Agent, StartError
from .nodedns import load_config
from .settings import Settings

__all__ = ["StartError", "serve"]


def serve(settings: Settings, run: Callable[[Coroutine[Any, Any, int]], int], *, proxy: bool, dns: bool) -> int:
    """Run an agent until it is told to stop; returns its exit code. Raises StartError when it cannot start.

    `run` is an event loop's `run`. The helper is forked before there is a loop or a thread, so that every thread of
    this process is without capabilities.
    """
    dns_config = load_config(settings) if dns else None
    raise_fd_limit()
    try:
        sockets = open_sockets(
            HelperSettings(Marks.NODE if proxy else Marks.DNS),
            lambda: agent.fail(RuntimeError("the privileged helper has ended: nothing can be claimed or opened")),
        )
    except AlreadyRunningError as error:
        raise StartError(str(error)) from error
    agent = Agent(settings, sockets, dns_config, proxy=proxy)
    return run(agent.run())
