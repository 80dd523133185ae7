"""Starts what serves: the privileged helper first, then, without any capability, the loop with the agent in it."""

from collections.abc import Callable, Coroutine
from socket import socket
from typing import TYPE_CHECKING, Any

from clusterless.configuration.settings import Settings
from clusterless.node.node import Node
from clusterless.node.nodedns import load_config
from clusterless.operations import logs
from proxy.addresses import AlreadyRunningError, HelperSettings, HelperSockets, LocalSockets, Marks, open_sockets
from proxy.descriptors import raise_fd_limit
from proxy.hostfacts import HostFacts

from .agent import Agent, StartError
from .served import Served

if TYPE_CHECKING:
    from proxy.workers import Nursery

__all__ = ["StartError", "serve", "serve_load_balancer"]

Run = Callable[[Coroutine[Any, Any, int]], int]
Make = Callable[[HelperSockets | LocalSockets, HostFacts, "Nursery | None"], Served]


def serve(settings: Settings, run: Run, *, proxy: bool, dns: bool) -> int:
    """Run a node's agent until it is told to stop; returns its exit code. Raises StartError when it cannot start.

    `run` is an event loop's `run`.
    """
    dns_config = load_config(settings) if dns else None
    mark = Marks.NODE if proxy else Marks.DNS

    def make(sockets: HelperSockets | LocalSockets, facts: HostFacts, nursery: "Nursery | None") -> Node:
        return Node(settings, sockets, facts, dns_config, proxy=proxy, nursery=nursery)

    return _serve(settings, run, mark, make)


def serve_load_balancer(settings: Settings, run: Run) -> int:
    """Run the load balancer in front of the nodes; as `serve`."""
    from clusterless.loadbalancing.loadbalancer import LoadBalancer  # noqa: PLC0415 - a node needs none of it

    return _serve(
        settings,
        run,
        Marks.LOAD_BALANCER,
        lambda sockets, facts, nursery: LoadBalancer(settings, sockets, facts, nursery),
    )


def _serve(settings: Settings, run: Run, mark: Marks, make: Make) -> int:
    """All forking is done before there is a loop or a thread: then every thread here is without capabilities."""
    raise_fd_limit()
    nursery = _nursery(settings, run, lambda error: agent.fail(error))  # noqa: PLW0108 - it is made below
    try:
        sockets = open_sockets(
            HelperSettings(mark),
            lambda: agent.fail(RuntimeError("the privileged helper has ended: nothing can be claimed or opened")),
        )
    except AlreadyRunningError as error:
        raise StartError(str(error)) from error
    agent = Agent(settings, sockets, lambda facts: make(sockets, facts, nursery))
    return run(agent.run())


def _nursery(settings: Settings, run: Run, fail: Callable[[BaseException], None]) -> "Nursery | None":
    """Where workers come from, if there are to be any."""
    if settings.workers < 2:
        return None
    from proxy.workers import start_nursery, work  # noqa: PLC0415 - one process alone needs none of it

    def live(channel: socket) -> None:
        logs.detach()
        try:
            work(channel, run)
        finally:
            logs.attach()

    error = RuntimeError("the process that workers are forked from has ended: none can be replaced")
    return start_nursery(live, lambda: fail(error))
