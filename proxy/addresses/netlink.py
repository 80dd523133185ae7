"""A route netlink socket: dumps, and changes in batches. It needs no event loop and no library.

pyroute2 answers one request at a time and decodes every attribute of every answer in Python: 0.4 s for 1,000 routes.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from .rtnetlink import HEADER, NLMSG_DONE, NLMSG_ERROR, Message, error_of, messages

_NETLINK_ROUTE = 0
_REQUEST = 0x1
_ACKNOWLEDGE = 0x4
_DUMP = 0x300
CREATE_ANOTHER = 0x400 | 0x800  # NLM_F_CREATE | NLM_F_APPEND: beside a route of somebody else to the same address

_BATCH = 100  # requests; as many errors fit into the receive buffer
_RECEIVE_BUFFER = 1 << 20
_DATAGRAM = 1 << 17
_SOL_NETLINK, _GET_STRICT_CHECK = 270, 12


class Request(NamedTuple):
    """What the kernel is asked: RTM_* kind, NLM_F_* flags beyond the usual ones, what follows the netlink header."""

    kind: int
    flags: int
    body: bytes


class NetlinkSocket:
    """A socket to the kernel's routing tables, of the network namespace where it is made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        # the kernel then leaves out of a dump what its request does not ask for (Linux 4.20)
        self._socket.setsockopt(_SOL_NETLINK, _GET_STRICT_CHECK, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def dump(self, request: Request) -> Iterator[bytes]:
        """The body of every object that an RTM_GET* request asks for."""
        self._sequence += 1
        self._socket.send(_packed(request._replace(flags=_DUMP), self._sequence))
        for message in self._replies(self._sequence):
            if message.kind == NLMSG_DONE:
                return
            if message.kind == NLMSG_ERROR:
                raise OSError(error_of(message), os.strerror(error_of(message)))
            yield message.body

    def change(self, requests: Sequence[Request]) -> list[int]:
        """Carry the requests out in order; the errno of each, 0 where it is done."""
        batches = (requests[start : start + _BATCH] for start in range(0, len(requests), _BATCH))
        return [code for batch in batches for code in self._change(batch)]

    def _change(self, requests: Sequence[Request]) -> list[int]:
        """One batch; only its last request asks for an acknowledgement, the others answer when they fail."""
        first, codes = self._sequence + 1, [0] * len(requests)
        self._sequence += len(requests)
        *others, last = requests
        asking = [*others, last._replace(flags=last.flags | _ACKNOWLEDGE)]
        self._socket.send(b"".join(_packed(each, first + number) for number, each in enumerate(asking)))
        for message in self._replies(first):
            assert message.kind == NLMSG_ERROR, message
            codes[message.sequence - first] = error_of(message)
            if message.sequence == self._sequence:
                return codes
        raise AssertionError("the kernel acknowledges every batch")

    def _replies(self, first: int) -> Iterator[Message]:
        """Replies to the requests from number `first` on; older ones belong to a dump that nobody read to its end."""
        while True:
            yield from (each for each in messages(self._socket.recv(_DATAGRAM)) if each.sequence >= first)


def _packed(request: Request, sequence: int) -> bytes:
    length = HEADER.size + len(request.body)
    return HEADER.pack(length, request.kind, request.flags | _REQUEST, sequence, 0) + request.body
