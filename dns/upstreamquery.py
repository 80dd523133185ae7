"""Pure: queries as they are sent on to upstreams."""

import struct

from .model import Edns, Query, RecordType

PAYLOAD_SIZE = 1232  # octets: fits one IPv6 packet everywhere (dnsflagday.net/2020)

_HEADER = struct.Struct("!HHHHHH")
_TYPE_AND_CLASS = struct.Struct("!HH")
_OPT = struct.Struct("!BHHIH")
_RD, _CD, _DO = 0x0100, 0x0010, 0x8000


def build(query: Query, identity: int) -> bytes:
    """The query under another id: the client's question, opcode, RD, CD and DO, and none of its other options.

    Cookies, client subnets and the like are between the client and us. Without EDNS from the client none goes out.
    """
    bits = query.opcode << 11 | (_RD if query.recursion_desired else 0) | (_CD if query.checking_disabled else 0)
    opt = _opt(query.edns) if query.edns else b""
    header = _HEADER.pack(identity, bits, 1, 0, 0, 1 if opt else 0)
    qname = b"".join(bytes((len(label),)) + label for label in query.qname) + b"\0"
    return header + qname + _TYPE_AND_CLASS.pack(query.qtype, query.qclass) + opt


def _opt(edns: Edns) -> bytes:
    return _OPT.pack(0, RecordType.OPT, PAYLOAD_SIZE, edns.flags & _DO, 0)
