"""Pure: `hosts [FILE [ZONES...]] { INLINE ttl no_reverse reload fallthrough }`: names of an /etc/hosts file."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Labels

from .base import (
    Plugin,
    PluginSettings,
    Report,
    Scope,
    fallthrough_zones,
    integer,
    no_arguments,
    only_argument,
    seconds,
    zones,
)


class Hosts(PluginSettings, frozen=True):
    """The file is read every `reload` seconds (0: once); `inline` lines come on top; `ttl` in seconds."""

    path: str = "/etc/hosts"
    zones: tuple[Labels, ...] = ((),)
    inline: tuple[str, ...] = ()
    ttl: int = 3600
    reverse: bool = True
    reload: float = 5.0
    fallthrough: tuple[Labels, ...] = ()


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Hosts:
    """Lines of the block that are no option are entries, unless they follow `fallthrough`."""
    where = directives[0]
    settings = Hosts(
        path=where.args[0] if where.args else "/etc/hosts",
        zones=zones(where, where.args[1:], report) if len(where.args) > 1 else scope.zones,
    )
    for option in where.block:
        settings = _with_option(settings, option, report)
    return settings


def _with_option(settings: Hosts, option: Directive, report: Report) -> Hosts:
    replace = msgspec.structs.replace
    match option.name:
        case "fallthrough":
            return replace(settings, fallthrough=fallthrough_zones(option, report))
        case "no_reverse":
            return replace(settings, reverse=not no_arguments(option, report))
        case "ttl":
            return replace(settings, ttl=_ttl(option, report))
        case "reload":
            return replace(settings, reload=_reload(option, report))
        case _ if settings.fallthrough:
            report.refuse_property(option)
            return settings
        case _:
            return replace(settings, inline=(*settings.inline, " ".join((option.name, *option.args))))


def _ttl(option: Directive, report: Report) -> int:
    text = only_argument(option, report)
    ttl = None if text is None else integer(option, text, report)
    if ttl is not None and not 0 < ttl <= 65535:
        report.refuse(option, f"ttl provided is invalid: {ttl}")
    return ttl or 3600


def _reload(option: Directive, report: Report) -> float:
    text = only_argument(option, report)
    return 5.0 if text is None else seconds(option, text, report, what="invalid negative duration for reload")


PLUGIN = Plugin("hosts", configure)
