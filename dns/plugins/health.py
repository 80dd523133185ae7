"""Pure: `health [ADDRESS] { lameduck DURATION }`: an HTTP endpoint that says that the process lives."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Address, Plugin, PluginSettings, Report, Scope, address, only_argument, seconds


class Health(PluginSettings, frozen=True):
    """`lameduck` is how long, in seconds, the DNS server answers on after it was asked to stop."""

    address: Address = Address("", 8080)
    lameduck: float = 0.0


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Health:
    """The endpoint of the last directive; CoreDNS takes several and listens on the last."""
    where, lameduck = Address("", 8080), 0.0
    for directive in directives:
        where = address(directive, where, report)
        for option in directive.block:
            if option.name != "lameduck":
                report.refuse_arguments(option)
            elif (text := only_argument(option, report)) is not None:
                lameduck = seconds(option, text, report)
    return Health(address=where, lameduck=lameduck)


PLUGIN = Plugin("health", configure, once=False)
