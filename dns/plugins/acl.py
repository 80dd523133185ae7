"""Pure: `acl [ZONES...] { ACTION [type TYPES...] [net NETWORKS...] }`: who may ask for what."""

import ipaddress
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from dns.constants import TYPES
from dns.corefile import Directive
from dns.model import Labels, Rcode, Reply
from dns.names import is_within, lower
from dns.steps import Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, zones

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_BLOCKED, _FILTERED = 15, 17  # RFC 8914


class Action(StrEnum):
    """What becomes of a query that a policy is for."""

    ALLOW = "allow"
    BLOCK = "block"  # REFUSED
    FILTER = "filter"  # an empty answer
    DROP = "drop"  # silence


class Policy(msgspec.Struct, frozen=True):
    """For queries of one of the types from one of the networks; empty means all."""

    action: Action
    types: frozenset[int] = frozenset()
    networks: tuple[Network, ...] = ()

    def is_for(self, client: ipaddress.IPv4Address | ipaddress.IPv6Address, qtype: int) -> bool:
        """Whether the policy decides."""
        if self.types and qtype not in self.types:
            return False
        return not self.networks or any(client in network for network in self.networks)


class Rule(msgspec.Struct, frozen=True):
    """The policies for names of some zones; the first that is for a query decides."""

    zones: tuple[Labels, ...]
    policies: tuple[Policy, ...]


class Acl(PluginSettings, frozen=True):
    """The rules in file order: what one of them does not decide is for the next; in the end all is allowed."""

    rules: tuple[Rule, ...] = ()


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Acl:
    """One rule a directive."""
    rules = []
    for where in directives:
        found = zones(where, where.args, report) if where.args else scope.zones
        rules.append(Rule(found, tuple(_policy(option, report) for option in where.block)))
    return Acl(rules=tuple(rules))


def _policy(option: Directive, report: Report) -> Policy:
    if option.name.lower() not in set(Action):
        report.refuse(option, f"unexpected token '{option.name}'; expect {', '.join(map(repr, map(str, Action)))}")
        return Policy(Action.BLOCK)
    policy = Policy(Action(option.name.lower()))
    for section, words in _sections(option, report):
        if section == "type":
            policy = msgspec.structs.replace(policy, types=_types(words, option, report))
        else:
            policy = msgspec.structs.replace(policy, networks=(*policy.networks, *_networks(words, option, report)))
    return policy


def _sections(option: Directive, report: Report) -> list[tuple[str, list[str]]]:
    """The words behind `type` and `net`."""
    found: list[tuple[str, list[str]]] = []
    for word in option.args:
        if word.lower() in {"type", "net"}:
            found.append((word.lower(), []))
        elif not found or word.lower() == "file":
            report.refuse(option, f"unexpected token '{word}'; expect 'type | net'")
            return []
        else:
            found[-1][1].append(word)
    for section, words in found:
        if not words:
            report.refuse(option, f"no token specified in '{section}' section")
    return found


def _types(words: Sequence[str], option: Directive, report: Report) -> frozenset[int]:
    if "*" in words:
        return frozenset()
    for word in words:
        if word not in TYPES:
            report.refuse(option, f"unexpected token '{word}'; expect legal QTYPE")
    return frozenset(TYPES[word] for word in words if word in TYPES)


def _networks(words: Sequence[str], option: Directive, report: Report) -> tuple[Network, ...]:
    if "*" in words:
        return ()
    found: list[Network] = []
    for word in words:
        try:
            found.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            report.refuse(option, f"illegal CIDR notation '{word}'")
    return tuple(found)


def step(settings: Acl) -> Step:
    """It comes behind `rewrite` and before every cache: what is judged is what would be answered."""

    def judge(visit: Visit, following: Following) -> Steps:
        match _action(settings, visit):
            case Action.BLOCK:
                return Result(
                    Reply(Rcode.REFUSED, authoritative=False, explanation="Blocked", explanation_code=_BLOCKED)
                )
            case Action.FILTER:
                return Result(Reply(authoritative=False, explanation="Filtered", explanation_code=_FILTERED))
            case Action.DROP:
                return Result(Reply(Rcode.REFUSED, authoritative=False), is_dropped=True)
            case _:
                result = yield from following(visit)
                # Another client may not be allowed the same.
                return msgspec.structs.replace(result, kept_until=0.0)

    return judge


def _action(settings: Acl, visit: Visit) -> Action:
    name = lower(visit.query.qname)
    try:
        client = ipaddress.ip_address(visit.client.partition("%")[0])
    except ValueError:
        return Action.BLOCK
    for rule in settings.rules:
        if any(is_within(name, zone) for zone in rule.zones):
            for policy in rule.policies:
                if policy.is_for(client, visit.query.qtype):
                    return policy.action
    return Action.ALLOW


PLUGIN = Plugin("acl", configure, once=False, step=step)
