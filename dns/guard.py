"""Pure: the guard in front of everything: which packets are queries, at a bounded cost of a few microseconds each.

A parser that trusts counts and compression pointers can be kept busy for seconds by one datagram. So nothing is
believed here: one question without pointers, at most four further records, whose names are skipped and whose data is
not looked into, except for the options of one OPT record. What is refused, and how, is CoreDNS' way (its library's
acceptfunc.go, plugin/pkg/edns): some packets get silence, some a bare header.
"""

import struct
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from .model import Edns, Labels, Query, Rcode, RecordType
from .names import MAX_LABEL, MAX_NAME

HEADER_LENGTH = 12
MAX_UDP_QUERY = 512  # octets: CoreDNS reads no more of a datagram, and the rest makes it malformed
MAX_OPTIONS = 32  # of an OPT record; far more than any client sends

QR, RD, CD = 0x8000, 0x0100, 0x0010
OPCODE_QUERY, OPCODE_NOTIFY = 0, 4

_HEADER = struct.Struct("!HHHHHH")
_TYPE_AND_CLASS = struct.Struct("!HH")
_FIXED = struct.Struct("!HHIH")  # type, class, TTL, length of the data
_OPTION = struct.Struct("!HH")
_SOA_NUMBERS = struct.Struct("!IIIII")  # the end of an SOA record's data: serial, refresh, retry, expire, minimum
_FIRST_NAME = b"\xc0\x0c"  # a pointer to the question's name, as the SOA of an IXFR query carries
_REFLECTORS = frozenset({7, 19, 53})  # echo, chargen, other name servers


class Refusal(msgspec.Struct, frozen=True):
    """A packet that is answered with a header alone (and an OPT record for BADVERS)."""

    rcode: Rcode
    id: int
    opcode: int = 0
    recursion_desired: bool = False
    checking_disabled: bool = False


class Silence(msgspec.Struct, frozen=True):
    """A packet that must not be answered at all: a response, too short, or a reflection of some server's error."""


Verdict: TypeAlias = Query | Refusal | Silence


class MalformedError(Exception):
    """The packet ends early, or holds what no query may hold."""


def inspect(packet: bytes, *, udp: bool, source_port: int = 0) -> Verdict:
    """The query in `packet`, or how to turn it away; never raises, whatever the octets.

    `source_port` is the client's, where it is known: error answers of echo, chargen and name servers that lost their
    QR bit get no answer, so that no two servers talk in circles.
    """
    if len(packet) < HEADER_LENGTH:
        return Silence()
    identity, bits, questions, answers, authorities, additionals = _HEADER.unpack_from(packet)
    if bits & QR or (bits & 0xF and source_port in _REFLECTORS):
        return Silence()
    opcode = bits >> 11 & 0xF
    if opcode not in (OPCODE_QUERY, OPCODE_NOTIFY):
        return _refusal(Rcode.NOTIMP, identity, bits, opcode)
    if questions != 1 or answers > 1 or authorities > 1 or additionals > 2 or (udp and len(packet) > MAX_UDP_QUERY):
        return _refusal(Rcode.FORMERR, identity, bits)
    try:
        qname, qtype, qclass, offset = read_question(packet)
        behind = range(answers, answers + authorities)
        edns, serial = _records(packet, offset, behind, answers + authorities + additionals)
    except MalformedError:
        return _refusal(Rcode.FORMERR, identity, bits)
    if edns is not None and edns.version:
        return _refusal(Rcode.BADVERS, identity, bits, opcode)
    return Query(
        id=identity,
        qname=qname,
        qtype=qtype,
        qclass=qclass,
        opcode=opcode,
        recursion_desired=bool(bits & RD),
        checking_disabled=bool(bits & CD),
        edns=edns,
        serial=serial,
    )


def _refusal(rcode: Rcode, identity: int, bits: int, opcode: int = OPCODE_QUERY) -> Refusal:
    return Refusal(rcode, identity, opcode, recursion_desired=bool(bits & RD), checking_disabled=bool(bits & CD))


def read_question(packet: bytes) -> tuple[Labels, int, int, int]:
    """The first question's name, type and class, and where the next section starts; MalformedError without one."""
    labels, offset, end = [], HEADER_LENGTH, len(packet)
    limit = min(end, HEADER_LENGTH + MAX_NAME)
    while offset < limit:
        length = packet[offset]
        offset += 1
        if length == 0:
            break
        if length > MAX_LABEL:
            raise MalformedError
        labels.append(packet[offset : offset + length])
        offset += length
    else:
        raise MalformedError
    if offset + 4 > end:
        raise MalformedError
    qtype, qclass = _TYPE_AND_CLASS.unpack_from(packet, offset)
    return tuple(labels), qtype, qclass, offset + 4


def _records(packet: bytes, offset: int, authorities: range, total: int) -> tuple[Edns | None, int | None]:
    """The OPT record behind the authority section, and the serial of an SOA record in it, if there are such.

    Two OPT records are malformed (RFC 6891 6.1.1). `authorities` are the numbers of the records of that section.
    """
    edns = serial = None
    for index in range(total):
        owner = packet[offset : offset + 1]
        offset = _after_name(packet, offset)
        if offset + _FIXED.size > len(packet):
            raise MalformedError
        rtype, rclass, ttl, length = _FIXED.unpack_from(packet, offset)
        start = offset + _FIXED.size
        offset = start + length
        if offset > len(packet):
            raise MalformedError
        if rtype == RecordType.OPT and index >= authorities.stop:
            if edns is not None or owner != b"\0":
                raise MalformedError
            edns = _opt(rclass, ttl, packet[start:offset])
        elif rtype == RecordType.SOA and index in authorities and length > _SOA_NUMBERS.size:
            serial = _SOA_NUMBERS.unpack_from(packet, offset - _SOA_NUMBERS.size)[0]
    return edns, serial


def _after_name(packet: bytes, offset: int) -> int:
    """Where the owner name at `offset` ends; of compressed names only a pointer to the question's is taken."""
    if packet[offset : offset + 2] == _FIRST_NAME:
        return offset + 2
    limit = min(len(packet), offset + MAX_NAME)
    while offset < limit:
        length = packet[offset]
        if length == 0:
            return offset + 1
        if length > MAX_LABEL:
            break
        offset += length + 1
    raise MalformedError


def _opt(payload_size: int, ttl: int, data: bytes) -> Edns:
    return Edns(
        payload_size=payload_size,
        extended_rcode=ttl >> 24,
        version=ttl >> 16 & 0xFF,
        flags=ttl & 0xFFFF,
        options=tuple(_options(data)),
    )


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = count = 0
    while offset < len(data):
        if offset + _OPTION.size > len(data) or count == MAX_OPTIONS:
            raise MalformedError
        code, length = _OPTION.unpack_from(data, offset)
        offset += _OPTION.size
        if offset + length > len(data):
            raise MalformedError
        yield code, data[offset : offset + length]
        offset += length
        count += 1
