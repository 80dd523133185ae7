"""Addresses and ports on loopback that nobody else has: tests run in several processes at once."""

import contextlib
import errno
import itertools
import os
import socket
from collections.abc import Iterator

PORTS = range(20_000, 30_000)  # below those that the kernel gives, and below nodePorts
_SECOND_NUMBERS = range(112, 250)  # of 127.0.0.0/8; some tests have Services in 127.96.0.0/12
_SIGN = 19_999  # whoever has this port of a network's last address has the network

# Processes begin to look at different ones, and nobody comes back soon to what was used last.
_ports = itertools.count(os.getpid() * 499)
_networks = itertools.count(os.getpid() * 61)


@contextlib.contextmanager
def own_network() -> Iterator[str]:
    """The first three numbers of a network inside 127.0.0.0/8 that is the caller's as long as this lasts."""
    for number in _networks:
        second, third = divmod(number % (250 * len(_SECOND_NUMBERS)), 250)
        network = f"127.{_SECOND_NUMBERS[second]}.{third + 1}"
        with socket.socket() as sign:
            if _is_bound(sign, f"{network}.254", _SIGN):
                yield network
                return


def free_port(address: str = "127.0.0.1", kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has, and that the kernel does not give to whoever asks for any."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for number in _ports:
        port = PORTS[number % len(PORTS)]
        with socket.socket(family, kind) as sock:
            if _is_bound(sock, address, port):
                return port
    raise AssertionError("numbers have no end")


def _is_bound(sock: socket.socket, address: str, port: int) -> bool:
    try:
        sock.bind((address, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
