"""Pure: `any`: the least answer to a question for everything (RFC 8482)."""

from collections.abc import Sequence

from dns.constants import TYPE_ANY
from dns.corefile import Directive
from dns.model import Record, RecordType, Reply
from dns.steps import FOREVER, Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_arguments, no_options

TTL = 8482  # seconds, plugin/any/any.go
_DATA = ("ANY obsoleted", "See RFC 8482")


class Any(PluginSettings, frozen=True):
    """Asks for it."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Any:
    """It takes neither arguments nor options."""
    no_arguments(directives[0], report)
    no_options(directives[0], report)
    return Any()


def step(_settings: Any) -> Step:
    """One HINFO record, whatever the name."""

    def answer_any(visit: Visit, following: Following) -> Steps:
        if visit.query.qtype != TYPE_ANY:
            return (yield from following(visit))
        record = Record(visit.query.qname, RecordType.HINFO, TTL, _DATA)
        return Result(Reply(answer=(record,), authoritative=False), kept_until=FOREVER)

    return answer_any


PLUGIN = Plugin("any", configure, step=step)
