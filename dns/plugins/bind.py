"""Pure: `bind ADDRESS...`: where a server block listens."""

import ipaddress
from collections.abc import Sequence

from dns.corefile import Directive

from .base import Plugin, PluginSettings, Report, Scope, no_options


class Bind(PluginSettings, frozen=True):
    """Canonical text of addresses. As in CoreDNS, the server then knows no address to find its own Service by."""

    addresses: tuple[str, ...] = ()


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Bind:
    """The addresses of all directives together; interfaces, wildcards and `except` are not offered."""
    found: dict[str, None] = {}
    for where in directives:
        no_options(where, report)
        if not where.args:
            report.refuse(where, "at least one address or interface name is expected")
        for text in where.args:
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                report.refuse(where, f"not a valid IP address or interface name: {text}")
                continue
            if address.is_unspecified:
                report.refuse(where, f"{text} would answer on every cluster IP; name the addresses")
            found[str(address)] = None
    return Bind(addresses=tuple(found))


PLUGIN = Plugin("bind", configure, once=False)
