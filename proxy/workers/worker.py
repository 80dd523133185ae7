"""A worker process: dials and relays for clients that it is given, carries the flows of frontends that it is given.

It decides nothing about TCP, and all about the UDP service ports that belong to it. It ends when the program does.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from random import SystemRandom
from typing import Any, TypeAlias

from proxy.balancer import Balancer
from proxy.counters import Counters
from proxy.descriptors import Descriptors, fd_budget
from proxy.line import Line
from proxy.listener import LOG_SECONDS
from proxy.model import Frontend, FrontendKey
from proxy.reactor import Reactor
from proxy.throttle import Throttle
from proxy.udp import UdpListener

from . import messages
from .choosers import HandedChooser, NotedChooser
from .handed import Desk, HandedDial
from .link import Link
from .messages import decode_to_worker, encode, one_sided
from .notes import Notes
from .placement import DESCRIPTORS_PER_CONNECTION, worker_budget
from .showing import Showing

log = logging.getLogger(__name__)

Run: TypeAlias = Callable[[Coroutine[Any, Any, int]], int]


def work(channel: socket.socket, run: Run) -> None:
    """A worker's whole life, with its end of the channel; `run` is an event loop's `run`."""
    run(_live(channel))


async def _live(channel: socket.socket) -> int:
    worker = Worker(channel)
    await worker.serve()
    return 0


class _Introduced:
    """A TCP frontend whose clients come."""

    __slots__ = ("frontend", "line")

    def __init__(self, frontend: Frontend, line: Line) -> None:
        self.frontend = frontend
        self.line = line


class Worker:
    """Made inside the running event loop."""

    def __init__(self, channel: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._reactor = Reactor(loop, Descriptors(worker_budget(fd_budget())))
        self._counters = Counters()
        self._drain: asyncio.Future[float] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._link = Link(self._reactor, channel, self._on_message, self._on_end)
        self._notes = Notes(self._reactor, self._counters, self._link)
        self._desk = Desk(self._link, self._notes)
        self._introduced: dict[FrontendKey, _Introduced] = {}
        self._datagrams: dict[FrontendKey, UdpListener] = {}
        self._showing: Showing | None = None

    async def serve(self) -> None:
        """Work until the program is gone, or closes the channel; what is open then is reset."""
        await asyncio.wait((self._drain, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not self._ended.done():
            cut = await self._reactor.connections.drain(self._drain.result())
            self._link.send(encode(messages.Drained(cut)))
            await self._ended
        self._reactor.close()

    def _on_end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
        self._reactor.connections.reset()  # nobody waits for them to finish

    def _on_message(self, data: bytes, descriptors: list[int]) -> None:
        match decode_to_worker(data):
            case messages.Clients(clients):
                self._take(clients, descriptors)
            case messages.Next(number, endpoint):
                self._desk.answer(number, endpoint)
            case messages.Introduce() as introduced:
                self._introduce(introduced)
            case messages.ServeDatagrams() | messages.UpdateDatagrams() | messages.CloseDatagrams() as about:
                self._on_datagrams(about, descriptors)
            case messages.CloseFrontend(key):
                self._introduced.pop(key, None)
            case messages.Forget(epoch, services):
                self._notes.forget(services, epoch)
                self._balancer.forget(services)
            case messages.Move(addresses):
                self._balancer.set_local_addresses(addresses)
            case messages.Sync(number):
                self._link.send(encode(messages.Synced(number)))
            case messages.Drain(seconds):
                self._drain.set_result(seconds)
            case messages.Begin() as begin:
                self._begin(begin)

    def _on_datagrams(
        self,
        message: messages.ServeDatagrams | messages.UpdateDatagrams | messages.CloseDatagrams,
        descriptors: list[int],
    ) -> None:
        match message:
            case messages.ServeDatagrams(frontend):
                self._serve_datagrams(one_sided(frontend), descriptors)
            case messages.UpdateDatagrams(frontend):
                if (listener := self._datagrams.get(frontend.key)) is not None:
                    listener.frontend = one_sided(frontend)
            case messages.CloseDatagrams(key):
                if (listener := self._datagrams.pop(key, None)) is not None:
                    listener.close()

    def _begin(self, begin: messages.Begin) -> None:
        self._relay_settings = begin.relay
        self._flow_settings = begin.flows
        self._balancer = Balancer(SystemRandom(), begin.scheduler, begin.cluster_cidrs, begin.local_addresses)
        self._noted = NotedChooser(self._notes, self._balancer)

    def _introduce(self, introduced: messages.Introduce) -> None:
        frontend = Frontend(introduced.key, introduced.kind, introduced.service, (), ())
        chooser = HandedChooser(self._notes, self._link, self._notes.standing(frontend.service))
        line = Line(self._reactor, chooser, self._counters, self._relay_settings, Throttle(LOG_SECONDS))
        self._introduced[frontend.key] = _Introduced(frontend, line)

    def _take(self, clients: tuple[messages.Client, ...], descriptors: list[int]) -> None:
        if len(descriptors) < len(clients):  # the kernel had none, whatever the budget says
            self._reactor.pause_accepting()
            log.error("clients were lost: out of descriptors", extra={"kv": {"count": len(clients) - len(descriptors)}})
        for client, descriptor in zip(clients, descriptors, strict=False):
            frontend, line = self._introduced[client.frontend].frontend, self._introduced[client.frontend].line
            family = socket.AF_INET6 if client.frontend.is_ipv6 else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)
            sock.settimeout(0)
            self._reactor.descriptors.hold(DESCRIPTORS_PER_CONNECTION)
            dial = HandedDial(line, frontend, sock, client.address, client.endpoint, self._desk)
            self._reactor.attempt(dial.start, dial)
            self._notes.note(frontend.service)
        self._notes.note_taken(len(clients))

    def _serve_datagrams(self, frontend: Frontend, descriptors: list[int]) -> None:
        if not descriptors:
            log.error("datagrams are not served: no socket came", extra={"kv": {"frontend": str(frontend.key)}})
            return
        family = socket.AF_INET6 if frontend.key.is_ipv6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM, socket.IPPROTO_UDP, fileno=descriptors[0])
        arguments = (self._reactor, sock, frontend, self._noted, self._counters, self._flow_settings)
        self._datagrams[frontend.key] = UdpListener(*arguments)
        if self._showing is None:
            self._showing = Showing(self._reactor, self._link, self._balancer, self._datagrams)
