"""Packet filters on sockets: attach a program, and take it off again. Needs CAP_NET_ADMIN."""

import ctypes
import errno
import socket
import struct

from .sourcefilter import Program

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter


def set_filter(sock: socket.socket, program: Program | None) -> int:
    """Put the program in place of the socket's present one; `None` lets every packet in again.

    Packets that are queued already stay. Returns 0 or the errno: `EPERM` where the process may not filter packets,
    `ENOMEM` for a program that net.core.optmem_max does not admit.
    """
    try:
        if program is None:
            _detach(sock)
        else:
            _attach(sock, program)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _attach(sock: socket.socket, program: Program) -> None:
    code = b"".join(_INSTRUCTION.pack(*each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a length, and a pointer, aligned as C does it
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(buffer)))


def _detach(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
    except OSError as error:
        if error.errno != errno.ENOENT:  # there was none
            raise
