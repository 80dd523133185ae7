"""Pure: `transfer [ZONES...] { to ADDRESSES... }`: who may have a whole zone (AXFR, IXFR; RFC 5936, RFC 1995)."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Labels, RecordType, Reply
from dns.names import is_within, lower
from dns.steps import REFUSED, SERVFAIL, Following, Result, Step, Steps, Visit
from dns.zonetransfer import transfer

from .base import Plugin, PluginSettings, Report, Scope, zones
from .forward import parse_upstream

EVERYBODY = "*"
_TYPES = frozenset({RecordType.AXFR, RecordType.IXFR})


class Peers(msgspec.Struct, frozen=True):
    """The addresses that may have the zones; `*` is every address."""

    zones: tuple[Labels, ...]
    to: frozenset[str]

    def allows(self, client: str) -> bool:
        """Whether the client's address is among them."""
        return EVERYBODY in self.to or client in self.to


class Transfer(PluginSettings, frozen=True):
    """One entry a directive; the one with the longest zone that holds a name decides."""

    peers: tuple[Peers, ...] = ()


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Transfer:
    """Ports of the addresses are read and mean nothing: nobody is notified."""
    return Transfer(peers=tuple(_peers(where, scope, report) for where in directives))


def _peers(where: Directive, scope: Scope, report: Report) -> Peers:
    found = zones(where, where.args, report) if where.args else scope.zones
    to: set[str] = set()
    for option in where.block:
        if option.name != "to":
            report.refuse(option, f'unknown property "{option.name}"')
        elif not option.args:
            report.refuse_arguments(option)
        for text in option.args:
            to |= _peer(text, option, report)
    if not any(option.name == "to" for option in where.block):
        report.refuse(where, "'to' is required")
    return Peers(found, frozenset(to))


def _peer(text: str, option: Directive, report: Report) -> set[str]:
    if text == EVERYBODY:
        return {text}
    upstream = parse_upstream(text)
    if upstream is None:
        report.refuse(option, f'not an IP address or file: "{text}"')
        return set()
    return {upstream.address}


def step(settings: Transfer) -> Step:
    """Over TCP only. What no peer is named for, or what is no zone of the cluster, is for whoever comes next."""

    def give(visit: Visit, following: Following) -> Steps:
        query = visit.query
        if query.qtype not in _TYPES:
            return (yield from following(visit))
        if not visit.over_tcp:
            return REFUSED
        peers = _longest(settings.peers, lower(query.qname))
        if peers is None:
            return (yield from following(visit))
        if not peers.allows(visit.client):
            return REFUSED
        if query.qtype == RecordType.IXFR and query.serial is None:
            return SERVFAIL
        records = transfer(visit.records, query) if visit.records is not None else None
        if records is None:
            return (yield from following(visit))
        return Result(Reply(), transfer=records)

    return give


def _longest(peers: Sequence[Peers], name: Labels) -> Peers | None:
    holding = [(len(zone), each) for each in peers for zone in each.zones if is_within(name, zone)]
    return max(holding, key=lambda found: found[0], default=(0, None))[1]


PLUGIN = Plugin("transfer", configure, once=False, step=step)
