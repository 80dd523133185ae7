"""All workers: started, told what changes, replaced when they die, drained and ended with the program."""

import asyncio
import logging
import socket
from collections.abc import Collection, Iterable, Iterator

import msgspec

from proxy.balancer import Balancer
from proxy.counters import Counters
from proxy.descriptors import fd_budget
from proxy.model import Endpoint, Frontend, ServicePortName
from proxy.reactor import Reactor, Resources

from . import messages
from .datagrams import Datagrams, DatagramStandIn
from .handing import Handing, HandingListener
from .ledger import Ledger
from .link import Link, channel_pair
from .messages import Begin, FlowRow, ToProgram
from .nursery import Nursery
from .placement import Homes, Load
from .respawn import Respawn
from .seat import Seat

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5  # between two looks at who is stuck
SETTLE_SECONDS = 1.0  # a worker that is busier than that, or stopped, holds nothing up
DRAIN_SLACK_SECONDS = 1.0  # beyond the grace period
FAREWELL_SECONDS = 3.0  # above the nursery's own patience with its workers


class Crew:
    """Made inside the running event loop. Workers are numbered from 0 here, and from 1 for people."""

    def __init__(  # noqa: PLR0917 - what a data plane consists of
        self, workers: int, nursery: Nursery, reactor: Reactor, balancer: Balancer, counters: Counters, begin: Begin
    ) -> None:
        """Start as many workers; `begin` says how they work, and the balancer picks for all of them."""
        self.restarts = 0
        self._reactor = reactor
        self._balancer = balancer
        self._counters = counters
        self._begin = begin
        self._handing = Handing(reactor, balancer, counters, begin.relay)
        self._datagrams = Datagrams(reactor, Homes(workers), self)
        self._respawn = Respawn()
        self._epoch = 0
        self._is_ending = False
        self._is_closed = False
        self._nursery = nursery
        self._nursery_link = Link(reactor, nursery.channel, self._on_nursery, self._on_nursery_end)
        self._seats: list[Seat | None] = [None] * workers
        for number in range(workers):
            self._start(number)
        self._look()

    @property
    def alive(self) -> int:
        """How many workers there are now."""
        return len(self._handing.seats)

    @property
    def resources(self) -> Resources:
        """What the workers' connections and flows hold, as they said last."""
        loads = [seat.load for seat in self._handing.seats]
        return Resources(
            sum(load.held for load in loads), sum(load.budget for load in loads), sum(load.timers for load in loads)
        )

    def flows(self) -> Iterator[FlowRow]:
        """The flows of all workers, as they were a moment ago."""
        for seat in self._handing.seats:
            yield from seat.shown.flows

    def pins_of(self, service: ServicePortName, now: float) -> dict[str, tuple[Endpoint, float]]:
        """The affinities of a UDP service port, as they were a moment ago: endpoint and seconds left by client."""
        return {
            pin.client: (pin.endpoint, pin.until - now)
            for seat in self._handing.seats
            for pin in seat.shown.pins
            if pin.service == service and pin.until > now
        }

    def at(self, number: int) -> Seat | None:
        """The worker of this number, `None` while it is being replaced."""
        return self._seats[number]

    def open_tcp(self, sock: socket.socket, frontend: Frontend) -> HandingListener:
        """Serve a TCP frontend on its listening socket."""
        return self._handing.open(sock, frontend)

    def open_udp(self, sock: socket.socket, frontend: Frontend) -> DatagramStandIn:
        """Serve a UDP frontend on its bound socket."""
        return self._datagrams.open(sock, frontend)

    def forget(self, services: Iterable[ServicePortName]) -> None:
        """These service ports are gone."""
        gone = tuple(services)
        if gone:
            self._epoch += 1
            for seat in self._handing.seats:
                seat.forget(gone, self._epoch)
            self._balancer.forget(gone)

    def move(self, local_addresses: Collection[str]) -> None:
        """The node has other addresses of its own."""
        self._balancer.set_local_addresses(local_addresses)
        addresses = tuple(local_addresses)
        self._begin = msgspec.structs.replace(self._begin, local_addresses=addresses)
        for seat in self._handing.seats:
            seat.tell(messages.Move(addresses))

    async def settled(self) -> None:
        """Return once the workers have done what they were told, but for one that takes too long."""
        waiting = [seat.synced() for seat in self._handing.seats]
        if waiting:
            await asyncio.wait(waiting, timeout=SETTLE_SECONDS)

    async def drain(self, grace_seconds: float) -> int:
        """Let connections finish, but no longer than that; returns how many were reset. Listeners are closed before."""
        self._is_ending = True
        waiting = [seat.drained(grace_seconds) for seat in self._handing.seats]
        if not waiting:
            return 0
        done, _ = await asyncio.wait(waiting, timeout=grace_seconds + DRAIN_SLACK_SECONDS)
        return sum(future.result() for future in done)

    async def close(self) -> None:
        """End all workers; connections that are left are reset."""
        self._is_ending = self._is_closed = True
        for seat in self._handing.seats:
            seat.close()
        self._handing.seats = ()
        self._seats = [None] * len(self._seats)
        self._dismiss()
        await self._farewell()

    def _dismiss(self) -> None:
        if not self._nursery_link.is_closed:
            self._nursery.dismiss()
            self._nursery_link.close()

    async def _farewell(self) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._nursery.pid_descriptor, ended.set)
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await ended.wait()
        except TimeoutError:
            log.warning("workers did not end in time", extra={"kv": {"after_seconds": FAREWELL_SECONDS}})
        finally:
            loop.remove_reader(self._nursery.pid_descriptor)
            self._nursery.reap()

    def _start(self, number: int) -> None:
        ours, theirs = channel_pair()
        self._nursery_link.send(Nursery.fork(number + 1), (theirs,))
        ledger = Ledger(self._counters, self._balancer.count)
        seat = Seat(self._reactor, ours, Load(fd_budget()), ledger, self._on_message, self._on_end)
        self._seats[number] = seat
        seat.tell(self._begin)
        self._datagrams.settle(number, seat)
        self._on_change()

    def _on_message(self, seat: Seat, message: ToProgram) -> None:
        match message:
            case messages.Told():
                self._handing.resume()
            case messages.DialFailed():
                self._handing.dial_failed(message)
            case messages.Ask():
                seat.tell(self._handing.answer(message))

    def _on_end(self, seat: Seat) -> None:
        """Nothing more goes there; the nursery will tell how it ended."""
        if seat in self._seats:
            self._seats[self._seats.index(seat)] = None
            self._on_change()

    def _on_change(self) -> None:
        self._handing.seats = tuple(seat for seat in self._seats if seat is not None)
        self._handing.resume()

    def _on_nursery(self, data: bytes, _descriptors: list[int]) -> None:
        ended = Nursery.ended(data)
        number = ended.number - 1
        if (seat := self._seats[number]) is not None:  # its channel's end is still to be heard of
            seat.close()
            self._on_end(seat)
        if self._is_ending:
            return
        self.restarts += 1
        delay = self._respawn.delay(number, self._reactor.now)
        details = {"worker": ended.number, "reason": ended.reason, "replaced_in_seconds": delay}
        log.error("a worker has ended: its connections are lost", extra={"kv": details})
        if delay:
            asyncio.get_running_loop().call_later(delay, self._start_again, number)
        else:
            self._start(number)

    def _look(self) -> None:
        for seat in self._handing.seats:
            seat.load.look()
        if not self._is_closed:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _start_again(self, number: int) -> None:
        if not self._is_ending:
            self._start(number)

    def _on_nursery_end(self) -> None:
        if not self._is_ending:
            self._nursery.on_exit()
