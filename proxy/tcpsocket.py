"""Socket options and error numbers of TCP, as the relay uses them."""

import errno
import fcntl
import functools
import socket
import struct
from pathlib import Path
from typing import TypeAlias

from .model import Endpoint
from .relaysettings import RelaySettings

# What `socket.socket` is made of. That one adds files and enumerations, which are not used here, for a microsecond
# whenever a connection is made or closed.
Socket: TypeAlias = socket.SocketType

_LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")  # for IPv6, too
SIOCOUTQ = 0x5411  # linux/sockios.h: bytes that the peer's kernel has not acknowledged
_IPV4, _IPV6 = int(socket.AF_INET), int(socket.AF_INET6)  # numbers are taken faster than members of enumerations
_STREAM, _TCP = int(socket.SOCK_STREAM | socket.SOCK_NONBLOCK), int(socket.IPPROTO_TCP)
_SOCKET, _NODELAY, _OOBINLINE = socket.SOL_SOCKET, socket.TCP_NODELAY, socket.SO_OOBINLINE
_INT = struct.Struct("i")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds

# What `recv` and `send` say when a connection is gone: reset by the peer or given up by this kernel, whose reasons
# include the ICMP errors it heard meanwhile (`icmp_err_convert` in net/ipv4/icmp.c, `tcp_write_err` in tcp_timer.c).
LOST = frozenset(
    {
        errno.ECONNRESET,
        errno.EPIPE,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.ENONET,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPROTO,
        errno.EACCES,
    }
)


def prepare_listener(sock: Socket, settings: RelaySettings) -> None:
    """Set what every connection needs: Linux gives it to all that are accepted from a listener."""
    _prepare_stream(sock)
    keep_alive(sock, settings)


def keep_alive(sock: Socket, settings: RelaySettings) -> None:
    """Notice a peer that vanished without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, settings.keepalive_idle_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, settings.keepalive_interval_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, settings.keepalive_probes)


def upstream_socket(address: str) -> Socket:
    """A non-blocking socket for a connection to the address; OSError when there is none to be had."""
    sock = Socket(_IPV6 if ":" in address else _IPV4, _STREAM, _TCP)
    _prepare_stream(sock)
    return sock


def accept_stream(listening: socket.socket) -> tuple[Socket, str]:
    """A client as a non-blocking socket, and its address; OSError when none is to be had.

    `socket.accept` makes the same, but asks the listener for its family and type, and looks both up in enumerations:
    that takes as long as the system call.
    """
    descriptor, address = listening._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    client = Socket(_IPV4 if len(address) == 2 else _IPV6, _STREAM, _TCP, descriptor)
    client.setblocking(False)  # noqa: FBT003
    return client, address[0]


def _prepare_stream(sock: Socket) -> None:
    """No delay, since the relay has nothing to add to what it sends; urgent bytes in line: they would be lost."""
    sock.setsockopt(_TCP, _NODELAY, 1)
    sock.setsockopt(_SOCKET, _OOBINLINE, 1)


def reset_on_close(sock: Socket) -> None:
    """Closing sends RST and throws away what was not acknowledged yet."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def unacknowledged_bytes(sock: Socket) -> int:
    """How much of what was sent the peer's kernel has not acknowledged; a FIN counts for one."""
    number: int = _INT.unpack(fcntl.ioctl(sock.fileno(), SIOCOUTQ, bytes(_INT.size)))[0]
    return number


def is_joined_to_itself(sock: Socket, endpoint: Endpoint) -> bool:
    """Whether the kernel gave a dial within this host the very port that it dials, where nobody listens."""
    return endpoint.port >= first_local_port() and sock.getsockname()[:2] == endpoint[:2]


@functools.cache
def first_local_port() -> int:
    """The first port that the kernel gives to those who ask for any, as it was when this was first asked."""
    try:
        return int(_LOCAL_PORTS.read_text().split()[0])
    except OSError:  # without /proc: it takes none below
        return 1024
