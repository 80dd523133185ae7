"""Sockets that clients connect to, opened as each protocol needs it; a failure is an outcome with its sentence."""

import errno
import os
import socket

from controlplane.objects import Protocol
from proxy.model import FrontendKey
from proxy.sockets import OpenFailure

from .privilege import unprivileged_port_start

_BACKLOG = 4096  # the kernel takes the smaller of this and net.core.somaxconn
_UDP_BUFFER = 1 << 20  # a burst that arrives while the loop is busy; bytes
_SO_RCVBUFFORCE = 33  # may pass net.core.rmem_max, with CAP_NET_ADMIN
_IPV6_FREEBIND = 78  # a `local` route alone makes an address bindable for IPv4 only


def open_listener(key: FrontendKey, *, claimed: bool = False) -> socket.socket | OpenFailure:
    """A non-blocking socket for the key: TCP bound and listening, UDP bound.

    `claimed` says that we made the address local ourselves, so that IPv6 need not find it on a device.
    """
    if key.protocol is Protocol.SCTP:
        return OpenFailure(errno.EPROTONOSUPPORT, "SCTP is not proxied")
    try:
        sock = _new_socket(key)
    except OSError as error:
        return _failure(key, error)
    try:
        _bind(sock, key, claimed=claimed)
    except OSError as error:
        sock.close()
        return _failure(key, error)
    return sock


def _new_socket(key: FrontendKey) -> socket.socket:
    family = socket.AF_INET6 if key.is_ipv6 else socket.AF_INET
    kind = socket.SOCK_STREAM if key.protocol is Protocol.TCP else socket.SOCK_DGRAM
    return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


def _bind(sock: socket.socket, key: FrontendKey, *, claimed: bool) -> None:
    if key.is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, int(claimed))
    if key.protocol is Protocol.TCP:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # over connections in TIME_WAIT
        sock.bind((key.address, key.port))
        sock.listen(_BACKLOG)
    else:
        _enlarge_buffer(sock)
        sock.bind((key.address, key.port))


def _enlarge_buffer(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _UDP_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)


def _failure(key: FrontendKey, error: OSError) -> OpenFailure:
    code = error.errno or errno.EIO
    return OpenFailure(code, _sentence(key, code))


def _sentence(key: FrontendKey, code: int) -> str:
    match code:
        case errno.EADDRINUSE:
            return f"{key} is in use by another program"
        case errno.EADDRNOTAVAIL:
            return f"{key.address} is not an address of this host"
        case errno.EACCES:
            return (
                f"port {key.port} is below {unprivileged_port_start()} (net.ipv4.ip_unprivileged_port_start) "
                "and needs CAP_NET_BIND_SERVICE"
            )
        case _:
            return f"{key}: {os.strerror(code).lower()}"
