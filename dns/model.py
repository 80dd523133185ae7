"""Pure: the types that the DNS server's parts hand each other. Names are tuples of labels, never dotted strings."""

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import msgspec

Labels: TypeAlias = tuple[bytes, ...]
"""A domain name from its leftmost label on, without the root: `(b"web", b"default", b"svc", b"cluster", b"local")`.

A label may hold any octet, a dot too, which is why names are compared label by label (RFC 2181 section 11), in lower
case (RFC 4343).
"""


class Rcode(IntEnum):
    """Response codes (RFC 1035 4.1.1, RFC 6891 6.1.3)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


class RecordType(IntEnum):
    """The record types that are served or treated specially; a question may carry any other number."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    HINFO = 13
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    OPT = 41
    IXFR = 251
    AXFR = 252
    ANY = 255


class Edns(msgspec.Struct, frozen=True):
    """The OPT record of a query (RFC 6891), options as (code, data)."""

    payload_size: int
    version: int = 0
    flags: int = 0  # DO and Z bits
    extended_rcode: int = 0
    options: tuple[tuple[int, bytes], ...] = ()


class Query(msgspec.Struct, frozen=True):
    """A query that passed the guard."""

    id: int
    qname: Labels  # spelled as the client did
    qtype: int
    qclass: int = 1
    opcode: int = 0
    recursion_desired: bool = False
    checking_disabled: bool = False
    edns: Edns | None = None
    serial: int | None = None  # of the SOA record in an IXFR query's authority section (RFC 1995)


class Srv(NamedTuple):
    """RFC 2782."""

    priority: int
    weight: int
    port: int
    target: Labels


class Soa(NamedTuple):
    """RFC 1035 3.3.13; times in seconds."""

    mname: Labels
    rname: Labels
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


RecordData: TypeAlias = str | Labels | Srv | Soa | tuple[str, ...] | bytes
"""By type: A and AAAA an address, CNAME, NS and PTR labels, SRV, SOA, TXT and HINFO strings, any other raw bytes."""


class Record(NamedTuple):
    """One resource record of class IN."""

    name: Labels
    type: int
    ttl: int  # seconds
    data: RecordData


class Reply(msgspec.Struct, frozen=True):
    """What to answer, before it is packed for a transport."""

    rcode: Rcode = Rcode.NOERROR
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = True
    explanation: str = ""  # RFC 8914 text for clients that sent EDNS
    explanation_code: int = 0  # RFC 8914 section 4: 0 is "Other Error", 14 "Not Ready"
    truncated: bool = False  # what an upstream gave was cut
    record_class: int = 1  # of all its records: IN, or CH for what the server says of itself


class NotOurs(msgspec.Struct, frozen=True):
    """The question is for somebody else: outside our zones, or fallen through."""


class Follow(msgspec.Struct, frozen=True):
    """An ExternalName's CNAME whose target lies outside: ask for `target`, then answer `reply` with what came."""

    reply: Reply
    target: Labels


Outcome: TypeAlias = Reply | NotOurs | Follow
