"""Pure: explanations as text for a terminal: aligned, each step with its mark, whole without colours too."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from textwrap import wrap
from typing import NamedTuple

from .model import Explanation, Finding, Mark, ServiceExplanation, Step, Table

MARKS = {Mark.GOOD: "✓", Mark.BAD: "✗", Mark.NOTE: "·"}
WIDTH = 110


class Style(StrEnum):
    """What a piece of text is; a terminal has a colour for each."""

    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    DIM = "dim"
    TITLE = "title"


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]

_STYLE = {Mark.GOOD: Style.GOOD, Mark.BAD: Style.BAD, Mark.NOTE: Style.DIM}


def lines_of(answered: Explanation | ServiceExplanation, width: int = WIDTH) -> list[Line]:
    """An explanation for people; text is wrapped to the width, tables are as wide as they are."""
    if isinstance(answered, ServiceExplanation):
        return service_lines(answered, width)
    return explanation_lines(answered, width)


def explanation_lines(explanation: Explanation, width: int) -> list[Line]:
    """The steps, then what was found."""
    return [*steps_only(explanation, width), *finding_lines(explanation.findings, width)]


def _step(step: Step, column: int, width: int) -> Iterator[Line]:
    head = f"{step.name:<{column}}  "
    margin = " " * (len(head) + 2)
    is_last = step.name == "outcome"
    first, *more = wrap(step.text, width - len(margin)) or [""]
    style = _STYLE[step.mark] if is_last or step.mark is Mark.BAD else Style.PLAIN
    yield (Span(f"{MARKS[step.mark]} ", _STYLE[step.mark]), Span(head, Style.DIM), Span(first, style))
    yield from ((Span(margin), Span(text, style)) for text in more)
    for reason in step.because:
        yield from ((Span(margin), Span(text, Style.DIM)) for text in wrap(reason, width - len(margin)))
    if step.table is not None:
        yield from _table(step.table, margin)


def _table(table: Table, margin: str) -> Iterator[Line]:
    widths = [max(map(len, column)) for column in zip(table.heading, *table.rows, strict=True)]
    yield (Span(f"{margin}  {_cells(table.heading, widths)}", Style.DIM),)
    marks: Sequence[Mark | None] = table.marks or [None] * len(table.rows)
    for mark, row in zip(marks, table.rows, strict=True):
        sign = Span(f"{margin}{MARKS[mark] if mark else ' '} ", _STYLE[mark] if mark else Style.PLAIN)
        yield (sign, Span(_cells(row, widths)))


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def finding_lines(findings: Iterable[Finding], width: int) -> list[Line]:
    """Each finding: its title and id, what was seen, what it means, what to change."""
    return [line for each in findings for line in _finding(each, width)]


def _finding(found: Finding, width: int) -> Iterator[Line]:
    yield ()
    yield (Span(_capital(found.title), Style.TITLE), Span(f"  [{found.id}]", Style.DIM))
    about = f"{found.kind} {found.namespace}/{found.name}".strip() if found.name else ""
    where = ", ".join(filter(None, (found.place, about, found.path)))
    if where:
        yield (Span(f"  {where}", Style.DIM),)
    yield from _labelled("seen", found.seen, width)
    yield from _labelled("means", found.meaning, width)
    yield from _labelled("change", found.change, width, Style.GOOD)


def _labelled(label: str, text: str, width: int, style: Style = Style.PLAIN) -> Iterator[Line]:
    for index, line in enumerate(wrap(text, width - 10, break_on_hyphens=False)):
        yield (Span(f"  {label if index == 0 else '':<6}  ", Style.DIM), Span(line, style))


def _capital(text: str) -> str:
    """A heading begins with a capital, unless it is the name of a field, as in `targetPort`."""
    word = text.partition(" ")[0]
    return text if word != word.lower() else text[:1].upper() + text[1:]


def service_lines(explanation: ServiceExplanation, width: int) -> list[Line]:
    """The Service with all its ways, then in full those that do not lead through."""
    table = Table(
        heading=("ASKED", "KIND", "FROM", "OUTCOME"),
        rows=tuple((row.target, row.kind, row.source, row.outcome.text) for row in explanation.rows),
        marks=tuple(Mark.GOOD if row.outcome.is_good else Mark.BAD for row in explanation.rows),
    )
    lines: list[Line] = [(Span(explanation.text, Style.TITLE),)]
    if explanation.rows:
        lines += [(), *_table(table, "")]
    for detail in explanation.details:
        question = f"{detail.question.host}:{detail.question.port}"
        lines += [(), (Span(f"{question} from {detail.client.kind}", Style.TITLE),), *steps_only(detail, width)]
    return [*lines, *finding_lines(explanation.findings, width)]


def steps_only(explanation: Explanation, width: int) -> list[Line]:
    """The steps without the findings, which are told once for all ways."""
    column = max(len(step.name) for step in explanation.steps)
    return [line for step in explanation.steps for line in _step(step, column, width)]


_CODES = {Style.GOOD: "32", Style.BAD: "31", Style.DIM: "2", Style.TITLE: "1"}


def printed(lines: Iterable[Line], *, colours: bool) -> str:
    """The lines as one text, with the terminal's colours or without."""
    return "\n".join("".join(_span(span, colours=colours) for span in line).rstrip() for line in lines)


def _span(span: Span, *, colours: bool) -> str:
    if not colours or span.style is Style.PLAIN or not span.text.strip():
        return span.text
    return f"\033[{_CODES[span.style]}m{span.text}\033[0m"
