"""Pure: what rules of `rewrite` do to names, questions and answers (plugin/rewrite)."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from .model import Labels, Query, Rcode, Record, RecordData, RecordType, Reply, Soa, Srv
from .names import from_text, to_text
from .rrtext import from_wire, uncompressed

_VALUE_TYPES = frozenset({RecordType.CNAME, RecordType.NS})
_PREFERENCE = 2  # octets in front of an MX record's name


class InvalidNameError(ValueError):
    """What a rule made of a name is no domain name."""


class Match(StrEnum):
    """How a rule compares a name, in lower case and with its final dot, with its own text."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    SUBSTRING = "substring"
    REGEX = "regex"


class NameTest(msgspec.Struct, frozen=True):
    """Which names a rule is for; `text` is a pattern for `regex`."""

    match: Match
    text: str

    def holds(self, name: str) -> bool:
        """Whether the rule is for the name."""
        match self.match:
            case Match.EXACT:
                return name == self.text
            case Match.PREFIX:
                return name.startswith(self.text)
            case Match.SUFFIX:
                return name.endswith(self.text)
            case Match.SUBSTRING:
                return self.text in name
            case _:
                return re.search(self.text, name, re.ASCII) is not None

    def replaced(self, name: str, by: str) -> str:
        """The name with what matched replaced; for `regex` all of it, with the groups filled in."""
        match self.match:
            case Match.EXACT:
                return by
            case Match.PREFIX:
                return by + name.removeprefix(self.text)
            case Match.SUFFIX:
                return name.removesuffix(self.text) + by
            case Match.SUBSTRING:
                return name.replace(self.text, by)
            case _:
                return filled(self.text, name, by)


def filled(pattern: str, text: str, replacement: str) -> str:
    """The replacement with `{1}` and the like filled in from the match; the text itself if there is none."""
    found = re.search(pattern, text, re.ASCII)
    if found is None:
        return text
    for number, group in enumerate((found[0], *found.groups(""))):
        replacement = replacement.replace(f"{{{number}}}", group)
    return replacement


class Remap(NamedTuple):
    """One name, and whatever lies below it, becomes another."""

    before: str
    after: str

    def apply(self, text: str) -> str:
        """The name as the client is to see it."""
        if text == self.before:
            return self.after
        return text.removesuffix(self.before) + self.after if text.endswith(f".{self.before}") else text


class SuffixRemap(NamedTuple):
    """The end of a name becomes another."""

    before: str
    after: str

    def apply(self, text: str) -> str:
        """The name as the client is to see it."""
        return text.removesuffix(self.before) + self.after if text.endswith(self.before) else text


class PatternRemap(NamedTuple):
    """A name that matches becomes what the replacement says."""

    pattern: str
    replacement: str

    def apply(self, text: str) -> str:
        """The name as the client is to see it."""
        return filled(self.pattern, text, self.replacement)


Remapping: TypeAlias = Remap | SuffixRemap | PatternRemap


class OwnerChange(NamedTuple):
    """Changes the names that records are of."""

    remapping: Remapping


class ValueChange(NamedTuple):
    """Changes the names that records lead to."""

    remapping: Remapping


class TtlChange(NamedTuple):
    """Brings TTLs into a range of seconds."""

    lowest: int
    highest: int


class RcodeChange(NamedTuple):
    """Replaces one response code by another."""

    before: int
    after: Rcode


Change: TypeAlias = OwnerChange | ValueChange | TtlChange | RcodeChange
"""What is done to a reply."""


class NameRule(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for another name. `auto` undoes that in the reply, in owners and in values."""

    test: NameTest
    by: str
    auto: bool = False
    changes: tuple[Change, ...] = ()
    continues: bool = False


class NumberRule(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for another type, or class."""

    is_class: bool
    before: int
    after: int
    continues: bool = False


class ReplyRule(msgspec.Struct, frozen=True, kw_only=True):
    """Changes replies to questions for some names."""

    test: NameTest
    change: Change
    continues: bool = False


Rule: TypeAlias = NameRule | NumberRule | ReplyRule


def rewritten(rules: Iterable[Rule], query: Query) -> tuple[Query, tuple[Change, ...]]:
    """The query as it goes on, and what is to be done to its reply. Raises `InvalidNameError`."""
    changes: tuple[Change, ...] = ()
    for rule in rules:
        outcome = _applied(rule, query)
        if outcome is None:
            continue
        query, more = outcome
        changes = (*more, *changes)  # what was done last is undone first
        if not rule.continues:
            break
    return query, changes


def _applied(rule: Rule, query: Query) -> tuple[Query, tuple[Change, ...]] | None:
    """`None` if the rule is not for the query."""
    if isinstance(rule, NumberRule):
        if (query.qclass if rule.is_class else query.qtype) != rule.before:
            return None
        field = {"qclass": rule.after} if rule.is_class else {"qtype": rule.after}
        return msgspec.structs.replace(query, **field), ()
    name = to_text(query.qname).lower()
    if not rule.test.holds(name):
        return None
    if isinstance(rule, ReplyRule):
        return query, (rule.change,)
    new = rule.test.replaced(name, rule.by)
    return msgspec.structs.replace(query, qname=_labels(new)), (*_undoing(rule, name, new), *rule.changes)


def _undoing(rule: NameRule, before: str, after: str) -> tuple[Change, ...]:
    if not rule.auto:
        return ()
    is_suffix = rule.test.match is Match.SUFFIX
    remapping = SuffixRemap(rule.by, rule.test.text) if is_suffix else Remap(after, before)
    return OwnerChange(remapping), ValueChange(remapping)


def _labels(text: str) -> Labels:
    try:
        return from_text(text)
    except ValueError as error:
        raise InvalidNameError(f"invalid name after rewrite: {text}") from error


def changed(reply: Reply, changes: Iterable[Change]) -> Reply:
    """The reply after all changes, in all of its sections. Raises `InvalidNameError`."""
    for change in changes:
        if isinstance(change, RcodeChange):
            reply = msgspec.structs.replace(reply, rcode=change.after) if reply.rcode == change.before else reply
        else:
            reply = msgspec.structs.replace(
                reply,
                answer=_records(reply.answer, change),
                authority=_records(reply.authority, change),
                additional=_records(reply.additional, change),
            )
    return reply


def _records(section: tuple[Record, ...], change: OwnerChange | ValueChange | TtlChange) -> tuple[Record, ...]:
    return tuple([_record(record, change) for record in section])


def _record(record: Record, change: OwnerChange | ValueChange | TtlChange) -> Record:
    match change:
        case TtlChange(lowest, highest):
            return record._replace(ttl=min(max(record.ttl, lowest), highest))
        case OwnerChange(remapping):
            return record._replace(name=_remapped(remapping, record.name))
        case _:
            return record._replace(data=_value(record, change.remapping))


def _value(record: Record, remapping: Remapping) -> RecordData:
    """The data with its name changed; of types that carry one (plugin/rewrite `getRecordValueForRewrite`)."""
    data = record.data
    if isinstance(data, Srv):
        return data._replace(target=_remapped(remapping, data.target))
    if isinstance(data, Soa):
        return data._replace(mname=_remapped(remapping, data.mname))
    if record.type == RecordType.MX and isinstance(data, bytes):
        exchange = _remapped(remapping, from_wire(data[_PREFERENCE:]))
        return data[:_PREFERENCE] + uncompressed(exchange)
    if record.type in _VALUE_TYPES and isinstance(data, tuple):
        return _remapped(remapping, tuple(label for label in data if isinstance(label, bytes)))
    return data


def _remapped(remapping: Remapping, name: Labels) -> Labels:
    text = to_text(name)
    new = remapping.apply(text)
    return name if new == text else _labels(new)
