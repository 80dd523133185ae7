"""Pure: `-o custom-columns=NAME:.metadata.name,IP:.spec.clusterIP`: columns that the user names.

Source: kubectl `pkg/cmd/get/customcolumn.go`.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from .gotext import go_text
from .jsonpath import results_of
from .jsonpathnodes import JSONPathError, Template
from .jsonpathparse import parse_template
from .tabs import Columns
from .texts import NONE

_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


class CustomColumn(NamedTuple):
    """A heading, and where the column's values stand."""

    heading: str
    template: Template


def custom_columns(spec: str) -> tuple[CustomColumn, ...]:
    """The columns of a specification. Raises JSONPathError."""
    if not spec:
        raise JSONPathError("custom-columns format specified but no custom columns given")
    return tuple(_column(part) for part in spec.split(","))


def relaxed_path(text: str) -> Template:
    """A path that may do without its braces and its first dot: `spec.clusterIP`. Raises JSONPathError."""
    found = _RELAXED.fullmatch(text)
    if found is None:
        raise JSONPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return parse_template(f"{{.{found[1] or found[2]}}}")


class CustomTable:
    """The table of these columns; rows that come later keep the columns of those before."""

    def __init__(self, columns: tuple[CustomColumn, ...], *, headings: bool) -> None:
        self._columns = columns
        self._headings = headings
        self._widths = Columns()

    def lines(self, objects: Iterable[dict[str, Any]]) -> list[str]:
        """All rows below the headings, if they are wanted, once. Raises JSONPathError."""
        rows = [tuple(_cell(column, obj) for column in self._columns) for obj in objects]
        if self._headings:
            rows.insert(0, tuple(column.heading for column in self._columns))
            self._headings = False
        return self._widths.lines(rows)


def _column(part: str) -> CustomColumn:
    heading, colon, path = part.partition(":")
    if not colon:
        raise JSONPathError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
    return CustomColumn(heading, relaxed_path(path))


def _cell(column: CustomColumn, obj: dict[str, Any]) -> str:
    found = [each for results in results_of(column.template, obj) for each in results]
    return ",".join(map(go_text, found)) or NONE
