"""One worker as the program sees it, from the moment that it is asked for until its channel ends."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Sequence
from typing import TypeVar

from proxy.model import Endpoint, Frontend, FrontendKey, ServicePortName
from proxy.reactor import Reactor

from . import messages
from .ledger import Ledger
from .link import Link
from .messages import Message, ToProgram, decode_to_program, encode
from .placement import Load
from .showing import NOTHING

_T = TypeVar("_T")


class Seat:
    """Clients are added one by one, and leave together with `flush`."""

    def __init__(  # noqa: PLR0917 - made in one place only
        self,
        reactor: Reactor,
        channel: socket.socket,
        load: Load,
        ledger: Ledger,
        on_message: Callable[["Seat", ToProgram], None],
        on_end: Callable[["Seat"], None],
    ) -> None:
        """Take over the program's end of the channel. `on_message` hears what is not of the seat's own concern."""
        self.load = load
        self.ledger = ledger
        self.shown = NOTHING
        self._link = Link(reactor, channel, self._receive, self._end)
        self._on_message = on_message
        self._on_end = on_end
        self._introduced: dict[FrontendKey, ServicePortName] = {}
        self._clients: list[messages.Client] = []
        self._sockets: list[socket.socket] = []
        self._numbers = itertools.count()
        self._syncs: dict[int, asyncio.Future[None]] = {}
        self._drained: asyncio.Future[int] | None = None

    def tell(self, message: Message) -> None:
        """Send a message."""
        self._link.send(encode(message))

    def lend(self, message: Message, sock: socket.socket) -> None:
        """Send a message with a duplicate of a socket that the caller keeps."""
        self._link.send(encode(message), (sock,), are_given=False)

    def add(self, frontend: Frontend, address: str, endpoint: Endpoint, client: socket.socket) -> None:
        """Give the client away, with the endpoint that was picked for it."""
        key = frontend.key
        if self._introduced.get(key) != frontend.service:
            self.flush()
            self._introduced[key] = frontend.service
            self.tell(messages.Introduce(key, frontend.kind, frontend.service))
        self._clients.append(messages.Client(key, address, endpoint))
        self._sockets.append(client)
        self.load.handed += 1
        self.ledger.handed(frontend.service)

    def flush(self) -> None:
        """Send the clients that were added."""
        if self._clients:
            clients, sockets = tuple(self._clients), tuple(self._sockets)
            self._clients.clear()
            self._sockets.clear()
            self._link.send(encode(messages.Clients(clients)), sockets)

    def close_frontend(self, key: FrontendKey) -> None:
        """No more clients of this TCP frontend will be added."""
        if self._introduced.pop(key, None):
            self.tell(messages.CloseFrontend(key))

    def forget(self, services: Sequence[ServicePortName], epoch: int) -> None:
        """Service ports that are gone; the epoch is greater than any before."""
        self.ledger.forget(services, epoch)
        self.tell(messages.Forget(epoch, tuple(services)))

    def synced(self) -> asyncio.Future[None]:
        """Done when the worker has done all that it was told, or is dead."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        number = next(self._numbers)
        self._syncs[number] = future
        self.tell(messages.Sync(number))
        return future

    def drained(self, grace_seconds: float) -> asyncio.Future[int]:
        """Have the worker drain its connections; the result is how many it had to reset. A dead one has none."""
        self._drained = asyncio.get_running_loop().create_future()
        self.tell(messages.Drain(grace_seconds))
        return self._drained

    def close(self) -> None:
        """Let the worker end: what it has open is reset."""
        self._link.close()
        self._settle()

    def _receive(self, data: bytes, _descriptors: list[int]) -> None:
        message = decode_to_program(data)
        match message:
            case messages.Told(report):
                self.load.update(report.taken, report.connections, report.held, report.timers)
                self.ledger.add(report)
            case messages.Shown():
                self.shown = message
            case messages.Synced(number):
                _resolve(self._syncs.pop(number), None)
            case messages.Drained(cut) if self._drained is not None:
                _resolve(self._drained, cut)
        self._on_message(self, message)

    def _end(self) -> None:
        """The worker is dead: its connections are over."""
        self._settle()
        self._on_end(self)

    def _settle(self) -> None:
        for client in self._sockets:
            client.close()
        self.ledger.close()
        for future in self._syncs.values():
            _resolve(future, None)
        self._syncs.clear()
        if self._drained is not None:
            _resolve(self._drained, 0)


def _resolve(future: asyncio.Future[_T], result: _T) -> None:
    if not future.done():
        future.set_result(result)
