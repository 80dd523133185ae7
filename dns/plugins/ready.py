"""Pure: `ready [ADDRESS] { monitor until-ready|continuously }`: an HTTP endpoint that says when names are served."""

from collections.abc import Sequence

from dns.corefile import Directive

from .base import Address, Plugin, PluginSettings, Report, Scope, address, only_argument


class Ready(PluginSettings, frozen=True):
    """Without `continuous`, what was ready once stays ready."""

    address: Address = Address("", 8181)
    continuous: bool = False


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Ready:
    """The endpoint of the last directive."""
    where, continuous = Address("", 8181), False
    for directive in directives:
        where = address(directive, where, report)
        for option in directive.block:
            if option.name != "monitor":
                report.refuse_property(option)
            elif (mode := only_argument(option, report)) not in {"until-ready", "continuously", None}:
                report.refuse(option, f"invalid monitor type '{mode}'")
            else:
                continuous = mode == "continuously"
    return Ready(address=where, continuous=continuous)


PLUGIN = Plugin("ready", configure, once=False)
