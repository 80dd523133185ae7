"""Starts what serves: the privileged helper first, then, without any capability, the loop with the agent in it."""

import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from proxy.addresses import AlreadyRunningError, HelperSettings, Marks, open_sockets
from proxy.descriptors import raise_fd_limit

from .agent import Agent, StartError
from .nodedns import load_config
from .settings import Settings

__all__ = ["StartError", "serve"]

log = logging.getLogger(__name__)


def serve(settings: Settings, run: Callable[[Coroutine[Any, Any, int]], int], *, proxy: bool, dns: bool) -> int:
    """Run an agent until it is told to stop; returns its exit code. Raises StartError when it cannot start.

    `run` is an event loop's `run`. The helper is forked before there is a loop or a thread, so that every thread of
    this process is without capabilities.
    """
    dns_config = load_config(settings) if dns else None
    raise_fd_limit()
    try:
        sockets = open_sockets(HelperSettings(Marks.NODE if proxy else Marks.DNS), _helper_ended)
    except AlreadyRunningError as error:
        raise StartError(str(error)) from error
    return run(Agent(settings, sockets, dns_config, proxy=proxy).run())


def _helper_ended() -> None:
    """Without its helper this process can claim and open nothing: to be started again is better than to linger."""
    log.critical("privileged helper has ended", extra={"kv": {"consequence": "the program stops"}})
    signal.raise_signal(signal.SIGTERM)
