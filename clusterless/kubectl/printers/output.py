"""Pure: what `-o` asks for, and objects as names, JSON, paths and templates.

Source: kubectl `pkg/cmd/get/get_flags.go`, cli-runtime `pkg/genericclioptions/print_flags.go`.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from .gotext import go_json
from .jsonpath import render, results_of
from .jsonpathnodes import JSONPathError
from .jsonpathparse import parse_template


class Format(StrEnum):
    """The formats; those whose name ends in `=` take an argument."""

    TABLE = ""
    WIDE = "wide"
    YAML = "yaml"
    JSON = "json"
    NAME = "name"
    JSONPATH = "jsonpath"
    JSONPATH_AS_JSON = "jsonpath-as-json"
    CUSTOM_COLUMNS = "custom-columns"


_GO_TEMPLATES = ("go-template", "go-template-file", "template", "templatefile")
_WITH_ARGUMENT = (Format.JSONPATH, Format.JSONPATH_AS_JSON, Format.CUSTOM_COLUMNS)


class Output(NamedTuple):
    """A format and its argument: the template of a JSONPath, the specification of columns."""

    format: Format
    argument: str = ""

    @property
    def is_table(self) -> bool:
        """Whether it is kubectl's own table."""
        return self.format in (Format.TABLE, Format.WIDE)


class OutputError(Exception):
    """What kubectl says of a format that it does not have."""


def output(text: str) -> Output:
    """What `-o TEXT` asks for: `wide`, `jsonpath={.items}`. Raises OutputError."""
    name, equals, argument = text.partition("=")
    if name in _GO_TEMPLATES:
        raise OutputError(f'output format "{name}" is not supported: there are no Go templates here, use jsonpath')
    if name not in list(Format) or (equals and Format(name) not in _WITH_ARGUMENT):
        allowed = ",".join(sorted(each.value for each in Format if each.value))
        raise OutputError(
            f'unable to match a printer suitable for the output format "{text}", allowed formats are: {allowed}'
        )
    chosen = Format(name)
    if chosen in (Format.JSONPATH, Format.JSONPATH_AS_JSON) and not argument:
        raise OutputError("template format specified but no template given")
    return Output(chosen, argument)


def formats() -> list[str]:
    """The words that `-o` takes, sorted; `=` at the end of those that need an argument."""
    return sorted(f"{each}=" if each in _WITH_ARGUMENT else each.value for each in Format if each.value)


def as_json(value: Mapping[str, Any]) -> str:
    """As `-o json` writes an object."""
    return go_json(value, indent=4)


def document(objects: Sequence[dict[str, Any]], *, is_single: bool) -> dict[str, Any]:
    """Encoded objects as one: the object that was asked for by its name, else a List of all."""
    if is_single and len(objects) == 1:
        return objects[0]
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}


def by_path(chosen: Output, value: Mapping[str, Any]) -> str:
    """A JSONPath template's text for an object. Raises JSONPathError."""
    try:
        template = parse_template(chosen.argument)
    except JSONPathError as error:
        raise JSONPathError(f"error parsing jsonpath {chosen.argument}, {error}") from error
    try:
        if chosen.format is Format.JSONPATH_AS_JSON:
            return _lines(go_json(results, indent=4) for results in results_of(template, value))
        return render(template, value)
    except JSONPathError as error:
        raise JSONPathError(
            f'error executing jsonpath "{chosen.argument}": Error executing template: {error}'
        ) from error


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)
