"""The socket of one UDP flow, connected to its endpoint: what comes in there is an answer for the flow's client."""

import socket
import typing
from typing import TypeAlias

from .counters import ServiceCounters
from .datagrams import BATCH, Datagrams
from .flows import Flow
from .model import Endpoint, Frontend
from .outcomes import known_errno
from .reactor import Reactor
from .tcpsocket import Socket

_IPV4, _IPV6 = int(socket.AF_INET), int(socket.AF_INET6)  # numbers are taken faster than members of enumerations
_DATAGRAMS, _UDP = int(socket.SOCK_DGRAM | socket.SOCK_NONBLOCK), int(socket.IPPROTO_UDP)

UdpFlow: TypeAlias = Flow["FlowSocket"]


class FlowOwner(typing.Protocol):
    """The listener of the flow's frontend."""

    reactor: Reactor
    datagrams: Datagrams

    def answer(self, flow: UdpFlow, number: int) -> None:
        """Send so many datagrams, which `datagrams` holds, to the client."""
        ...

    def refuse(self, flow: UdpFlow, number: int) -> None:
        """The endpoint takes no datagrams; the errno says why."""
        ...

    def end_failed(self, flow: UdpFlow) -> None:
        """A bug of ours ended the flow."""
        ...


class FlowSocket:
    """Carries a flow to `endpoint`; the flow is set right after the socket is made."""

    __slots__ = ("_owner", "client_name", "counters", "endpoint_counters", "flow", "frontend", "is_over", "sock")

    flow: UdpFlow

    def __init__(
        self, owner: FlowOwner, endpoint: Endpoint, frontend: Frontend, counters: ServiceCounters, client_name: bytes
    ) -> None:
        """`client_name` is the client's `sockaddr`. Raises OSError when there is no socket to be had, or no way."""
        self.client_name = client_name
        self.frontend = frontend  # as it was when the flow began
        self.counters = counters
        self.is_over = False
        self._owner = owner
        self.sock = _connected(endpoint)
        self.endpoint_counters = counters.endpoint(endpoint)

    def on_events(self, events: int) -> None:  # noqa: ARG002 - an error is told by `recv`, too
        """Answers wait, or an error."""
        self.proceed()

    def proceed(self) -> None:
        """Pass a slice of them on."""
        if self.is_over:
            return
        owner = self._owner
        try:
            number, size = owner.datagrams.receive_answers(self.sock)
        except BlockingIOError:
            return
        except OSError as error:
            owner.refuse(self.flow, known_errno(error))
            return
        self.endpoint_counters.to_clients.bytes += size
        owner.answer(self.flow, number)
        if number == BATCH:
            owner.reactor.soon(self)

    def abort(self) -> None:
        """End the flow."""
        if not self.is_over:
            self._owner.end_failed(self.flow)


def _connected(endpoint: Endpoint) -> Socket:
    sock = Socket(_IPV6 if ":" in endpoint.address else _IPV4, _DATAGRAMS, _UDP)
    try:
        sock.connect((endpoint.address, endpoint.port))
    except OSError:
        sock.close()
        raise
    return sock
