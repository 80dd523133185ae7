"""One of the two sockets of a connection: what may be read from it, and what waits to be sent to it.

A side reads one buffer and sends it to its peer at once; only what the peer did not take is copied and kept. While
something is kept for a side, nothing more is read for it (back-pressure: one buffer's worth a direction at most).

Reading less than was asked for means that there is nothing more to read until the next edge (epoll(7)). That does not
hold after a FIN, an error or urgent bytes, whose edge may be past: then reading goes on until `recv` says so.
"""

import errno
import select
import socket
import typing

from .counters import Tally
from .reactor import RECEIVE_BUFFER_BYTES, Reactor
from .tcpsocket import LOST, Socket

IN, OUT, RDHUP, ERR = select.EPOLLIN, select.EPOLLOUT, select.EPOLLRDHUP, select.EPOLLERR  # each event asks for them
LAST_EVENTS = RDHUP | ERR | select.EPOLLHUP | select.EPOLLPRI


class Pair(typing.Protocol):
    """What a side tells the connection that it belongs to."""

    reactor: Reactor
    active_at: float  # when a byte moved last

    def pass_on_end(self, side: "Side") -> None:
        """All that `side` had sent is with its peer, and nothing more will come."""
        ...

    def on_end(self, side: "Side") -> None:
        """Nothing more will come from `side`; some of what it had sent is kept for its peer."""
        ...

    def on_loss(self, side: "Side") -> None:
        """The connection of `side` is gone; what it had sent may still be on its way to its peer."""
        ...

    def abort(self) -> None:
        """Reset both sides at once."""
        ...


class Side:
    """A socket of the pair; `peer` is the other one."""

    __slots__ = (
        "_buffer",
        "_flags",
        "_is_queued",
        "_is_readable",
        "_is_watched_for_room",
        "_pair",
        "_reads_to_end",
        "has_ended",
        "is_lost",
        "is_shut",
        "kept",
        "peer",
        "sock",
        "takes_more",
        "tally",
    )

    def __init__(self, pair: Pair, sock: Socket, tally: Tally) -> None:
        self.sock = sock
        self.peer = self
        self.kept: memoryview | None = None  # received from the peer, not taken by this side yet
        self.has_ended = False  # nothing more can be read: FIN, or lost and read to the end
        self.is_shut = False  # it was sent the peer's FIN
        self.is_lost = False  # its connection is gone: nothing can be sent to it
        self.takes_more = True  # not lost, and nothing kept
        self.tally = tally  # of what is read from it
        self._pair = pair
        self._buffer = pair.reactor.buffer
        self._flags = 0  # to send with what is read: with MSG_MORE the FIN that follows goes in the same packet
        self._is_queued = False  # for its next slice
        self._is_readable = False  # as far as edges and reads have told
        self._is_watched_for_room = False
        self._reads_to_end = False  # a short read does not mean that there is no more

    def on_events(self, events: int) -> None:
        """Note what the socket is ready for, and do a slice of work each way at most."""
        if events == IN:
            self._is_readable = True
        else:
            self._note(events)
        if self._is_readable and self.peer.takes_more and not self._is_queued and self._move():
            self._go_on()

    def proceed(self) -> None:
        """Move a slice from this side to its peer, if there is any and the peer takes it."""
        self._is_queued = False
        if self._is_readable and self.peer.takes_more and self._move():
            self._go_on()

    def queue(self) -> None:
        """Have `proceed` called when others had their slice; events are only noted until then."""
        self._is_queued = True
        self._pair.reactor.soon(self)

    def keep(self, rest: memoryview) -> None:
        """Nothing more is read for this side until the rest of what was received for it is sent."""
        self.kept = memoryview(bytes(rest))
        self.takes_more = False
        if not self._is_watched_for_room:
            self._is_watched_for_room = True
            self._pair.reactor.watch_for_room(self.sock)

    def on_error(self, error: OSError) -> None:
        """`recv` or `send` failed: the connection is gone, or this is a bug of ours, and raised."""
        if error.errno not in LOST:
            raise error
        self._lose()

    def abort(self) -> None:
        """End the whole connection."""
        self._pair.abort()

    def shut_down(self) -> None:
        """Pass the peer's FIN on to this side."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
            self._lose()  # its reset was not read yet
        self.is_shut = True

    def leave(self) -> None:
        """Be told of nothing any more; `close` comes when the turn is over."""
        self.kept = None
        self._is_readable = self.takes_more = False
        self._pair.reactor.discard(self.sock, self)

    def close(self) -> None:
        """Close the socket, and know nobody: in a ring of references each connection would wait for the collector."""
        self.sock.close()
        del self.peer, self._pair

    def _note(self, events: int) -> None:
        """All that is not just more to read."""
        if events & LAST_EVENTS:
            self._reads_to_end = True
            if events & RDHUP:
                self._flags = socket.MSG_MORE
            if events & ERR:
                self._lose()
        if events & IN:
            self._is_readable = True
        if self.kept is not None and events & OUT:
            self._flush(self.kept)

    def _move(self) -> bool:
        """Move one buffer to the peer, at most; whether another read, at once, is likely to find the end.

        A call costs as much here as what is done in it, so that what each request needs is in one function.
        """
        buffer, pair, peer = self._buffer, self._pair, self.peer
        try:
            size = self.sock.recv_into(buffer)
        except BlockingIOError:
            self._is_readable = False
            return False
        except OSError as error:
            self.on_error(error)
            self._end()
            return False
        if not size:
            self._end()
            return False
        pair.active_at = pair.reactor.now
        self.tally.bytes += size
        try:
            sent = peer.sock.send(buffer[:size], self._flags) if self._flags else peer.sock.send(buffer[:size])
        except BlockingIOError:
            sent = 0
        except OSError as error:
            peer.on_error(error)
            return False
        if sent < size:
            peer.keep(buffer[sent:size])
            return False
        if size == RECEIVE_BUFFER_BYTES:  # a slice of its own
            self.queue()
            return False
        self._is_readable = self._reads_to_end
        return self._reads_to_end

    def _go_on(self) -> None:
        if self._move():
            self.queue()

    def _flush(self, kept: memoryview) -> None:
        """Send what was kept; when all of it is gone, the peer is read again, or its end passed on."""
        try:
            sent = self.sock.send(kept)
        except BlockingIOError:
            return
        except OSError as error:
            self.on_error(error)
            return
        self._pair.active_at = self._pair.reactor.now
        if sent < len(kept):
            self.kept = kept[sent:]
            return
        self.kept = None
        self.takes_more = True
        if self.peer.has_ended:
            self._pair.pass_on_end(self.peer)
        else:
            self.peer.queue()

    def _lose(self) -> None:
        """The connection is gone. What it had sent before is still read, for the peer."""
        if self.is_lost:
            return
        self.is_lost = True
        self.kept = None
        self.takes_more = False
        if not self.has_ended:
            self._is_readable = self._reads_to_end = True
            self.queue()
        self._pair.on_loss(self)

    def _end(self) -> None:
        self._is_readable = False
        if not self.has_ended:
            self.has_ended = True
            if self.peer.kept is None:
                self._pair.pass_on_end(self)
            else:
                self._pair.on_end(self)
