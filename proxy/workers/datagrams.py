"""What stands for a UDP listener in the program while a worker serves it."""

import socket
import typing

from proxy.model import Frontend
from proxy.reactor import Reactor

from .messages import CloseDatagrams, ServeDatagrams, UpdateDatagrams
from .placement import Homes
from .seat import Seat


class Seats(typing.Protocol):
    """The workers, by the numbers of their homes."""

    def at(self, number: int) -> Seat | None:
        """The worker of this number, `None` while it is being replaced."""
        ...


class Datagrams:
    """All UDP frontends, and where they are served. Their sockets stay here too: datagrams wait when a worker dies."""

    def __init__(self, reactor: Reactor, homes: Homes, seats: Seats) -> None:
        self.reactor = reactor
        self._homes = homes
        self._seats = seats
        self._members: dict[DatagramStandIn, int] = {}

    def open(self, sock: socket.socket, frontend: Frontend) -> "DatagramStandIn":
        """Serve a UDP frontend on its bound socket."""
        stand_in = DatagramStandIn(self, sock, frontend)
        self.move_in(stand_in)
        return stand_in

    def move_in(self, stand_in: "DatagramStandIn") -> None:
        """Have the worker serve it that its service port belongs to."""
        number = self._members[stand_in] = self._homes.move_in(stand_in.frontend.service)
        if (seat := self._seats.at(number)) is not None:
            seat.lend(ServeDatagrams(stand_in.frontend), stand_in.sock)

    def move_out(self, stand_in: "DatagramStandIn", served: Frontend) -> None:
        """Have it served no longer; `served` is what it was until now."""
        number = self._members.pop(stand_in)
        self._homes.move_out(served.service)
        if (seat := self._seats.at(number)) is not None:
            seat.tell(CloseDatagrams(served.key))

    def update(self, stand_in: "DatagramStandIn") -> None:
        """Its frontend is another one of the same service port."""
        if (seat := self._seats.at(self._members[stand_in])) is not None:
            seat.tell(UpdateDatagrams(stand_in.frontend))

    def settle(self, number: int, seat: Seat) -> None:
        """A new worker takes over what belongs to this number."""
        for stand_in, home in self._members.items():
            if home == number:
                seat.lend(ServeDatagrams(stand_in.frontend), stand_in.sock)


class DatagramStandIn:
    """The `Listener` of a UDP frontend that a worker serves."""

    def __init__(self, datagrams: Datagrams, sock: socket.socket, frontend: Frontend) -> None:
        """Take over `sock`, which is bound and non-blocking."""
        self.sock = sock
        self._datagrams = datagrams
        self._frontend = frontend
        self._is_closed = False
        datagrams.reactor.descriptors.hold(1)

    @property
    def frontend(self) -> Frontend:
        """What is served now."""
        return self._frontend

    @frontend.setter
    def frontend(self, frontend: Frontend) -> None:
        before, self._frontend = self._frontend, frontend
        if frontend.service != before.service:
            self._datagrams.move_out(self, before)
            self._datagrams.move_in(self)
        elif frontend != before:
            self._datagrams.update(self)

    def close(self) -> None:
        """Have nobody serve it any more; the kernel refuses further datagrams once the worker has let go, too."""
        if self._is_closed:
            return
        self._is_closed = True
        self._datagrams.move_out(self, self._frontend)
        self.sock.close()
        self._datagrams.reactor.descriptors.give(1)
