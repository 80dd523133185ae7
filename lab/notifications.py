"""I/O: hears from a lab's programs that they are ready, as systemd hears from its services (sd_notify(3))."""

import asyncio
import socket
import struct
from collections.abc import Callable

from .processes import RUN

NOTIFY = RUN / "notify"  # what programs find in NOTIFY_SOCKET
_CREDENTIALS = struct.Struct("iII")  # process, user and group id (unix(7)); the kernel vouches for them
_LONGEST = 4096


class Notifications:
    """Calls `on_ready` with the id of each process that has said `READY=1`, in the running loop."""

    def __init__(self, on_ready: Callable[[int], None]) -> None:
        self._on_ready = on_ready
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(NOTIFY))
        asyncio.get_running_loop().add_reader(self._socket, self.read)

    def read(self) -> None:
        """Hear what has been said so far: few words wait, and nobody says them for long (`net.unix.max_dgram_qlen`)."""
        while True:
            try:
                text, ancillary, _, _ = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return
            if b"READY=1" in text.split(b"\n"):
                self._hear(ancillary)

    def _hear(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                self._on_ready(_CREDENTIALS.unpack(data)[0])
