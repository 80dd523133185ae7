"""The privileged helper at work: it carries requests out, and what failed is part of the answer."""

import select
import socket

from .addressbook import AddressBook
from .channel import DESCRIPTORS_ONLY, receive_packet, send_packet
from .drop import set_filter
from .listening import open_listener
from .marks import Mark
from .messages import (
    Announce,
    Claim,
    Filter,
    Filtered,
    NumberedReply,
    Open,
    Opened,
    Refusals,
    Release,
    Reply,
    Request,
    decode_request,
    encode,
)
from .netlink import NetlinkSocket


def serve(mark: Mark, channel: socket.socket, parent: int) -> None:
    """Answer requests until the program is gone, and leave nothing behind.

    `parent` is a process descriptor of the program: its end of the channel may live on in a process that it forked.
    """
    with NetlinkSocket() as netlink:
        book = AddressBook(mark, netlink)
        book.clear()  # what a killed helper left
        try:
            _serve(book, channel, parent)
        finally:
            book.clear()


def _serve(book: AddressBook, channel: socket.socket, parent: int) -> None:
    waiting = select.poll()
    waiting.register(channel, select.POLLIN)
    waiting.register(parent, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _events in waiting.poll()}
        if parent in ready or not _serve_one(book, channel):
            return


def _serve_one(book: AddressBook, channel: socket.socket) -> bool:
    """Receive a request and answer it; `False` when nobody listens any more."""
    packet = receive_packet(channel)
    if packet is None:
        return False
    message = decode_request(packet.data)
    reply, sockets = _carry_out(book, message.request, packet.descriptors)
    try:
        _hand_over(channel, sockets)
        send_packet(channel, encode(NumberedReply(message.number, reply)))
    except ConnectionError:
        return False
    return True


def _hand_over(channel: socket.socket, sockets: list[socket.socket]) -> None:
    """Send descriptors in a packet ahead of the reply's: once that arrives, nobody but the program has them open.

    A port of theirs is then closed as soon as the program closes it.
    """
    try:
        if sockets:
            send_packet(channel, DESCRIPTORS_ONLY, [each.fileno() for each in sockets])
    finally:
        for each in sockets:
            each.close()


def _carry_out(book: AddressBook, request: Request, descriptors: list[int]) -> tuple[Reply, list[socket.socket]]:
    """The answer, and the sockets to hand over, which the caller closes. `descriptors` are closed here."""
    match request:
        case Announce(ranges, sources, force):
            return Refusals(book.announce(ranges, sources, force=force)), []
        case Claim(addresses):
            return Refusals(book.claim(addresses)), []
        case Release(addresses):
            book.release(addresses)
            return Refusals({}), []
        case Open():
            return _open(book, request)
        case Filter():
            return Filtered(_filter(request, descriptors)), []


def _open(book: AddressBook, request: Open) -> tuple[Opened, list[socket.socket]]:
    outcomes = [open_listener(key, claimed=book.is_claimed(key.address)) for key in request.keys]
    failures = tuple(None if isinstance(each, socket.socket) else each for each in outcomes)
    return Opened(failures), [each for each in outcomes if isinstance(each, socket.socket)]


def _filter(request: Filter, descriptors: list[int]) -> int:
    (descriptor,) = descriptors
    with socket.socket(fileno=descriptor) as sock:
        return set_filter(sock, request.program)
