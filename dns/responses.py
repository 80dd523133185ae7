"""Pure: packets from upstream servers: who they answer, and their records, at a cost that no upstream can drive up."""

import ipaddress
import struct
from typing import Final

import msgspec

from .guard import HEADER_LENGTH, QR, MalformedError, read_question
from .model import Labels, Query, Record, RecordData, RecordType, Soa, Srv
from .names import MAX_LABEL, MAX_NAME, lower

_AA, _TC, _RA, _AD = 0x0400, 0x0200, 0x0080, 0x0020
_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")  # type, class, TTL, length of the data
_PREFERENCE = struct.Struct("!H")
_SRV = struct.Struct("!HHH")
_SOA = struct.Struct("!IIIII")
_IN: Final = 1
_MAX_TTL = 0x7FFFFFFF  # seconds; a larger one is 0 (RFC 2181 section 8)


class ResponseHeader(msgspec.Struct, frozen=True):
    """What a response says of itself; without a question `qname` is None."""

    id: int
    opcode: int
    rcode: int  # without the upper bits that an OPT record may have
    authoritative: bool
    truncated: bool
    recursion_available: bool
    authentic_data: bool
    qname: Labels | None
    qtype: int = 0
    qclass: int = 0
    end: int = HEADER_LENGTH  # of it and the question: where the records begin

    def answers(self, query: Query, identity: int) -> bool:
        """Whether it is the response to `query`, sent on with `identity` for its id; letter case does not count."""
        return (
            self.id == identity
            and self.opcode == query.opcode
            and self.qname is not None
            and (self.qtype, self.qclass) == (query.qtype, query.qclass)
            and lower(self.qname) == lower(query.qname)
        )


class ParsedResponse(msgspec.Struct, frozen=True):
    """A whole response; the additional section comes without its OPT record."""

    header: ResponseHeader
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]


def parse_header(packet: bytes) -> ResponseHeader | None:
    """The header and question of a response; None for what is none, or is malformed. Never raises."""
    if len(packet) < HEADER_LENGTH:
        return None
    identity, bits, questions, *_ = _HEADER.unpack_from(packet)
    if not bits & QR or questions > 1:
        return None
    qname, qtype, qclass, end = None, 0, 0, HEADER_LENGTH
    if questions:
        try:
            qname, qtype, qclass, end = read_question(packet)
        except MalformedError:
            return None
    return ResponseHeader(
        id=identity,
        opcode=bits >> 11 & 0xF,
        rcode=bits & 0xF,
        authoritative=bool(bits & _AA),
        truncated=bool(bits & _TC),
        recursion_available=bool(bits & _RA),
        authentic_data=bool(bits & _AD),
        qname=qname,
        qtype=qtype,
        qclass=qclass,
        end=end,
    )


def parse_response(packet: bytes, header: ResponseHeader | None = None) -> ParsedResponse | None:
    """A response with its records of class IN; None for what is none, or is malformed. Never raises.

    Whoever has read its `header` already hands it in. The cost grows with the packet's length only, however its
    compression pointers run.
    """
    header = header or parse_header(packet)
    if header is None:
        return None
    _, _, _, *counts = _HEADER.unpack_from(packet)
    try:
        reader = _Reader(packet, header.end)
        answer, authority, additional = [reader.section(count) for count in counts]
    except MalformedError:
        return None
    return ParsedResponse(header, answer, authority, additional)


class _Reader:
    """Reads records one after another; remembers each name by where it stands, so that none is followed twice."""

    def __init__(self, packet: bytes, offset: int) -> None:
        self._packet = packet
        self._offset = offset
        self._names: dict[int, tuple[Labels, int]] = {}  # with the octets that each takes

    def section(self, count: int) -> tuple[Record, ...]:
        records = [self._record() for _ in range(count)]
        return tuple([record for record in records if record is not None])

    def _record(self) -> Record | None:
        owner, offset = self._name(self._offset)
        if offset + _FIXED.size > len(self._packet):
            raise MalformedError
        rtype, rclass, ttl, length = _FIXED.unpack_from(self._packet, offset)
        start = offset + _FIXED.size
        self._offset = start + length
        if self._offset > len(self._packet):
            raise MalformedError
        if rtype == RecordType.OPT or rclass != _IN:
            return None
        return Record(owner, rtype, ttl if ttl <= _MAX_TTL else 0, self._data(rtype, start, self._offset))

    def _data(self, rtype: int, start: int, end: int) -> RecordData:
        match rtype:
            case RecordType.A:
                return str(ipaddress.IPv4Address(self._fixed(start, end, 4)))
            case RecordType.AAAA:
                return str(ipaddress.IPv6Address(self._fixed(start, end, 16)))
            case RecordType.CNAME | RecordType.NS | RecordType.PTR:
                return self._names_until(start, end, 1)[0]
            case RecordType.MX:
                (exchange,) = self._names_until(start + _PREFERENCE.size, end, 1)
                return self._packet[start : start + _PREFERENCE.size] + _uncompressed(exchange)
            case RecordType.SRV:
                (target,) = self._names_until(start + _SRV.size, end, 1)
                priority, weight, port = _SRV.unpack_from(self._packet, start)
                return Srv(priority, weight, port, target)
            case RecordType.SOA:
                mname, rname = self._names_until(start, end - _SOA.size, 2)
                serial, refresh, retry, expire, minimum = _SOA.unpack_from(self._packet, end - _SOA.size)
                return Soa(mname, rname, serial, refresh, retry, expire, minimum)
            case _:
                return self._packet[start:end]

    def _fixed(self, start: int, end: int, length: int) -> bytes:
        if end - start != length:
            raise MalformedError
        return self._packet[start:end]

    def _names_until(self, offset: int, end: int, count: int) -> list[Labels]:
        """So many names, which have to fill the octets up to `end`."""
        names = []
        for _ in range(count):
            name, offset = self._name(offset)
            names.append(name)
        if offset != end:
            raise MalformedError
        return names

    def _name(self, offset: int) -> tuple[Labels, int]:
        """The name at `offset`, and where it ends there; pointers lead back only, each further than the last."""
        parts: list[tuple[int, bytes]] = []
        position = lowest = offset
        after = 0
        known = self._names.get(position)
        while known is None:
            length = self._octet(position)
            if length == 0:
                known, after = ((), 1), after or position + 1
            elif length <= MAX_LABEL:
                parts.append((position, self._packet[position : position + 1 + length]))
                position += 1 + length
                known = self._names.get(position)
            else:
                after = after or position + 2
                parts.append((position, b""))
                position = lowest = self._pointer(position, lowest)
                known = self._names.get(position)
            if len(parts) > MAX_NAME:
                raise MalformedError
        return self._remember(parts, *known), after

    def _octet(self, position: int) -> int:
        if position >= len(self._packet):
            raise MalformedError
        return self._packet[position]

    def _pointer(self, position: int, lowest: int) -> int:
        target = (self._octet(position) << 8 | self._octet(position + 1)) - 0xC000
        if not HEADER_LENGTH <= target < lowest:
            raise MalformedError
        return target

    def _remember(self, parts: list[tuple[int, bytes]], name: Labels, octets: int) -> Labels:
        """The whole name, put together from its end, which is known."""
        for position, part in reversed(parts):
            if part:
                name = (part[1:], *name)
                octets += len(part)
            if octets > MAX_NAME:
                raise MalformedError
            self._names[position] = name, octets
        return name


def _uncompressed(name: Labels) -> bytes:
    return b"".join([bytes((len(label),)) + label for label in name]) + b"\0"
