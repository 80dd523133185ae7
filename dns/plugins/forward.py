"""Pure: `forward FROM TO... { ... }`: queries that nobody here answers go to other servers."""

import ipaddress
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from dns.corefile import Directive
from dns.model import Labels
from dns.origins import origins_of

from .base import Plugin, PluginSettings, Report, Scope, integer, no_arguments, only_argument, seconds, zones

MAX_UPSTREAMS = 15  # plugin/forward/setup.go
DNS_PORT = 53


class Policy(StrEnum):
    """In which order upstreams are tried (plugin/forward/policy.go)."""

    RANDOM = "random"
    ROUND_ROBIN = "round_robin"
    SEQUENTIAL = "sequential"


class Upstream(NamedTuple):
    """A DNS server to ask; the address is canonical text, with `%zone` for a link-local one."""

    address: str
    port: int = DNS_PORT


class HealthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How an upstream that failed is probed: every `interval` seconds with a query for `domain`."""

    interval: float = 0.5
    domain: Labels = ()
    recursion_desired: bool = True


class ForwardRule(msgspec.Struct, frozen=True, kw_only=True):
    """One `forward`: names of `zone`, but those of `excepted`, go to the upstreams.

    `files` are read as resolv.conf when the server starts. `max_fails` 0 means that an upstream is never taken to be
    down; `max_concurrent` 0, that only our own bound holds; `expire` is how long, in seconds, an idle TCP connection to
    an upstream is kept.
    """

    zone: Labels = ()
    upstreams: tuple[Upstream, ...] = ()
    files: tuple[str, ...] = ()
    excepted: tuple[Labels, ...] = ()
    policy: Policy = Policy.RANDOM
    max_fails: int = 2
    max_concurrent: int = 0
    expire: float = 10.0
    force_tcp: bool = False
    prefer_udp: bool = False
    health_check: HealthCheck = HealthCheck()


class Forward(PluginSettings, frozen=True):
    """All `forward` directives of a server block, in file order; the first whose zone holds the name is used."""

    rules: tuple[ForwardRule, ...] = ()


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Forward:
    """One rule a directive."""
    return Forward(rules=tuple(_rule(directive, report) for directive in directives))


def _rule(where: Directive, report: Report) -> ForwardRule:
    if len(where.args) < 2:
        report.refuse_arguments(where)
        return ForwardRule()
    origins = zones(where, where.args[:1], report)
    upstreams, files = _destinations(where, report)
    rule = ForwardRule(zone=origins[0] if origins else (), upstreams=upstreams, files=files)
    for option in where.block:
        rule = _with_option(rule, option, report)
    return rule


def _destinations(where: Directive, report: Report) -> tuple[tuple[Upstream, ...], tuple[str, ...]]:
    """Addresses, and files that hold more of them."""
    upstreams: list[Upstream] = []
    files: list[str] = []
    for text in where.args[1:]:
        scheme, separator, rest = text.rpartition("://")
        if separator and scheme != "dns":
            report.refuse(where, f"'{scheme}' is not supported as a destination protocol in forward: {text}")
        elif (upstream := parse_upstream(rest)) is not None:
            upstreams.append(upstream)
        elif "/" in rest:
            files.append(rest)
        else:
            report.refuse(where, f'not an IP address or file: "{rest}"')
    if len(upstreams) > MAX_UPSTREAMS:
        report.refuse(where, f"more than {MAX_UPSTREAMS} TOs configured: {len(upstreams)}")
    return tuple(upstreams), tuple(files)


def parse_upstream(text: str) -> Upstream | None:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:53`; `None` if it is no address."""
    host, port = text, str(DNS_PORT)
    if text.count(":") == 1 or (text.startswith("[") and not text.endswith("]")):
        host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    valid = port.isascii() and port.isdigit() and 0 < int(port) <= 65535
    return Upstream(str(address), int(port)) if valid else None


def _with_option(rule: ForwardRule, option: Directive, report: Report) -> ForwardRule:
    replace = msgspec.structs.replace
    match option.name:
        case "except":
            if not option.args:
                report.refuse_arguments(option)
            return replace(rule, excepted=(*rule.excepted, *zones(option, option.args, report)))
        case "policy":
            return replace(rule, policy=_policy(option, report))
        case "max_fails":
            return replace(rule, max_fails=_count(option, report))
        case "max_concurrent":
            return replace(rule, max_concurrent=_count(option, report))
        case "expire":
            text = only_argument(option, report)
            return rule if text is None else replace(rule, expire=seconds(option, text, report))
        case "force_tcp":
            return replace(rule, force_tcp=no_arguments(option, report))
        case "prefer_udp":
            return replace(rule, prefer_udp=no_arguments(option, report))
        case "health_check":
            return replace(rule, health_check=_health_check(option, report))
        case _:
            report.refuse_property(option)
            return rule


def _policy(option: Directive, report: Report) -> Policy:
    text = only_argument(option, report)
    if text is None:
        return Policy.RANDOM
    if text not in set(Policy):
        report.refuse(option, f"unknown policy '{text}'")
        return Policy.RANDOM
    return Policy(text)


def _count(option: Directive, report: Report) -> int:
    text = only_argument(option, report)
    count = None if text is None else integer(option, text, report)
    if count is not None and count < 0:
        report.refuse(option, f"{option.name} can't be negative: {count}")
    return max(count or 0, 0)


def _health_check(option: Directive, report: Report) -> HealthCheck:
    """`INTERVAL [no_rec] [domain NAME]`."""
    if not option.args:
        report.refuse_arguments(option)
        return HealthCheck()
    check = HealthCheck(interval=seconds(option, option.args[0], report))
    words = iter(option.args[1:])
    for word in words:
        if word == "no_rec":
            check = msgspec.structs.replace(check, recursion_desired=False)
        elif word != "domain":
            report.refuse(option, f"health_check: unknown option {word}")
        elif (domain := next(words, None)) is None:
            report.refuse_arguments(option)
        else:
            origins = origins_of(domain)
            check = msgspec.structs.replace(check, domain=origins[0] if origins else ())
            if not origins:
                report.refuse(option, f"health_check: invalid domain name {domain}")
    return check


PLUGIN = Plugin("forward", configure, once=False)
