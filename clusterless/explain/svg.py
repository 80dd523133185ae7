"""Writes lines as a picture of a terminal, by Rich, which is an extra."""

import io
from collections.abc import Iterable
from pathlib import Path

from .text import Line, Style

_COLOURS = {Style.PLAIN: "", Style.GOOD: "green", Style.BAD: "bold red", Style.DIM: "bright_black", Style.TITLE: "bold"}
MISSING = "pictures take Rich: pip install 'clusterless[tui]'"


class NoRichError(Exception):
    """Rich is not installed; the message says how to have it."""


def write_svg(path: Path, lines: Iterable[Line], title: str) -> None:
    """The lines as SVG, in a window with a title. Raises NoRichError, and OSError when the file cannot be written."""
    try:
        from rich.console import Console  # noqa: PLC0415  an extra
        from rich.text import Text  # noqa: PLC0415
    except ImportError as error:
        raise NoRichError(MISSING) from error
    shown = list(lines)
    width = max((sum(len(span.text) for span in line) for line in shown), default=0)
    console = Console(record=True, file=io.StringIO(), width=width + 1, force_terminal=True)
    for line in shown:
        console.print(Text.assemble(*((span.text, _COLOURS[span.style]) for span in line)), soft_wrap=True)
    path.write_text(console.export_svg(title=title))
