"""Pure: `errors { consolidate DURATION REGEXP [LEVEL] }`: failed queries are logged, alike ones together."""

import re
from collections.abc import Sequence

import msgspec

from dns.corefile import Directive

from .base import Plugin, PluginSettings, Report, Scope, seconds

LEVELS = ("warning", "error", "info", "debug")


class Consolidation(msgspec.Struct, frozen=True):
    """Messages that match are counted and logged once in `period` seconds."""

    period: float
    pattern: str
    level: str = "error"


class Errors(PluginSettings, frozen=True):
    """The first consolidation that matches a message counts it."""

    consolidations: tuple[Consolidation, ...] = ()


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Errors:
    """`stdout` is the one argument that it takes, and what it means without."""
    where = directives[0]
    if len(where.args) > 1:
        report.refuse_arguments(where)
    elif where.args and where.args[0] != "stdout":
        report.refuse(where, f"invalid log file: {where.args[0]}")
    found: list[Consolidation] = []
    for option in where.block:
        if option.name == "consolidate":
            found += _consolidation(option, report)
        elif option.name == "stacktrace":
            report.note(option, "a failing query is always logged with its stack")
        else:
            report.refuse(
                option, f"Syntax error: Unexpected token '{option.name}', expecting 'Unknown field {option.name}'"
            )
    return Errors(consolidations=tuple(found))


def _consolidation(option: Directive, report: Report) -> list[Consolidation]:
    if not 2 <= len(option.args) <= 3:
        report.refuse_arguments(option)
        return []
    period = seconds(option, option.args[0], report)
    level = option.args[2] if len(option.args) > 2 else "error"
    if level not in LEVELS:
        report.refuse(option, f"unknown log level argument in consolidate: {level}")
    try:
        re.compile(option.args[1])
    except re.error as error:
        report.refuse(option, f"error parsing regexp: {error}")
        return []
    return [Consolidation(period, option.args[1], level)]


PLUGIN = Plugin("errors", configure)
