"""Pure: label selectors written as one line, `app=web,tier in (front, back),!canary` (apimachinery `labels.Parse`)."""

import re

from controlplane.objects import LabelSelector, LabelSelectorRequirement

_TERMS = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUALITY = re.compile(r"([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)")
_PRESENCE = re.compile(r"(!?)\s*([^\s=!(),]+)")


class SelectorError(ValueError):
    """Not a label selector; its text says which part."""


def parse_selector(text: str) -> LabelSelector:
    """The selector that a line of comma-separated terms stands for. Raises `SelectorError`."""
    terms = tuple(_requirement(term.strip()) for term in _TERMS.split(text))
    return LabelSelector(match_expressions=terms)


def _requirement(term: str) -> LabelSelectorRequirement:
    if found := _SET.fullmatch(term):
        key, operator, listed = found.groups()
        values = tuple(value.strip() for value in listed.split(","))
        return LabelSelectorRequirement(key=key, operator="In" if operator == "in" else "NotIn", values=values)
    if found := _EQUALITY.fullmatch(term):
        key, operator, value = found.groups()
        return LabelSelectorRequirement(key=key, operator="NotIn" if operator == "!=" else "In", values=(value,))
    if found := _PRESENCE.fullmatch(term):
        absent, key = found.groups()
        return LabelSelectorRequirement(key=key, operator="DoesNotExist" if absent else "Exists")
    raise SelectorError(f"couldn't parse the selector string '{term}'")
