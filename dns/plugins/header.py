"""Pure: `header { [query|response] set|clear FLAGS... }`: bits of the header, `aa`, `ra` and `rd`."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.steps import Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope

_FLAGS = frozenset({"aa", "ra", "rd"})


class HeaderRule(msgspec.Struct, frozen=True):
    """Sets one flag, or clears it."""

    flag: str
    state: bool


class Header(PluginSettings, frozen=True):
    """Rules for queries on their way in, and for replies on their way out, in file order."""

    query: tuple[HeaderRule, ...] = ()
    response: tuple[HeaderRule, ...] = ()


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Header:
    """The rules of all directives together."""
    settings = Header()
    for where in directives:
        for option in where.block:
            settings = _with_option(settings, option, report)
        if not where.block:
            report.refuse_arguments(where)
    return settings


def _with_option(settings: Header, option: Directive, report: Report) -> Header:
    match option.name.lower():
        case "set" | "clear" as action:  # older Corefiles: always the reply
            return msgspec.structs.replace(
                settings, response=(*settings.response, *_rules(action, option.args, option, report))
            )
        case "query":
            return msgspec.structs.replace(settings, query=(*settings.query, *_rules("", option.args, option, report)))
        case "response":
            return msgspec.structs.replace(
                settings, response=(*settings.response, *_rules("", option.args, option, report))
            )
        case selector:
            report.refuse(option, f"setting up rule: invalid selector={selector} should be query or response")
            return settings


def _rules(action: str, words: Sequence[str], option: Directive, report: Report) -> tuple[HeaderRule, ...]:
    if not action and words:
        action, words = words[0].lower(), words[1:]
    problem = ""
    unknown = [word for word in words if word.lower() not in _FLAGS]
    if not action:
        problem = "no flag action provided"
    elif not words:
        problem = "invalid length for flags, at least one should be provided"
    elif action not in {"set", "clear"}:
        problem = f"unknown flag action={action}, should be set or clear"
    elif unknown:
        problem = f"unknown/unsupported flag={unknown[0].lower()}"
    if problem:
        report.refuse(option, f"setting up rule: {problem}")
        return ()
    return tuple(HeaderRule(word.lower(), action == "set") for word in words)


def step(settings: Header) -> Step:
    """Of a query's flags only RD means anything here: it is what upstreams get, and what the reply shows."""

    def flag(visit: Visit, following: Following) -> Steps:
        query = visit.query
        for rule in settings.query:
            if rule.flag == "rd":
                query = msgspec.structs.replace(query, recursion_desired=rule.state)
        result = yield from following(visit.asking(query))
        if query is not visit.query:
            result = _showing(result, visit, desired=query.recursion_desired)
        for rule in settings.response:
            result = _flagged(result, rule, visit)
        return result

    return flag


def _flagged(result: Result, rule: HeaderRule, visit: Visit) -> Result:
    match rule.flag:
        case "aa":
            reply = msgspec.structs.replace(result.reply, authoritative=rule.state)
            return msgspec.structs.replace(result, reply=reply)
        case "ra":
            return msgspec.structs.replace(result, recursion_available=rule.state)
        case _:
            return _showing(result, visit, desired=rule.state)


def _showing(result: Result, visit: Visit, *, desired: bool) -> Result:
    shown = msgspec.structs.replace(result.shown or visit.query, recursion_desired=desired)
    return msgspec.structs.replace(result, shown=shown)


PLUGIN = Plugin("header", configure, step=step)
