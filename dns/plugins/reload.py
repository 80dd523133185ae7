"""Pure: `reload [INTERVAL] [JITTER]`: a changed Corefile takes effect without a restart."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Plugin, PluginSettings, Report, Scope, seconds

MIN_INTERVAL = 2.0  # plugin/reload/setup.go
MIN_JITTER = 1.0


class Reload(PluginSettings, frozen=True):
    """CoreDNS polls at the interval, give or take half the jitter (seconds); whoever watches the file need not wait."""

    interval: float = 30.0
    jitter: float = 15.0


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Reload:
    """Both in seconds; the jitter is at most half the interval."""
    where = directives[0]
    if len(where.args) > 2:
        report.refuse_arguments(where)
    interval = seconds(where, where.args[0], report) if where.args else 30.0
    jitter = seconds(where, where.args[1], report) if len(where.args) > 1 else 15.0
    if interval < MIN_INTERVAL:
        report.refuse(where, "interval value must be greater or equal to 2s")
    if jitter < MIN_JITTER:
        report.refuse(where, "jitter value must be greater or equal to 1s")
    for option in where.block:
        report.refuse_property(option)
    return Reload(interval=interval, jitter=min(jitter, interval / 2))


PLUGIN = Plugin("reload", configure)
