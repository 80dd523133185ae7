"""Pure: `loadbalance [round_robin]`: A, AAAA and MX records come in a new order in every answer."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Plugin, PluginSettings, Report, Scope


class Loadbalance(PluginSettings, frozen=True):
    """Asks for it; `round_robin` is CoreDNS' name for a random order."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Loadbalance:
    """`weighted` and `prefer` are not offered."""
    for directive in directives:
        policy = directive.args[0] if directive.args else "round_robin"
        if policy != "round_robin":
            report.refuse(directive, f"unknown policy: {policy}")
        elif len(directive.args) > 1:
            report.refuse(directive, "unknown property for round_robin")
        for option in directive.block:
            report.refuse_property(option)
    return Loadbalance()


PLUGIN = Plugin("loadbalance", configure, once=False)
