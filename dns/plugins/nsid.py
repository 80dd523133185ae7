"""Pure: `nsid [DATA]`: who asks which server it talks to is told (RFC 5001)."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Query
from dns.steps import Following, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_options

_NSID = 3  # the EDNS option


class Nsid(PluginSettings, frozen=True):
    """Without `data` it is the name of the host."""

    data: str = ""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Nsid:
    """All arguments together, with a space between them."""
    no_options(directives[0], report)
    return Nsid(data=" ".join(directives[0].args))


def step(settings: Nsid) -> Step:
    """The option goes back with the data in it."""

    def identify(visit: Visit, following: Following) -> Steps:
        result = yield from following(visit)
        shown = _identified(result.shown or visit.query, (settings.data or visit.host.name).encode())
        return msgspec.structs.replace(result, shown=shown) if shown else result

    return identify


def _identified(query: Query, data: bytes) -> Query | None:
    if query.edns is None or all(code != _NSID for code, _ in query.edns.options):
        return None
    options = tuple((code, data if code == _NSID else value) for code, value in query.edns.options)
    return msgspec.structs.replace(query, edns=msgspec.structs.replace(query.edns, options=options))


PLUGIN = Plugin("nsid", configure, step=step)
