"""Only one program with the same mark in a network namespace: two would take each other's routes away."""

import errno
import socket
import struct

from .marks import Mark

_PATIENCE = 1.0  # seconds for a helper whose program was killed to clean up and go
_CREDENTIALS = struct.Struct("=iII")  # struct ucred: process, user, group


class AlreadyRunningError(Exception):
    """Another program with the same mark runs in this network namespace; the text says so to the user."""


def hold_lock(mark: Mark) -> socket.socket:
    """The lock, held as long as the socket is open in any process.

    It is the name of an abstract Unix socket: such names belong to the network namespace, as routes do, and end with
    their holder. Raises `AlreadyRunningError` when the name is still taken after a second.
    """
    name = f"\0clusterless/{mark.protocol}"
    lock = _bound(name)
    if lock is None:
        holder = _wait_for_end(name)
        lock = _bound(name)
        if lock is None:
            process = f" (process {holder})" if holder else ""
            raise AlreadyRunningError(f"another clusterless{process} runs in this network namespace")
    return lock


def _bound(name: str) -> socket.socket | None:
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(name)
        lock.listen()
    except OSError as error:
        lock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return lock


def _wait_for_end(name: str) -> int:
    """Wait until the holder ends, at most `_PATIENCE`; its process id, 0 when it cannot be seen from here."""
    holder = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiter:
        waiter.settimeout(_PATIENCE)
        try:
            waiter.connect(name)
            packed = waiter.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            holder, _user, _group = _CREDENTIALS.unpack(packed)
            waiter.recv(1)  # nobody sends: it returns when the holder's socket is gone
        except (ConnectionError, TimeoutError):
            pass
    return holder
