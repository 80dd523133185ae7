"""Pure: `cache [TTL] [ZONES...] { success denial servfail disable keepttl }`: forwarded answers are kept a while."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Labels

from .base import Plugin, PluginSettings, Report, Scope, integer, no_arguments, seconds, zones

DEFAULT_CAPACITY = 10_000  # answers; plugin/cache/cache.go
DEFAULT_SUCCESS_TTL = 3600  # plugin/pkg/dnsutil/ttl.go
DEFAULT_DENIAL_TTL = 1800
MIN_TTL = 5
MAX_SERVFAIL_TTL = 300  # RFC 2308 section 7.1


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How answers of one kind are kept; TTLs in seconds. `disabled_zones` are left out."""

    capacity: int = DEFAULT_CAPACITY
    ttl: int = DEFAULT_SUCCESS_TTL
    min_ttl: int = MIN_TTL
    disabled_zones: tuple[Labels, ...] = ()


class Cache(PluginSettings, frozen=True):
    """For names of `zones`. With `keep_ttl` answers go out with the TTL that they came with."""

    zones: tuple[Labels, ...] = ((),)
    success: Share = Share()
    denial: Share = Share(ttl=DEFAULT_DENIAL_TTL)
    servfail_ttl: float = 5.0
    keep_ttl: bool = False


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Cache:
    """The TTL of the first line caps both kinds; the options refine it."""
    where = directives[0]
    names: Sequence[str] = where.args
    settings = Cache(zones=scope.zones)
    if names and names[0].lstrip("+-").isdigit():
        ttl = _positive_ttl(where, names[0], report)
        settings = msgspec.structs.replace(settings, success=Share(ttl=ttl), denial=Share(ttl=ttl))
        names = names[1:]
    if names:
        settings = msgspec.structs.replace(settings, zones=zones(where, names, report))
    for option in where.block:
        settings = _with_option(settings, option, scope, report)
    return settings


def _with_option(settings: Cache, option: Directive, scope: Scope, report: Report) -> Cache:
    match option.name:
        case "success":
            return msgspec.structs.replace(settings, success=_share(settings.success, option, report))
        case "denial":
            return msgspec.structs.replace(settings, denial=_share(settings.denial, option, report))
        case "servfail":
            return msgspec.structs.replace(settings, servfail_ttl=_servfail(option, report))
        case "disable":
            return _disabled(settings, option, scope, report)
        case "keepttl":
            return msgspec.structs.replace(settings, keep_ttl=no_arguments(option, report))
        case "prefetch" | "serve_stale":
            report.refuse(option, f"option '{option.name}' is not offered")
        case _:
            report.refuse_arguments(option)
    return settings


def _share(share: Share, option: Directive, report: Report) -> Share:
    """`CAPACITY [TTL [MINTTL]]`."""
    if not 1 <= len(option.args) <= 3:
        report.refuse_arguments(option)
        return share
    capacity = integer(option, option.args[0], report)
    share = msgspec.structs.replace(share, capacity=max(capacity or 0, 0))
    if len(option.args) > 1:
        share = msgspec.structs.replace(share, ttl=_positive_ttl(option, option.args[1], report))
    if len(option.args) > 2:
        minimum = integer(option, option.args[2], report)
        if minimum is not None and minimum < 0:
            report.refuse(option, f"cache min TTL can not be negative: {minimum}")
        share = msgspec.structs.replace(share, min_ttl=max(minimum or 0, 0))
    return share


def _positive_ttl(where: Directive, text: str, report: Report) -> int:
    ttl = integer(where, text, report)
    if ttl is not None and ttl <= 0:
        report.refuse(where, f"cache TTL can not be zero or negative: {ttl}")
    return max(ttl or 1, 1)


def _servfail(option: Directive, report: Report) -> float:
    if len(option.args) != 1:
        report.refuse_arguments(option)
        return 0.0
    ttl = seconds(option, option.args[0], report, what="invalid negative ttl for servfail")
    if ttl > MAX_SERVFAIL_TTL:
        report.refuse(option, f"caching SERVFAIL responses over 5 minutes is not permitted: {option.args[0]}")
    return ttl


def _disabled(settings: Cache, option: Directive, scope: Scope, report: Report) -> Cache:
    """`disable success|denial [ZONES...]`."""
    if not option.args:
        report.refuse_arguments(option)
        return settings
    kind, *names = option.args
    origins = zones(option, names, report) if names else scope.zones
    match kind:
        case "success":
            return msgspec.structs.replace(
                settings, success=msgspec.structs.replace(settings.success, disabled_zones=origins)
            )
        case "denial":
            return msgspec.structs.replace(
                settings, denial=msgspec.structs.replace(settings.denial, disabled_zones=origins)
            )
    report.refuse(option, f'cache type for disable must be "success" or "denial": {kind}')
    return settings


PLUGIN = Plugin("cache", configure)
