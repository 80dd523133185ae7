"""Pure: `prometheus [ADDRESS]`: metrics over HTTP."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Address, Plugin, PluginSettings, Report, Scope, address


class Prometheus(PluginSettings, frozen=True):
    """Where `/metrics` is served."""

    address: Address = Address("localhost", 9153)


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Prometheus:
    """The endpoint; it has no options here (CoreDNS' `tls` is not offered)."""
    for option in directives[0].block:
        report.refuse(option, f"unknown option: {option.name}")
    return Prometheus(address=address(directives[0], Address("localhost", 9153), report))


PLUGIN = Plugin("prometheus", configure)
