"""Pure: what a table of one kind is made of: its columns, and the cells of one object."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple


class Column(NamedTuple):
    """A column, by the heading that kubectl gives it; a wide one is shown with `-o wide` alone."""

    heading: str
    is_wide: bool = False


class Showing(NamedTuple):
    """How a table is shown: the moment that ages are counted to, and whether with its wide columns."""

    now: datetime
    is_wide: bool = False


class Printer(NamedTuple):
    """The columns of a kind, and `cells`, an object's text in all of them."""

    columns: tuple[Column, ...]
    cells: Callable[[Any, Showing], tuple[str, ...]]

    def headings(self, *, is_wide: bool) -> tuple[str, ...]:
        """The headings of the columns that are shown."""
        return tuple(column.heading for column in self.columns if is_wide or not column.is_wide)

    def row(self, obj: Any, showing: Showing) -> tuple[str, ...]:
        """An object's cells in the columns that are shown; of a text with several lines, the first."""
        cells = zip(self.columns, self.cells(obj, showing), strict=True)
        return tuple(_one_line(cell) for column, cell in cells if showing.is_wide or not column.is_wide)


def columns(*headings: str) -> tuple[Column, ...]:
    """Columns by their headings; `+` stands before wide ones."""
    return tuple(Column(heading.removeprefix("+"), heading.startswith("+")) for heading in headings)


def _one_line(cell: str) -> str:
    """As kubectl's table printer cuts cells (cli-runtime `pkg/printers/tableprinter.go`)."""
    for index, letter in enumerate(cell):
        if letter in "\f\n\r":
            return cell[:index] + "..."
    return cell
