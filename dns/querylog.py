"""Pure: the line that the `log` plugin writes of a query (plugin/log, plugin/pkg/replacer)."""

import re
from typing import NamedTuple

import msgspec

from .counters import rcode_label
from .model import Query, Rcode, RecordType, Reply
from .names import is_within, lower, to_text
from .plugins.log import Log, LogRule, ResponseClass

_PLACEHOLDER = re.compile(r"\{[>/]?[a-z]+\}")
_FLAGS = (
    (0x8000, "qr"),
    (0x0400, "aa"),
    (0x0200, "tc"),
    (0x0100, "rd"),
    (0x0080, "ra"),
    (0x0020, "ad"),
    (0x0010, "cd"),
)
_CLASSES = {1: "IN", 3: "CH", 4: "HS", 255: "ANY"}
_TYPES = {member.value: member.name for member in RecordType} | {64: "SVCB", 65: "HTTPS", 43: "DS", 48: "DNSKEY"}
_DO = 0x8000


class Client(NamedTuple):
    """Who asked, and over what."""

    address: str
    port: int
    proto: str


class Exchange(msgspec.Struct, frozen=True):
    """A query and its answer; sizes in octets, duration in seconds."""

    query: Query
    reply: Reply
    client: Client
    request_size: int
    packet: bytes
    duration: float


def line(log: Log, exchange: Exchange) -> str | None:
    """The line for an exchange, `None` if no rule wants one."""
    qname = lower(exchange.query.qname)
    for rule in log.rules:
        if any(is_within(qname, zone) for zone in rule.zones):
            return _formatted(rule, exchange) if _is_wanted(rule, exchange.reply) else None
    return None


def _is_wanted(rule: LogRule, reply: Reply) -> bool:
    return ResponseClass.ALL in rule.classes or response_class(reply) in rule.classes


def response_class(reply: Reply) -> ResponseClass:
    """What became of a query."""
    if reply.rcode is Rcode.NXDOMAIN:
        return ResponseClass.DENIAL
    if reply.rcode is not Rcode.NOERROR:
        return ResponseClass.ERROR
    is_nodata = not reply.answer and any(record.type == RecordType.SOA for record in reply.authority)
    return ResponseClass.DENIAL if is_nodata else ResponseClass.SUCCESS


def _formatted(rule: LogRule, exchange: Exchange) -> str:
    values = _values(exchange)
    return _PLACEHOLDER.sub(lambda found: values.get(found[0], "-"), rule.format)


def _values(exchange: Exchange) -> dict[str, str]:
    query, client = exchange.query, exchange.client
    bits = int.from_bytes(exchange.packet[2:4])
    return {
        "{type}": _TYPES.get(query.qtype, f"TYPE{query.qtype}"),
        "{name}": to_text(lower(query.qname)),
        "{class}": _CLASSES.get(query.qclass, f"CLASS{query.qclass}"),
        "{proto}": client.proto,
        "{remote}": f"[{client.address}]" if ":" in client.address else client.address,
        "{port}": str(client.port),
        "{size}": str(exchange.request_size),
        "{rsize}": str(len(exchange.packet)),
        "{duration}": f"{exchange.duration:.9f}s",
        "{rcode}": rcode_label(exchange.reply.rcode),
        "{>rflags}": ",".join(name for bit, name in _FLAGS if bits & bit),
        "{>bufsize}": str(query.edns.payload_size if query.edns else 512),
        "{>do}": "true" if query.edns and query.edns.flags & _DO else "false",
        "{>id}": str(query.id),
        "{>opcode}": str(query.opcode),
    }
