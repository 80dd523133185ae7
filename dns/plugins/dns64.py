"""Pure: `dns64 [PREFIX] { prefix translate_all allow_ipv4 }`: IPv4 addresses for IPv6 clients (RFC 6147)."""

import ipaddress
from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Query, Rcode, Record, RecordType, Reply
from dns.steps import MAX_HOPS, Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_arguments, only_argument

DEFAULT_PREFIX = ipaddress.IPv6Network("64:ff9b::/96")
NO_SOA_TTL = 600  # seconds, RFC 6147 section 5.1.7
_LENGTHS = range(32, 97, 8)  # RFC 6052 section 2.2, and those between
_RESERVED = 8  # the octet that stays zero
_IN = 1


class Dns64(PluginSettings, frozen=True):
    """With `translate_all` also for names that have IPv6 addresses; with `allow_ipv4` for clients over IPv4 too."""

    prefix: ipaddress.IPv6Network = DEFAULT_PREFIX
    translate_all: bool = False
    allow_ipv4: bool = False


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Dns64:
    """The prefix may stand on the line itself."""
    where = directives[0]
    settings = Dns64()
    if where.args and (text := only_argument(where, report)) is not None:
        settings = Dns64(prefix=_prefix(where, text, report))
    for option in where.block:
        match option.name:
            case "prefix":
                if (text := only_argument(option, report)) is not None:
                    settings = msgspec.structs.replace(settings, prefix=_prefix(option, text, report))
            case "translate_all":
                settings = msgspec.structs.replace(settings, translate_all=no_arguments(option, report))
            case "allow_ipv4":
                settings = msgspec.structs.replace(settings, allow_ipv4=no_arguments(option, report))
            case _:
                report.refuse_property(option)
    return settings


def _prefix(where: Directive, text: str, report: Report) -> ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        report.refuse(where, f"invalid CIDR address: {text}")
        return DEFAULT_PREFIX
    if isinstance(network, ipaddress.IPv4Network):
        report.refuse(where, f'invalid netmask {network.max_prefixlen} IPv6 address: "{network}"')
    elif network.prefixlen not in _LENGTHS:
        report.refuse(where, f'invalid prefix length "{network}"')
    else:
        return network
    return DEFAULT_PREFIX


def step(settings: Dns64) -> Step:
    """Where AAAA has no answer, A is looked up, through the whole server again."""

    def translate(visit: Visit, following: Following) -> Steps:
        result = yield from following(visit)
        if not _is_eligible(settings, visit) or not _needs(settings, result.reply):
            return result
        found = yield from visit.again(msgspec.structs.replace(visit.query, qtype=RecordType.A))
        reply = synthesized(settings.prefix, result.reply, found.reply)
        kept_until = min(result.kept_until, found.kept_until)
        return Result(reply, recursion_available=found.recursion_available, kept_until=kept_until, shown=result.shown)

    return translate


def _is_eligible(settings: Dns64, visit: Visit) -> bool:
    query: Query = visit.query
    over_ipv6 = settings.allow_ipv4 or ":" in visit.client
    return over_ipv6 and (query.qtype, query.qclass) == (RecordType.AAAA, _IN) and visit.hops < MAX_HOPS


def _needs(settings: Dns64, reply: Reply) -> bool:
    if reply.rcode is Rcode.NXDOMAIN:
        return False
    return settings.translate_all or all(record.type != RecordType.AAAA for record in reply.answer)


def synthesized(prefix: ipaddress.IPv6Network, denial: Reply, found: Reply) -> Reply:
    """The answer to AAAA made of that to A; the denial's SOA bounds its TTLs."""
    bound = next((record.ttl for record in denial.authority if record.type == RecordType.SOA), NO_SOA_TTL)
    answer = tuple(
        Record(record.name, RecordType.AAAA, min(record.ttl, bound), embedded(prefix, record.data))
        if record.type == RecordType.A and isinstance(record.data, str)
        else record
        for record in found.answer
    )
    return Reply(
        answer=answer,
        authority=found.authority,
        additional=found.additional,
        authoritative=False,
        truncated=found.truncated,
    )


def embedded(prefix: ipaddress.IPv6Network, address: str) -> str:
    """The IPv4 address behind the prefix, around the octet that stays zero (RFC 6052 section 2.2)."""
    octets = list(prefix.network_address.packed[: prefix.prefixlen // 8])
    for octet in ipaddress.IPv4Address(address).packed:
        octets += [0] * (len(octets) == _RESERVED)
        octets.append(octet)
    octets += [0] * (16 - len(octets))
    return str(ipaddress.IPv6Address(bytes(octets)))


PLUGIN = Plugin("dns64", configure, step=step)
