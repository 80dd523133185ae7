"""Pure: `loop`: a probe at start finds out whether forwarded queries come back to us."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Plugin, PluginSettings, Report, Scope, no_arguments


class Loop(PluginSettings, frozen=True):
    """Asks for the probe. CoreDNS ends its process when it finds a loop; here forwarding ends."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Loop:
    """It takes neither arguments nor options."""
    no_arguments(directives[0], report)
    for option in directives[0].block:
        report.refuse_property(option)
    return Loop()


PLUGIN = Plugin("loop", configure)
