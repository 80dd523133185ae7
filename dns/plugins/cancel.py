"""Pure: `cancel [TIMEOUT]`: a query that takes longer fails."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.durations import DurationError, parse_duration
from dns.steps import Following, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_options

DEFAULT_TIMEOUT = 5.001  # seconds, plugin/cancel/cancel.go


class Cancel(PluginSettings, frozen=True):
    """In seconds."""

    timeout: float = DEFAULT_TIMEOUT


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Cancel:
    """The time-out is its only argument."""
    where = directives[0]
    no_options(where, report)
    if len(where.args) > 1:
        report.refuse_arguments(where)
    elif where.args:
        try:
            timeout = parse_duration(where.args[0])
        except DurationError:
            report.refuse(where, f'invalid duration: "{where.args[0]}"')
            return Cancel()
        if timeout > 0:
            return Cancel(timeout=timeout)
        report.refuse(where, f'invalid negative duration: "{where.args[0]}"')
    return Cancel()


def step(settings: Cancel) -> Step:
    """Upstreams are asked until then; what is known here takes no time."""

    def bound(visit: Visit, following: Following) -> Steps:
        deadline = visit.now + settings.timeout
        if visit.deadline is not None:
            deadline = min(deadline, visit.deadline)
        return (yield from following(msgspec.structs.replace(visit, deadline=deadline)))

    return bound


PLUGIN = Plugin("cancel", configure, step=step)
