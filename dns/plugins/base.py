"""Pure: what every plugin's configuration module shares: the interface, and how mistakes are reported."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from dns.corefile import Directive
from dns.corefiletokens import CorefileProblem
from dns.durations import DurationError, parse_duration
from dns.model import Labels
from dns.origins import origins_of
from dns.steps import Step

ALL_NAMES: tuple[Labels, ...] = ((),)
"""The zones that hold every name: the root."""


class PluginSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin's directives in one server block come to; each plugin has its own, found by its type."""


class Scope(NamedTuple):
    """What a plugin may know of its server block."""

    zones: tuple[Labels, ...]


class Report:
    """Collects the mistakes of one plugin; the settings then hold a default, and nobody uses them."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self.problems: list[CorefileProblem] = []

    def refuse(self, where: Directive, message: str) -> None:
        """An error on the line of a directive or option."""
        self.problems.append(CorefileProblem(where.file, where.line, message, self.plugin))

    def note(self, where: Directive, message: str) -> None:
        """A warning: CoreDNS takes the line, and it has no effect here."""
        self.problems.append(CorefileProblem(where.file, where.line, message, self.plugin, warning=True))

    def refuse_arguments(self, where: Directive) -> None:
        """Too many or too few arguments, in the words of caddy's `ArgErr`."""
        last = where.args[-1] if where.args else where.name
        self.refuse(where, f"Wrong argument count or unexpected line ending after '{last}'")

    def refuse_property(self, where: Directive) -> None:
        """An option that the plugin does not have."""
        self.refuse(where, f"unknown property '{where.name}'")


class Plugin(NamedTuple):
    """One plugin: how its part of a Corefile is read, and what it does to queries.

    `configure` is called once for a server block with all directives of the plugin in it, in file order; what is wrong
    goes to the report. `once` refuses a second directive. `step` makes the plugin's part in the pipeline of what
    `configure` returned; those that ask the server itself for something (an endpoint, a cache) have none.
    """

    name: str
    configure: Callable[[Sequence[Directive], Scope, Report], PluginSettings]
    once: bool = True
    step: Callable[[Any], Step] | None = None


class Address(NamedTuple):
    """Where an HTTP endpoint listens; an empty host means every address, as in Go's `:8080`."""

    host: str
    port: int


def address(where: Directive, default: Address, report: Report) -> Address:
    """The address that a directive takes as its only argument, or its default."""
    if not where.args:
        return default
    if len(where.args) > 1:
        report.refuse_arguments(where)
        return default
    text = where.args[0]
    host, colon, port = text.rpartition(":")
    if not colon:
        report.refuse(where, f"address {text}: missing port in address")
    elif not (port.isascii() and port.isdigit() and int(port) <= 65535):
        report.refuse(where, f"address {text}: invalid port")
    else:
        return Address(host.strip("[]"), int(port))
    return default


def only_argument(where: Directive, report: Report) -> str | None:
    """The single argument of an option."""
    if len(where.args) == 1:
        return where.args[0]
    report.refuse_arguments(where)
    return None


def no_arguments(where: Directive, report: Report) -> bool:
    """Whether an option stands alone, as it must."""
    if where.args:
        report.refuse_arguments(where)
    return not where.args


def seconds(where: Directive, text: str, report: Report, *, what: str = "") -> float:
    """A duration in seconds, not below 0; `what` names it in the error for a negative one."""
    try:
        value = parse_duration(text)
    except DurationError as error:
        report.refuse(where, str(error))
        return 0.0
    if value < 0:
        report.refuse(where, f"{what or where.name} can't be negative: {text}")
    return max(value, 0.0)


def integer(where: Directive, text: str, report: Report) -> int | None:
    """A whole number as Go's `strconv.Atoi` reads it."""
    digits = text[1:] if text[:1] in {"-", "+"} else text
    if digits.isascii() and digits.isdigit():
        return int(text)
    report.refuse(where, f'strconv.Atoi: parsing "{text}": invalid syntax')
    return None


def zones(where: Directive, texts: Sequence[str], report: Report) -> tuple[Labels, ...]:
    """The zones that names and CIDRs in a directive stand for."""
    found: list[Labels] = []
    for text in texts:
        origins = origins_of(text)
        if not origins:
            report.refuse(where, f"unable to normalize '{text}'")
        found += origins
    return tuple(found)


def no_options(where: Directive, report: Report) -> None:
    """Refuses all options of a plugin that has none."""
    for option in where.block:
        report.refuse_property(option)


def fallthrough_zones(where: Directive, report: Report) -> tuple[Labels, ...]:
    """The zones of a `fallthrough` option: all of them when none is named."""
    return zones(where, where.args, report) if where.args else ALL_NAMES
