"""Echo over TCP and UDP."""

import asyncio
import errno
import socket
import struct

CHUNK_BYTES = 65536
DATAGRAM_BYTES = 65535
DATAGRAMS_PER_WAKE_UP = 64  # then others get their turn
_ANCILLARY_BYTES = 128
_IP_PKTINFO = 8  # linux/in.h; the socket module lacks it
_IN_PKTINFO = struct.Struct("=i4s4s")  # interface, local address, destination
_IN6_PKTINFO = struct.Struct("=16si")  # destination, interface
_LOST = {errno.EAGAIN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.EMSGSIZE, errno.ENOBUFS}


async def echo_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes until the peer has sent its last byte; a peer that does not read is not read from."""
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        await writer.drain()


class UdpEcho:
    """Sends every datagram back, from the address that it was sent to, also where the socket has all addresses."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self._loop = loop
        self._sock = sock
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        loop.add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        """Close the port."""
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_PER_WAKE_UP):
            try:
                data, ancillary, _, client = self._sock.recvmsg(DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            try:
                self._sock.sendmsg([data], [_reply_source(*item) for item in ancillary], 0, client)
            except OSError as error:  # a datagram may be lost, as on any network
                if error.errno not in _LOST:
                    raise


def _reply_source(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """The control message that makes the asked address the answer's source; the way back is the routing's choice."""
    if level == socket.IPPROTO_IP:
        _, local, _ = _IN_PKTINFO.unpack(data[: _IN_PKTINFO.size])
        return level, kind, _IN_PKTINFO.pack(0, local, bytes(4))
    destination, interface = _IN6_PKTINFO.unpack(data[: _IN6_PKTINFO.size])
    link_local = destination[0] == 0xFE and destination[1] & 0xC0 == 0x80
    return level, kind, _IN6_PKTINFO.pack(destination, interface if link_local else 0)
