"""Pure: `rewrite [continue|stop] FIELD FROM TO [OPTIONS]`: questions are changed, and their replies."""

from collections.abc import Sequence

from dns.constants import CLASSES, RCODES, TYPES
from dns.corefile import Directive
from dns.model import Rcode
from dns.names import from_text, to_text
from dns.patterns import PatternError, compile_pattern
from dns.rewriting import (
    Change,
    InvalidNameError,
    Match,
    NameRule,
    NameTest,
    NumberRule,
    OwnerChange,
    PatternRemap,
    RcodeChange,
    ReplyRule,
    Rule,
    TtlChange,
    ValueChange,
    changed,
    rewritten,
)
from dns.steps import SERVFAIL, Following, Step, Steps, Visit, replied

from .base import Plugin, PluginSettings, Report, Scope

_MAX_TTL = 2147483647
_SUBEXPRESSIONS = 101  # CoreDNS looks for `{0}` to `{100}`


class Rewrite(PluginSettings, frozen=True):
    """The rules in file order; one that matches is the last, unless it says `continue`."""

    rules: tuple[Rule, ...] = ()


class _RuleError(ValueError):
    """A rule that is none, in CoreDNS' words."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Rewrite:
    """One rule a directive, on its line or, for a name with answers, in its block."""
    rules: list[Rule] = []
    for where in directives:
        words = list(where.args)
        if len(words) < 2:
            words += [word for option in where.block for word in (option.name, *option.args)]
        try:
            rules.append(_rule(words))
        except _RuleError as error:
            report.refuse(where, str(error))
    return Rewrite(rules=tuple(rules))


def _rule(words: list[str]) -> Rule:
    if not words:
        raise _RuleError("no rule type specified for rewrite")
    continues = words[0].lower() == "continue"
    if words[0].lower() in {"continue", "stop"}:
        words = words[1:]
    kind, *args = words or [""]
    match kind.lower():
        case "name":
            return _name_rule(args, continues=continues)
        case "type" | "class" as field:
            return _number_rule(field, args, continues=continues)
        case "ttl":
            return _ttl_rule(args, continues=continues)
        case "rcode":
            return _rcode_rule(args, continues=continues)
        case "answer":
            raise _RuleError("response rewrites must begin with a name rule")
        case "edns0" | "cname" as field:
            raise _RuleError(f'rule type "{field}" is not offered')
        case _:
            raise _RuleError(f'invalid rule type "{kind}"')


def _number_rule(field: str, args: list[str], *, continues: bool) -> NumberRule:
    if len(args) != 2:
        raise _RuleError(f"{field} rules must have exactly two arguments")
    known = CLASSES if field == "class" else TYPES
    before, after = (_known(known, word.upper(), f'invalid {field} "{word.upper()}"') for word in args)
    return NumberRule(is_class=field == "class", before=before, after=after, continues=continues)


def _known(table: dict[str, int], word: str, problem: str) -> int:
    if word not in table:
        raise _RuleError(problem)
    return table[word]


def _test(kind: str, text: str, rule: str) -> NameTest:
    if kind.lower() not in set(Match):
        what = "name rule" if rule == "name" else f"{rule} rule"
        tail = f", received: {kind.lower()}" if rule == "name" else ""
        raise _RuleError(f"{what} supports only exact, prefix, suffix, substring, and regex name matching{tail}")
    match = Match(kind.lower())
    if match is not Match.REGEX:
        return NameTest(match, _normalized(text))
    try:
        return NameTest(match, compile_pattern(text).pattern)
    except PatternError as error:
        if rule == "name":
            raise _RuleError(f"invalid regex matching pattern: {text} ({error})") from error
        raise _RuleError(f"invalid regex pattern in a {rule} rule: {text} ({error})") from error


def _normalized(text: str) -> str:
    """In lower case and with a final dot (plugin/normalize.go `Name`)."""
    try:
        return to_text(from_text(text)).lower()
    except ValueError:
        return text.lower().rstrip(".") + "."


# name FROM TO, name MATCH FROM TO [answer auto | answer name FROM TO | answer value FROM TO]...


def _name_rule(args: list[str], *, continues: bool) -> NameRule:
    if len(args) < 2:
        raise _RuleError("too few arguments for a name rule")
    if len(args) == 2:
        args = [Match.EXACT, *args]
    kind, before, after, *options = args
    test = _test(kind, before, "name")
    auto, changes = _answers(test.match, options) if options else (False, ())
    if test.match is Match.REGEX:
        _check_groups(test.text, after)
    return NameRule(
        test=test,
        by=_normalized(after),
        auto=auto or test.match is Match.EXACT,
        changes=changes,
        continues=continues,
    )


def _answers(match: Match, words: list[str]) -> tuple[bool, tuple[Change, ...]]:
    if len(words) < 2:
        raise _RuleError(f"invalid arguments for {match} rule")
    auto, changes, last = False, list[Change](), ""
    while words:
        if words[0] == "answer":
            words = words[1:]
        elif not last:
            raise _RuleError(f"exceeded the number of arguments for a non-answer rule argument for {match} rule")
        if not words:
            raise _RuleError(f"type missing for answer rule for {match} rule")
        last, *words = words
        if last == "auto":
            auto = True
            continue
        if last not in {"name", "value"}:
            raise _RuleError(f'invalid type "{last}" for answer rule for {match} rule')
        if len(words) < 2:
            raise _RuleError(f"{last} answer rule for {match} rule: 2 arguments required")
        changes.append(_answer(last, match, words[0], words[1]))
        words = words[2:]
    if auto and any(isinstance(change, OwnerChange) for change in changes):
        raise _RuleError("auto name answer rule cannot be combined with explicit name anwer rules")
    return auto, tuple(changes)


def _answer(kind: str, match: Match, before: str, after: str) -> Change:
    try:
        pattern = _test(Match.REGEX, before, "name").text
        _check_groups(pattern, after)
    except _RuleError as error:
        raise _RuleError(f"{kind} answer rule for {match} rule: {error}") from error
    remapping = PatternRemap(pattern, _normalized(after))
    return OwnerChange(remapping) if kind == "name" else ValueChange(remapping)


def _check_groups(pattern: str, replacement: str) -> None:
    used = sum(f"{{{number}}}" in replacement for number in range(_SUBEXPRESSIONS))
    if used > compile_pattern(pattern).groups:
        raise _RuleError(
            f"the rewrite regex pattern ({replacement}) uses more subexpressions than its corresponding matching "
            f"regex pattern ({pattern})"
        )


# ttl [MATCH] NAME SECONDS|LOWEST-HIGHEST, rcode [MATCH] NAME FROM TO


def _ttl_rule(args: list[str], *, continues: bool) -> ReplyRule:
    if len(args) < 2:
        raise _RuleError(f"too few ({len(args)}) arguments for a ttl rule")
    if len(args) > 3:
        raise _RuleError("many few arguments for a ttl rule")
    change = _ttls(args[-1])
    kind, name = args[:2] if len(args) == 3 else (Match.EXACT, args[0])
    return ReplyRule(test=_test(kind, name, "ttl"), change=change, continues=continues)


def _ttls(text: str) -> TtlChange:
    low, dash, high = text.partition("-")
    if not dash:
        high = low
    elif text != "-":
        low, high = low or "0", high or str(_MAX_TTL)
    valid = all(word.isascii() and word.isdigit() and int(word) < 1 << 32 for word in (low, high))
    if not valid or int(low) > int(high):
        raise _RuleError(f"invalid TTL '{text}' for a ttl rule")
    return TtlChange(int(low), int(high))


def _rcode_rule(args: list[str], *, continues: bool) -> ReplyRule:
    if len(args) < 3:
        raise _RuleError(f"too few ({len(args)}) arguments for a rcode rule")
    if len(args) > 4:
        raise _RuleError("many few arguments for a rcode rule")
    before = _rcode(args[-2], "matching")
    after = _rcode(args[-1], "replacement")
    kind, name = args[:2] if len(args) == 4 else (Match.EXACT, args[0])
    return ReplyRule(test=_test(kind, name, "rcode"), change=RcodeChange(before, after), continues=continues)


def _rcode(text: str, what: str) -> Rcode:
    number = int(text) if text.isascii() and text.isdigit() else RCODES.get(text.upper(), -1)
    if number not in set(Rcode):
        raise _RuleError(f"invalid {what} RCODE '{text}' for a rcode rule")
    return Rcode(number)


def step(settings: Rewrite) -> Step:
    """The client sees its own question again, and what the rules make of the records."""

    def rewrite(visit: Visit, following: Following) -> Steps:
        try:
            query, changes = rewritten(settings.rules, visit.query)
            result = yield from following(visit.asking(query))
            return replied(result, changed(result.reply, changes)) if changes else result
        except InvalidNameError:
            return SERVFAIL

    return rewrite


PLUGIN = Plugin("rewrite", configure, once=False, step=step)
