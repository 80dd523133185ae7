"""Pure: label and field selectors as text: `app=web,tier in (a,b),!canary` and `metadata.name=web`.

Sources: apimachinery `pkg/labels/selector.go` and `pkg/fields/selector.go`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

LabelMatch = Callable[[Mapping[str, str]], bool]
FieldMatch = Callable[[Mapping[str, Any]], bool]

_KEY = r"(?P<key>[A-Za-z0-9./_-]+)"
_SET = re.compile(rf"\s*{_KEY}\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)\s*")
_EQUAL = re.compile(rf"\s*{_KEY}\s*(?P<operator>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)\s*")
_EXISTS = re.compile(rf"\s*(?P<not>!?)\s*{_KEY}\s*")
_FIELD = re.compile(r"(?P<key>[^=!]+?)(?P<operator>==|=|!=)(?P<value>.*)")


def label_selector(text: str) -> LabelMatch:
    """What labels match; the empty text matches all. Raises ValueError with a sentence for what is no selector."""
    requirements: list[LabelMatch] = []
    at = 0
    while at < len(text):
        found = _SET.match(text, at) or _EQUAL.match(text, at) or _EXISTS.match(text, at)
        end = found.end() if found else at
        if found is None or (end < len(text) and text[end] != ","):
            raise ValueError(f'unable to parse requirement: found "{text[end:].strip()}" in "{text}"')
        requirements.append(_requirement(found))
        at = end + 1
        if at == len(text):
            raise ValueError(f'unable to parse requirement: "{text}" ends with a comma')
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _requirement(found: re.Match[str]) -> LabelMatch:
    """Labels that do not have the key match `!=` and `notin`, as in Kubernetes."""
    parts = found.groupdict()
    key, operator = parts["key"], parts.get("operator")
    if operator is None:
        wanted = not parts["not"]
        return lambda labels: (key in labels) is wanted
    values = {each.strip() for each in parts.get("values", "").split(",")} if "values" in parts else {parts["value"]}
    if operator in ("!=", "notin"):
        return lambda labels: key not in labels or labels[key] not in values
    return lambda labels: key in labels and labels[key] in values


def field_selector(text: str, *supported: str) -> FieldMatch:
    """What encoded objects match; the empty text matches all.

    Raises ValueError for what is no selector, and for a field that is not `supported`.
    """
    requirements: list[FieldMatch] = []
    for term in text.split(",") if text.strip() else ():
        found = _FIELD.fullmatch(term.strip())
        if found is None:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{term}'")
        key, operator, value = found.groups()
        if key not in supported:
            raise ValueError(f"field label not supported: {key}")
        requirements.append(_field_requirement(key, value, wanted=operator != "!="))
    return lambda fields: all(requirement(fields) for requirement in requirements)


def _field_requirement(path: str, value: str, *, wanted: bool) -> FieldMatch:
    return lambda fields: (field(fields, path) == value) is wanted


def field(fields: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path of an encoded object; `""` where there is nothing."""
    value: Any = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)
