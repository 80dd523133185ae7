"""Pure: `bufsize [SIZE]`: no UDP answer is larger, whatever the client offers."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Query
from dns.steps import Following, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_options

DEFAULT_SIZE = 1232  # octets: fits one IPv6 packet everywhere (dnsflagday.net/2020)
MIN_SIZE, MAX_SIZE = 512, 4096  # plugin/bufsize/setup.go


class Bufsize(PluginSettings, frozen=True):
    """The most octets that a client's EDNS may ask for."""

    size: int = DEFAULT_SIZE


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Bufsize:
    """The size is its only argument."""
    where = directives[0]
    no_options(where, report)
    if not where.args:
        return Bufsize()
    text = where.args[0]
    if len(where.args) > 1 or not (text.isascii() and text.isdigit() and MIN_SIZE <= int(text) <= MAX_SIZE):
        report.refuse_arguments(where)
        return Bufsize()
    return Bufsize(size=int(text))


def step(settings: Bufsize) -> Step:
    """The reply shows the smaller size, and keeps to it."""

    def limit(visit: Visit, following: Following) -> Steps:
        result = yield from following(visit)
        shown = _limited(result.shown or visit.query, settings.size)
        return msgspec.structs.replace(result, shown=shown) if shown else result

    return limit


def _limited(query: Query, size: int) -> Query | None:
    if query.edns is None or query.edns.payload_size <= size:
        return None
    return msgspec.structs.replace(query, edns=msgspec.structs.replace(query.edns, payload_size=size))


PLUGIN = Plugin("bufsize", configure, step=step)
