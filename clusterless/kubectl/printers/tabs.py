"""Pure: text with tabs to columns, as Go's text/tabwriter aligns it, and as kubectl's two printers set it up."""

from collections.abc import Iterable, Sequence

# kubectl's `printers.GetNewTabWriter` for tables, and `tabbedString` for descriptions.
_TABLE_LEAST, _TABLE_PADDING = 6, 3
_DESCRIPTION_PADDING = 2


def described(lines: Iterable[str]) -> list[str]:
    """The lines of a description: what stands before a tab in neighbouring lines shares a column."""
    return _aligned([line.split("\t") for line in lines], least=0, padding=_DESCRIPTION_PADDING)


def _aligned(rows: Sequence[Sequence[str]], *, least: int, padding: int) -> list[str]:
    """A column goes on as long as neighbouring rows have it; the last cell of a row belongs to none."""
    widths: list[list[int]] = [[0] * (len(row) - 1) for row in rows]
    for column in range(max(map(len, widths), default=0)):
        block: list[int] = []
        for index in range(len(rows) + 1):
            if index < len(rows) and column < len(widths[index]):
                block.append(index)
            elif block:
                width = max(least, padding + max(len(rows[each][column]) for each in block))
                for each in block:
                    widths[each][column] = width
                block = []
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, (*wide, 0), strict=True))
        for row, wide in zip(rows, widths, strict=True)
    ]


class Columns:
    """A table whose rows may come later: its columns only ever grow wider."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The rows as lines; the last column is not padded."""
        for row in rows:
            self._widths += [_TABLE_LEAST] * (len(row) - 1 - len(self._widths))
            for column, cell in enumerate(row[:-1]):
                self._widths[column] = max(self._widths[column], len(cell) + _TABLE_PADDING)
        return ["".join(cell.ljust(width) for cell, width in zip(row, (*self._widths, 0), strict=True)) for row in rows]
