"""Lets the connections to a TCP socket time out without any privilege: its accept queue is full and stays full.

The kernel ignores the SYNs of everybody who comes to a full queue (unless `net.ipv4.tcp_abort_on_overflow` is set), so
that clients see what a dropped packet looks like. A queue of length 0 is full with one connection in it: our own.
"""

import errno
import socket

_BACKLOG = 4096  # what a socket that serves has; the kernel takes the smaller of this and net.core.somaxconn


class FullQueue:
    """Holds a listening, non-blocking socket that nobody will be accepted from."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._filler = socket.socket(listening.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listening.listen(0)
        error = self._filler.connect_ex(listening.getsockname())
        assert error in (0, errno.EINPROGRESS), errno.errorcode[error]

    def release(self) -> socket.socket:
        """Empty the queue, and give the socket back as it was; who still waits to get in will get in."""
        own = self._filler.getsockname()
        self._filler.close()
        address = None
        while address != own:  # who comes after it gets in
            try:
                queued, address = self._listening.accept()
            except BlockingIOError:
                break
            queued.close()
        self._listening.listen(_BACKLOG)
        return self._listening

    def close(self) -> None:
        """Give the address and port up."""
        self._filler.close()
        self._listening.close()
