"""Pure: `template CLASS TYPE [ZONES...] { match REGEX, answer RR, ... }`: records made of the question."""

import re
from collections.abc import Sequence

import msgspec

from dns.constants import CLASS_ANY, CLASSES, RCODES, TYPE_ANY, TYPES, class_name, type_name
from dns.corefile import Directive
from dns.gotemplate import Template, TemplateError, Values, compile_template, render_template
from dns.model import Labels, Query, Rcode, Record, RecordType, Reply
from dns.names import lower, to_text
from dns.origins import longest_match
from dns.patterns import PatternError, compile_pattern
from dns.rrtext import RecordError, parse_record
from dns.steps import FOREVER, MAX_HOPS, SERVFAIL, Following, Result, Step, Steps, Visit, replied

from .base import ALL_NAMES, Plugin, PluginSettings, Report, Scope, fallthrough_zones, only_argument, zones

_MAX_ERROR_CODE = 65535


class TemplateRule(msgspec.Struct, frozen=True, kw_only=True):
    """For questions of a class and type in `zones`, whose name one of the patterns matches."""

    qclass: int
    qtype: int
    zones: tuple[Labels, ...]
    patterns: tuple[str, ...] = ()
    answer: tuple[Template, ...] = ()
    additional: tuple[Template, ...] = ()
    authority: tuple[Template, ...] = ()
    rcode: Rcode = Rcode.NOERROR
    error_code: int = 0  # RFC 8914
    error_text: str = ""
    fallthrough: tuple[Labels, ...] = ()


class Templates(PluginSettings, frozen=True):
    """The rules in file order; the first that is for a question answers it."""

    rules: tuple[TemplateRule, ...] = ()


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Templates:
    """One rule a directive."""
    return Templates(rules=tuple(_rule(where, scope, report) for where in directives))


def _rule(where: Directive, scope: Scope, report: Report) -> TemplateRule:
    if len(where.args) < 2:
        report.refuse_arguments(where)
        return TemplateRule(qclass=CLASS_ANY, qtype=TYPE_ANY, zones=scope.zones)
    qclass, qtype, *names = where.args
    if qclass not in CLASSES:
        report.refuse(where, f"invalid query class {qclass}")
    if qtype not in TYPES:
        report.refuse(where, f"invalid RR class {qtype}")
    rule = TemplateRule(
        qclass=CLASSES.get(qclass, CLASS_ANY),
        qtype=TYPES.get(qtype, TYPE_ANY),
        zones=zones(where, names, report) if names else scope.zones,
    )
    for option in where.block:
        rule = _with_option(rule, option, report)
    if not rule.answer and not rule.authority and rule.rcode is Rcode.NOERROR:
        report.refuse(where, "no answer section for template found")
    return rule


def _with_option(rule: TemplateRule, option: Directive, report: Report) -> TemplateRule:
    replace = msgspec.structs.replace
    if option.name in {"match", "answer", "additional", "authority", "ederror"} and not option.args:
        report.refuse_arguments(option)
        return rule
    match option.name:
        case "match":
            return replace(rule, patterns=(*rule.patterns, *_patterns(option, report)))
        case "answer":
            return replace(rule, answer=(*rule.answer, *_templates(option, report)))
        case "additional":
            return replace(rule, additional=(*rule.additional, *_templates(option, report)))
        case "authority":
            return replace(rule, authority=(*rule.authority, *_templates(option, report)))
        case "rcode":
            return replace(rule, rcode=_rcode(option, report))
        case "ederror":
            return _with_error(rule, option, report)
        case "fallthrough":
            return replace(rule, fallthrough=fallthrough_zones(option, report) if option.args else ALL_NAMES)
        case "upstream":  # deprecated there, and without effect
            return rule
        case _:
            report.refuse_arguments(option)
            return rule


def _patterns(option: Directive, report: Report) -> list[str]:
    found = []
    for text in option.args:
        try:
            found.append(compile_pattern(text).pattern)
        except PatternError as error:
            report.refuse(option, f"could not parse regex: {text}, {error}")
    return found


def _templates(option: Directive, report: Report) -> list[Template]:
    found = []
    for text in option.args:
        try:
            found.append(compile_template(text))
        except TemplateError as error:
            report.refuse(option, f"could not compile template: {text}, {error}")
    return found


def _rcode(option: Directive, report: Report) -> Rcode:
    text = only_argument(option, report)
    if text is None:
        return Rcode.NOERROR
    if RCODES.get(text) not in set(Rcode):
        report.refuse(option, f"unknown rcode {text}")
        return Rcode.NOERROR
    return Rcode(RCODES[text])


def _with_error(rule: TemplateRule, option: Directive, report: Report) -> TemplateRule:
    code, *reason = option.args
    if len(reason) > 1:
        report.refuse_arguments(option)
    if not (code.isascii() and code.isdigit() and int(code) <= _MAX_ERROR_CODE):
        report.refuse(option, f"error parsing extended DNS error code {code}, {code}")
        return rule
    text = reason[0] if reason else " "
    return msgspec.structs.replace(rule, error_code=int(code), error_text=text)


def step(settings: Templates) -> Step:
    """A rule whose zone holds the name, and none of whose patterns match, fails the query unless it falls through."""

    def fill_in(visit: Visit, following: Following) -> Steps:
        for rule in settings.rules:
            zone = _zone(rule, visit.query)
            if zone is None:
                continue
            values = _values(rule, visit, zone)
            if values is not None:
                return (yield from _answer(rule, values, visit))
            name = lower(visit.query.qname)
            if longest_match(name, rule.fallthrough) is None:
                return SERVFAIL
        return (yield from following(visit))

    return fill_in


def _zone(rule: TemplateRule, query: Query) -> Labels | None:
    """The zone of the rule that holds the name; `None` if the question is not for this rule."""
    if rule.qclass != query.qclass and CLASS_ANY not in (rule.qclass, query.qclass):
        return None
    if rule.qtype != query.qtype and TYPE_ANY not in (rule.qtype, query.qtype):
        return None
    return longest_match(lower(query.qname), rule.zones)


def _values(rule: TemplateRule, visit: Visit, zone: Labels) -> Values | None:
    query = visit.query
    name = to_text(lower(query.qname))
    for pattern in rule.patterns or (".*",):
        found = re.search(pattern, name, re.ASCII)
        if found is not None:
            match = (found[0], *found.groups(""))
            group = {str(number): text for number, text in enumerate(match)} | found.groupdict("")
            return Values(
                name=name,
                zone=to_text(zone),
                qclass=class_name(query.qclass),
                qtype=type_name(query.qtype),
                remote=visit.client,
                question=to_text(query.qname),
                match=match,
                group=group,
            )
    return None


def _answer(rule: TemplateRule, values: Values, visit: Visit) -> Steps:
    if rule.rcode is Rcode.SERVFAIL:
        return SERVFAIL
    try:
        reply = Reply(
            rule.rcode,
            answer=_records(rule.answer, values),
            authority=_records(rule.authority, values),
            additional=_records(rule.additional, values),
            explanation=rule.error_text,
            explanation_code=rule.error_code,
        )
    except (TemplateError, RecordError):
        return SERVFAIL
    kept_until = 0.0 if _mentions_client(rule) else FOREVER
    target = _alias(reply, visit)
    if target is None:
        return Result(reply, kept_until=kept_until)
    found = yield from visit.again(msgspec.structs.replace(visit.query, qname=target))
    joined = msgspec.structs.replace(reply, answer=(*reply.answer, *found.reply.answer))
    return replied(Result(reply, kept_until=min(kept_until, found.kept_until)), joined)


def _alias(reply: Reply, visit: Visit) -> Labels | None:
    """The name that a CNAME leads to, if addresses were asked for."""
    if visit.query.qtype not in (RecordType.A, RecordType.AAAA) or visit.hops >= MAX_HOPS:
        return None
    found = next((record.data for record in reply.answer if record.type == RecordType.CNAME), None)
    return tuple(label for label in found if isinstance(label, bytes)) if isinstance(found, tuple) else None


def _records(templates: Sequence[Template], values: Values) -> tuple[Record, ...]:
    return tuple(parse_record(render_template(template, values)) for template in templates)


def _mentions_client(rule: TemplateRule) -> bool:
    return any(
        getattr(part, "name", "") == ".Remote"
        for template in (*rule.answer, *rule.additional, *rule.authority)
        for part in template
    )


PLUGIN = Plugin("template", configure, once=False, step=step)
