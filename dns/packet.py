"""Pure: replies as packets: header bits, the OPT record's echo, compression, and truncation that keeps what fits."""

import ipaddress
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from dnslib import DNSBuffer, DNSLabel

from .guard import CD, HEADER_LENGTH, OPCODE_QUERY, QR, RD, Refusal
from .model import Edns, Labels, Query, Rcode, Record, RecordType, Reply, Soa, Srv
from .names import MAX_NAME

MIN_UDP_PAYLOAD = 512  # octets, RFC 1035 4.2.1
MAX_MESSAGE = 65535  # octets, RFC 1035 4.2.2
MAX_UDP_PAYLOAD = 65507  # octets that fit into an IPv4 datagram

_AA, _TC, _RA = 0x0400, 0x0200, 0x0080
_HEADER = struct.Struct("!HHHHHH")
_TYPE_AND_CLASS = struct.Struct("!HH")
_FIXED = struct.Struct("!HHIH")  # type, class, TTL, length of the data
_OPTION = struct.Struct("!HH")
_SRV = struct.Struct("!HHH")
_SOA = struct.Struct("!IIIII")
_OPT_LENGTH = 11  # an OPT record without options
_EXTENDED_ERROR = 15  # RFC 8914
_ECHOED_OPTIONS = frozenset({3, 9, 10, 11, 12})  # NSID, EXPIRE, COOKIE, KEEPALIVE, PADDING (request/edns0.go)
_LAST_POINTER = 0x3FFF  # a compression pointer has 14 bits
_POINTER_LENGTH = 2
_ADDRESS_TYPES = frozenset({RecordType.A, RecordType.AAAA})
_NAME_TYPES = frozenset({RecordType.CNAME, RecordType.NS, RecordType.PTR})


def payload_limit(query: Query, *, udp: bool, ceiling: int = MAX_MESSAGE) -> int:
    """The most octets that a reply may have: the client's EDNS size, 512 at least; `ceiling` is the `bufsize` plugin's.

    Over TCP always 65535.
    """
    if not udp:
        return MAX_MESSAGE
    size = query.edns.payload_size if query.edns else MIN_UDP_PAYLOAD
    return max(MIN_UDP_PAYLOAD, min(size, ceiling, MAX_UDP_PAYLOAD))


def refuse(refusal: Refusal) -> bytes:
    """The bare header that turns a packet away; for BADVERS with an OPT record that carries its upper bits."""
    bits = QR | refusal.opcode << 11 | _copied(refusal.recursion_desired, refusal.checking_disabled, refusal.opcode)
    header = _HEADER.pack(refusal.id, bits | refusal.rcode & 0xF, 0, 0, 0, 1 if refusal.rcode > 0xF else 0)
    return header + (_opt(Edns(payload_size=0), refusal.rcode, ()) if refusal.rcode > 0xF else b"")


def _copied(recursion_desired: bool, checking_disabled: bool, opcode: int) -> int:
    """The bits that a reply copies; only from a plain query (Go dns `SetReply`)."""
    if opcode != OPCODE_QUERY:
        return 0
    return (RD if recursion_desired else 0) | (CD if checking_disabled else 0)


def render(query: Query, reply: Reply, limit: int, *, recursion_available: bool = False) -> bytes:
    """The reply as a packet of at most `limit` octets, compressed.

    What does not fit is cut record by record, answers first to stay, and TC says so. The explanation goes out as an
    extended error (RFC 8914) if the client sent EDNS and nothing has to be cut for it.
    """
    if query.edns is None:
        return _packed(query, reply, limit, b"", recursion_available=recursion_available)
    echoed = tuple(option for option in query.edns.options if option[0] in _ECHOED_OPTIONS)
    if reply.explanation:
        error = _extended_error(reply)
        packet = _packed(
            query,
            reply,
            limit,
            _opt(query.edns, reply.rcode, (*echoed, error)),
            recursion_available=recursion_available,
        )
        if len(packet) <= limit and not packet[2] << 8 & _TC:
            return packet
    return _packed(query, reply, limit, _opt(query.edns, reply.rcode, echoed), recursion_available=recursion_available)


def _extended_error(reply: Reply) -> tuple[int, bytes]:
    return _EXTENDED_ERROR, struct.pack("!H", reply.explanation_code) + reply.explanation.encode()


def _opt(edns: Edns, rcode: Rcode, options: Iterable[tuple[int, bytes]]) -> bytes:
    """The OPT record of a reply: the client's own size and flags, version 0."""
    data = b"".join(_OPTION.pack(code, len(value)) + value for code, value in options)
    ttl = rcode >> 4 << 24 | edns.flags
    return b"\0" + _FIXED.pack(RecordType.OPT, edns.payload_size, ttl, len(data)) + data


def _packed(query: Query, reply: Reply, limit: int, opt: bytes, *, recursion_available: bool) -> bytes:
    writer = _Writer(query.qname, query.qtype, query.qclass, limit - len(opt), reply.record_class)
    counts = [writer.add(section) for section in (reply.answer, reply.authority, reply.additional)]
    bits = (
        QR
        | query.opcode << 11
        | (_AA if reply.authoritative else 0)
        | (_TC if writer.is_full or reply.truncated else 0)
        | (_RA if recursion_available else 0)
        | _copied(query.recursion_desired, query.checking_disabled, query.opcode)
        | reply.rcode & 0xF
    )
    answers, authorities, additionals = counts
    header = _HEADER.pack(query.id, bits, 1, answers, authorities, additionals + (1 if opt else 0))
    return writer.finish(header) + opt


class _Writer:
    """The sections of one message; once a record does not fit, no further one is taken."""

    def __init__(self, qname: Labels, qtype: int, qclass: int, limit: int, record_class: int) -> None:
        self._buffer: Any = DNSBuffer(bytes(HEADER_LENGTH))
        self._buffer.offset = HEADER_LENGTH
        self._limit = limit
        self._class = record_class
        self._pointers: dict[Labels, bytes] = {}
        self.is_full = False
        self._name(qname)
        self._buffer.append(_TYPE_AND_CLASS.pack(qtype, qclass))

    def add(self, section: Iterable[Record]) -> int:
        """How many records of the section were taken."""
        taken = 0
        for record in section:
            if self.is_full:
                break
            before = self._buffer.offset
            self._record(record)
            if self._buffer.offset > self._limit:
                del self._buffer.data[before:]
                self._buffer.offset = before
                self.is_full = True
                break
            taken += 1
        return taken

    def finish(self, header: bytes) -> bytes:
        self._buffer.data[:HEADER_LENGTH] = header
        return bytes(self._buffer.data)

    def _record(self, record: Record) -> None:
        self._name(record.name)
        data = record.data
        if record.type in _ADDRESS_TYPES and isinstance(data, str):
            address = _address(data)
            self._buffer.append(_FIXED.pack(record.type, self._class, record.ttl, len(address)) + address)
            return
        self._buffer.append(_FIXED.pack(record.type, self._class, record.ttl, 0))
        start = self._buffer.offset
        self._data(record)
        self._buffer.update(start - 2, "!H", self._buffer.offset - start)

    def _data(self, record: Record) -> None:
        match record.data:
            case bytes(raw):
                self._buffer.append(raw)
            case Srv(priority, weight, port, target):
                self._buffer.append(_SRV.pack(priority, weight, port))
                self._buffer.encode_name_nocompress(DNSLabel(target))  # RFC 2782 forbids compression
            case Soa() as soa:
                self._name(soa.mname)
                self._name(soa.rname)
                self._buffer.append(_SOA.pack(*soa[2:]))
            case name_or_strings if record.type in _NAME_TYPES:
                self._name(cast("Labels", name_or_strings))
            case strings:
                self._buffer.append(b"".join(map(_character_string, cast("tuple[str, ...]", strings))))

    def _name(self, name: Labels) -> None:
        """A name, as a pointer where it, or its end, was written before within reach of one."""
        pointer = self._pointers.get(name)
        if pointer is not None:
            self._buffer.append(pointer)
            return
        start = self._buffer.offset
        if start + MAX_NAME > _LAST_POINTER:  # the buffer would remember places that no pointer reaches
            self._buffer.encode_name_nocompress(DNSLabel(name))
            return
        self._buffer.encode_name(DNSLabel(name))
        written = bytes(self._buffer.data[start:])
        self._pointers[name] = written if len(written) <= _POINTER_LENGTH else struct.pack("!H", 0xC000 | start)


@lru_cache(maxsize=4096)
def _address(text: str) -> bytes:
    """An address's octets."""
    return ipaddress.ip_address(text).packed


def _character_string(text: str) -> bytes:
    octets = text.encode()
    return bytes((len(octets),)) + octets
