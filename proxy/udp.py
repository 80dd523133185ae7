"""UDP: one socket for a frontend's clients, and for each client a connected socket to its endpoint.

The connected socket is the flow: the kernel delivers to it what its endpoint sends and nothing else, so answers need
no table, and they leave through the socket that the client asked. Which flows there are is decided in `flows`.

A datagram that cannot go further now is dropped and counted, as a router would do: nothing is queued here.
"""

import errno
import logging
import socket

from .accesslog import LoggedCounters, Names, counters_of_flow, tell_flow
from .counters import Counters, DialOutcome, DropReason, PauseReason, ServiceCounters
from .datagrams import BATCH
from .flows import Client, FlowEnd, FlowSettings, FlowTable
from .flowsocket import FlowSocket, UdpFlow
from .handlers import TimerOwner
from .model import Chooser, Endpoint, Frontend
from .outcomes import OURS, OUTCOMES, known_errno
from .reactor import READ_EVENTS, Reactor
from .timers import Timer

log = logging.getLogger(__name__)

# Endpoints that are tried for one datagram: as many as the old userspace proxier dialled for a connection.
ATTEMPTS = 4

# What `send` says of this datagram, and not of the endpoint.
DROPS = {
    errno.EAGAIN: DropReason.QUEUE_FULL,
    errno.ENOBUFS: DropReason.QUEUE_FULL,
    errno.ENOMEM: DropReason.NO_DESCRIPTORS,
    errno.EMSGSIZE: DropReason.TOO_LONG,
    errno.EPERM: DropReason.PROHIBITED,
    errno.EACCES: DropReason.PROHIBITED,
}


class UdpListener:
    """Serves one frontend on one socket, until `close`, which ends its flows, too.

    `frontend` may be replaced at any time, by one of the same key: flows to endpoints that serve no longer are cut,
    so that the next datagram of their clients goes to one that does.
    """

    def __init__(  # noqa: PLR0917 - the same six as a TcpListener has
        self,
        reactor: Reactor,
        sock: socket.socket,
        frontend: Frontend,
        chooser: Chooser,
        counters: Counters,
        settings: FlowSettings,
    ) -> None:
        """Take over `sock`, which is bound and non-blocking."""
        self.reactor = reactor
        self._chooser = chooser
        self._sock = sock
        self._frontend = frontend
        self._counters = counters
        self._table: FlowTable[FlowSocket] = FlowTable(settings)
        self._by_name: dict[bytes, UdpFlow] = {}  # the same flows by their client's `sockaddr`
        self.datagrams = reactor.datagrams(sock.family)
        self._idle_seconds = settings.idle_seconds
        self._log_every = settings.access_log_every
        self._timer: Timer[TimerOwner] | None = None
        self._is_closed = False
        reactor.descriptors.hold(1)
        reactor.watch(sock, self, READ_EVENTS)

    @property
    def frontend(self) -> Frontend:
        """What is served now."""
        return self._frontend

    @frontend.setter
    def frontend(self, frontend: Frontend) -> None:
        before, self._frontend = self._frontend, frontend
        if (frontend.service, frontend.source_ranges) != (before.service, before.source_ranges):
            self._end_all(self._table.clear(), FlowEnd.CLOSED)
        elif _may_serve(frontend) != _may_serve(before):
            self._end_all(self._table.retain(_may_serve(frontend)), FlowEnd.ENDPOINT_GONE)

    @property
    def flows(self) -> tuple[UdpFlow, ...]:
        """The flows that are there now."""
        return tuple(self._table)

    def close(self) -> None:
        """Take no datagram any more, and end all flows: further datagrams are refused by the kernel."""
        if self._is_closed:
            return
        self._is_closed = True
        self._end_all(self._table.clear(), FlowEnd.CLOSED)
        if self._timer is not None:
            self.reactor.cancel_timer(self._timer)
            self._timer = None  # each holds the other
        self.reactor.discard_shared(self._sock)
        self.reactor.descriptors.give(1)

    def abort(self) -> None:
        """As `close`."""
        self.close()

    def on_events(self, events: int) -> None:  # noqa: ARG002 - there is only one kind
        """Datagrams wait."""
        self.proceed()

    def proceed(self) -> None:
        """Pass a slice of them on."""
        if self._is_closed:
            return
        try:
            batch = self.datagrams.receive(self._sock)
        except BlockingIOError:
            return
        for name, datagram in batch:
            self._pass_on(name, datagram)
        if len(batch) == BATCH:
            self.reactor.soon(self)

    def on_timer(self) -> None:
        """The idle time of some flow may be over."""
        self._end_all(self._table.expire(self.reactor.now), FlowEnd.IDLE)
        self._set_timer()

    def answer(self, flow: UdpFlow, number: int) -> None:
        """Send so many datagrams of an endpoint to the client, from the address that it asked."""
        flow.is_answered = True
        self._table.touch(flow, self.reactor.now)
        for error in self.datagrams.answer(self._sock, flow.link.client_name, number):
            flow.link.counters.drops[_why_unanswered(error)] += 1

    def refuse(self, flow: UdpFlow, number: int) -> None:
        """The endpoint's host said that it takes no datagrams: the next one goes elsewhere."""
        self._table.remove(flow)
        self._note_failure(flow.client, flow.endpoint, OUTCOMES[number])
        self._end(flow, FlowEnd.REFUSED)

    def end_failed(self, flow: UdpFlow) -> None:
        """A bug of ours ended the flow."""
        self._table.remove(flow)
        self._end(flow, FlowEnd.CLOSED)

    def _pass_on(self, name: bytes, datagram: memoryview) -> None:
        flow = self._by_name.get(name)
        try:
            if flow is None or not self._send(flow, datagram):
                self._begin(name, datagram)
        except Exception:  # the reactor's rule 4: a bug of ours costs this datagram, not the listener
            log.exception("a datagram's handler failed")
            self._drop(DropReason.FAULT)

    def _send(self, flow: UdpFlow, datagram: memoryview) -> bool:
        """Send to the flow's endpoint; `False` when that ended the flow, and the datagram may go elsewhere."""
        try:
            flow.link.sock.send(datagram)
        except OSError as error:
            if error.errno not in DROPS:
                self.refuse(flow, known_errno(error))
                return False
            self._drop(DROPS[error.errno])
        else:
            flow.link.endpoint_counters.from_clients.bytes += len(datagram)
        self._table.touch(flow, self.reactor.now)
        return True

    def _begin(self, name: bytes, datagram: memoryview) -> None:
        """Find an endpoint for a client that has no flow, and send it the datagram."""
        client = self.datagrams.client(name)
        tried: list[Endpoint] = []
        while len(tried) < ATTEMPTS:
            endpoint = self._chooser.pick(self._frontend, client[0], self.reactor.now, tried)
            if endpoint is None:
                break
            if not self._make_room():
                self._drop(DropReason.NO_DESCRIPTORS)
                return
            flow = self._open(client, name, endpoint)
            if flow is not None and self._send(flow, datagram):
                return
            tried.append(endpoint)
        self._drop(DropReason.UNREACHABLE if tried else DropReason.NO_ENDPOINT)

    def _make_room(self) -> bool:
        """Take a descriptor for one more flow, if need be from the flow that was idle longest."""
        descriptors = self.reactor.descriptors
        if descriptors.is_exhausted:
            return False
        if not self._table.is_full and descriptors.take(1):
            return True
        oldest = self._table.evict()
        if oldest is None:
            return False
        self._end(oldest, FlowEnd.EVICTED)
        return descriptors.take(1)

    def _open(self, client: Client, name: bytes, endpoint: Endpoint) -> UdpFlow | None:
        """A flow to the endpoint, for which a descriptor was taken; `None` if it cannot be had."""
        counters = self._counters.service(self._frontend.service)
        try:
            link = FlowSocket(self, endpoint, self._frontend, counters, name)
        except OSError as error:
            self.reactor.descriptors.give(1)
            self._note_failure(client, endpoint, OUTCOMES[known_errno(error)])
            return None
        flow = link.flow = self._by_name[name] = self._table.add(client, endpoint, link, self.reactor.now)
        counters.accepted += 1
        link.endpoint_counters.opened += 1
        link.endpoint_counters.open += 1
        if self._log_every:
            link.endpoint_counters = counters_of_flow(link.endpoint_counters, self._log_every, self.reactor.now)
        self._chooser.opened(self._frontend, endpoint)
        self.reactor.watch(link.sock, link, READ_EVENTS)
        if self._timer is None or flow.active_at + self._idle_seconds < self._timer.deadline:
            self._set_timer()
        return flow

    def _set_timer(self) -> None:
        """Have `on_timer` called when the next flow may expire."""
        due = self._table.next_expiry()
        if self._timer is None:
            self._timer = self.reactor.start_timer(self, due - self.reactor.now)
        else:
            self.reactor.move_timer(self._timer, due)

    def _note_failure(self, client: Client, endpoint: Endpoint, outcome: DialOutcome) -> None:
        if outcome not in OURS:
            self._chooser.dial_failed(self._frontend, client[0], endpoint)
        self._service().endpoint(endpoint).dial_failures[outcome] += 1
        if outcome is DialOutcome.NO_DESCRIPTORS and self.reactor.pause_accepting():
            self._counters.accept_pauses[PauseReason.EXHAUSTED] += 1

    def _end_all(self, flows: list[UdpFlow], reason: FlowEnd) -> None:
        for flow in flows:
            self._end(flow, reason)

    def _end(self, flow: UdpFlow, reason: FlowEnd) -> None:
        """Let go of a flow that the table has no more."""
        link = flow.link
        link.is_over = True
        del self._by_name[link.client_name]
        link.counters.closed += 1
        link.counters.flow_ends[reason] += 1
        counters = link.endpoint_counters
        if isinstance(counters, LoggedCounters):
            names = Names(flow.client, link.frontend, flow.endpoint)
            tell_flow(names, counters, str(reason), self.reactor.now)
            counters = counters.shared
        counters.open -= 1
        self._chooser.closed(link.frontend, flow.endpoint)
        self.reactor.discard(link.sock)
        self.reactor.descriptors.give(1)

    def _drop(self, reason: DropReason) -> None:
        self._service().drops[reason] += 1

    def _service(self) -> ServiceCounters:
        return self._counters.service(self._frontend.service)


def _why_unanswered(error: OSError) -> DropReason:
    """Why the client does not get an answer; other errors are raised again."""
    if error.errno in DROPS:
        return DROPS[error.errno]
    if OUTCOMES[known_errno(error)] is not DialOutcome.UNREACHABLE:
        raise error
    return DropReason.UNREACHABLE


def _may_serve(frontend: Frontend) -> frozenset[Endpoint]:
    """The endpoints that flows may go to, also those that only flows which are there already may keep."""
    return frozenset({*frontend.internal, *frontend.external, *frontend.draining})
