"""Pure: `log [NAMES...] [FORMAT] { class CLASSES... }`: one line for each query."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from dns.corefile import Directive
from dns.model import Labels

from .base import ALL_NAMES, Plugin, PluginSettings, Report, Scope, zones

COMMON_FORMAT = (
    '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" '
    "{rcode} {>rflags} {rsize} {duration}"
)
COMBINED_FORMAT = COMMON_FORMAT.replace("{>id}", "{>id} {>opcode}")  # plugin/log/log.go


class ResponseClass(StrEnum):
    """What became of a query (plugin/pkg/response/classify.go)."""

    ALL = "all"
    SUCCESS = "success"
    DENIAL = "denial"
    ERROR = "error"


class LogRule(msgspec.Struct, frozen=True):
    """Queries for names of `zones` that end in one of `classes` are logged in `format`."""

    zones: tuple[Labels, ...] = ALL_NAMES
    format: str = COMMON_FORMAT
    classes: frozenset[ResponseClass] = frozenset({ResponseClass.ALL})


class Log(PluginSettings, frozen=True):
    """The first rule whose zones hold the name decides."""

    rules: tuple[LogRule, ...] = ()


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Log:
    """One rule a directive."""
    return Log(rules=tuple(_rule(directive, report) for directive in directives))


def _rule(directive: Directive, report: Report) -> LogRule:
    names, layout = list(directive.args), COMMON_FORMAT
    if names and "{" in names[-1]:
        written = names.pop()
        layout = written.replace("{common}", COMMON_FORMAT).replace("{combined}", COMBINED_FORMAT)
    classes: set[ResponseClass] = set()
    for option in directive.block:
        classes |= _classes(option, report)
    found = zones(directive, names, report) if names else ALL_NAMES
    return LogRule(found, layout, frozenset(classes) or frozenset({ResponseClass.ALL}))


def _classes(option: Directive, report: Report) -> set[ResponseClass]:
    if option.name != "class" or not option.args:
        report.refuse_arguments(option)
        return set()
    unknown = [name for name in option.args if name not in set(ResponseClass)]
    for name in unknown:
        report.refuse(option, f"invalid Class: {name}")
    return {ResponseClass(name) for name in option.args if name not in unknown}


PLUGIN = Plugin("log", configure, once=False)
