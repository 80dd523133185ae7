"""Pure: `local`: names and addresses that mean the asking host itself are never asked upstream (RFC 6303)."""

from collections.abc import Sequence

from dns.corefile import Directive
from dns.model import Labels, Query, Rcode, Record, RecordData, RecordType, Reply, Soa
from dns.names import is_within, lower
from dns.steps import FOREVER, Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_arguments, no_options

TTL = 604800  # seconds, plugin/local/local.go
_LOCALHOST: Labels = (b"localhost",)
_ZONES: tuple[Labels, ...] = (_LOCALHOST, *((octet, b"in-addr", b"arpa") for octet in (b"0", b"127", b"255")))
_ITSELF: Labels = (b"1", b"0", b"0", b"127", b"in-addr", b"arpa")
_SOA = Soa(_LOCALHOST, (b"root", b"localhost"), 1, 0, 0, 0, TTL)
_ADDRESSES: dict[int, str] = {RecordType.A: "127.0.0.1", RecordType.AAAA: "::1"}


class Local(PluginSettings, frozen=True):
    """Asks for it."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Local:
    """It takes neither arguments nor options."""
    no_arguments(directives[0], report)
    no_options(directives[0], report)
    return Local()


def step(_settings: Local) -> Step:
    """`localhost`, what begins with it or lies below it, and the reverse zones of this host and this network."""

    def answer_local(visit: Visit, following: Following) -> Steps:
        reply = _reply(visit.query)
        return (yield from following(visit)) if reply is None else Result(reply, kept_until=FOREVER)

    return answer_local


def _reply(query: Query) -> Reply | None:
    name = lower(query.qname)
    if len(name) > 1 and b"localhost" in (name[0], name[-1]):
        return _positive(query, _ADDRESSES.get(query.qtype)) or _negative(query.qname)
    zone = next((zone for zone in _ZONES if is_within(name, zone)), None)
    if zone is None:
        return None
    origin = query.qname[len(name) - len(zone) :]
    if name == zone:
        return _positive(query, _of_apex(name, query.qtype)) or _negative(origin)
    if name == _ITSELF:
        return _positive(query, _LOCALHOST if query.qtype == RecordType.PTR else None) or _negative(origin)
    return _negative(origin, Rcode.NXDOMAIN)


def _of_apex(zone: Labels, qtype: int) -> RecordData | None:
    match qtype:
        case RecordType.SOA:
            return _SOA
        case RecordType.NS:
            return _LOCALHOST
        case _:
            return _ADDRESSES.get(qtype) if zone == _LOCALHOST else None


def _positive(query: Query, data: RecordData | None) -> Reply | None:
    if data is None:
        return None
    return Reply(answer=(Record(query.qname, query.qtype, TTL, data),), authoritative=False)


def _negative(origin: Labels, rcode: Rcode = Rcode.NOERROR) -> Reply:
    return Reply(rcode, authority=(Record(origin, RecordType.SOA, TTL, _SOA),), authoritative=False)


PLUGIN = Plugin("local", configure, step=step)
