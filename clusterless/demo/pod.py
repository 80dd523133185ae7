"""The demo backend: a pod that says over HTTP, TCP and UDP who it is and whom it sees.

It is forked from a warm process, many at a time, so that nothing heavy may be imported here or in the modules beside.
"""

import asyncio
import errno
import logging
import os
import signal
import socket

import msgspec

from .echo import UdpEcho, echo_stream
from .httpservice import HttpService
from .pages import PodIdentity, PodPages
from .streams import Handler, StreamServer

log = logging.getLogger(__name__)

_CANNOT_LISTEN = {errno.EADDRINUSE, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL}
_NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class PodOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Who the pod is and where it listens: on `bind`, else on each of `addresses`, else on every address there is.

    With `everywhere` it listens on every address, whichever `addresses` it says that it has.
    """

    name: str
    namespace: str = "default"
    node: str = ""
    addresses: tuple[str, ...] = ()
    http: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()  # echo
    udp: tuple[int, ...] = ()  # echo
    bind: str = ""
    everywhere: bool = False


class PodStartError(Exception):
    """A port cannot be opened; the text says which and why."""


class PodServer:
    """All that a pod listens on; `start` makes it."""

    def __init__(self, options: PodOptions) -> None:
        self._options = options
        identity = PodIdentity(options.name, options.namespace, options.node, options.addresses)
        self._http = HttpService(PodPages(identity, dict(os.environ)).answer)
        self._streams: list[StreamServer] = []
        self._datagrams: list[UdpEcho] = []

    async def open(self) -> None:
        """Open every port; `PodStartError` if one cannot be, and then none is open."""
        try:
            for address in self._addresses():
                await self._open_at(address)
        except BaseException:
            await self.close()
            raise

    def _addresses(self) -> tuple[str, ...]:
        options = self._options
        if options.bind:
            return (options.bind,)
        return (() if options.everywhere else options.addresses) or _everywhere()

    async def _open_at(self, address: str) -> None:
        for port in self._options.http:
            await self._listen(address, port, self._http.serve)
        for port in self._options.tcp:
            await self._listen(address, port, echo_stream)
        loop = asyncio.get_running_loop()
        for port in self._options.udp:
            self._datagrams.append(UdpEcho(loop, _bound(address, port, socket.SOCK_DGRAM)))

    async def _listen(self, address: str, port: int, handler: Handler) -> None:
        server = StreamServer(handler)
        self._streams.append(server)
        await server.open(_bound(address, port, socket.SOCK_STREAM))

    async def close(self) -> None:
        """Close every port and reset what is connected."""
        for echo in self._datagrams:
            echo.close()
        for server in self._streams:
            await server.close()
        self._datagrams.clear()
        self._streams.clear()


async def start(options: PodOptions) -> PodServer:
    """A pod that listens on all its ports; `PodStartError` if it cannot."""
    server = PodServer(options)
    await server.open()
    return server


async def serve(options: PodOptions) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await start(options)
    log.info("pod is serving", extra={"kv": {"pod": f"{options.namespace}/{options.name}"}})
    await stop.wait()
    await server.close()


def run(options: PodOptions) -> int:
    """Serve until SIGTERM or SIGINT in a loop of its own, then return 0; `PodStartError` if a port cannot be opened."""
    asyncio.run(serve(options))
    return 0


def _everywhere() -> tuple[str, ...]:
    """A pod is alone in its network namespace, so that it may take all addresses: of both families, where there are."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        if error.errno not in _NO_SUCH_FAMILY:
            raise
        return ("0.0.0.0",)
    return ("0.0.0.0", "::")


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what is accepted.
    sock = socket.socket(family, kind, socket.IPPROTO_TCP if kind is socket.SOCK_STREAM else socket.IPPROTO_UDP)
    sock.settimeout(0)
    if kind is socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind((address, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(socket.SOMAXCONN)
    except OSError as error:
        sock.close()
        if error.errno not in _CANNOT_LISTEN:
            raise
        protocol = "tcp" if kind is socket.SOCK_STREAM else "udp"
        where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        raise PodStartError(f"listen {protocol} {where}: {os.strerror(error.errno).lower()}") from None
    return sock
