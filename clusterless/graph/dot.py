"""Pure: a picture in Graphviz' language."""

from collections.abc import Iterator

from .mermaid import is_broken
from .picture import Box, Picture, Shape

_SHAPES = {
    Shape.SERVICE: "box",
    Shape.PORT: "oval",
    Shape.ENDPOINT: "box",
    Shape.NODE: "box3d",
    Shape.OUTSIDE: "hexagon",
    Shape.NOTHING: "plaintext",
}


def dot(picture: Picture) -> str:
    """The text of the graph."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    names = {box.key: f"{box.key.shape.value}{number}" for number, box in enumerate(picture.boxes, 1)}
    yield "digraph services {"
    yield "    rankdir=LR"
    yield '    node [fontname="sans-serif", fontsize=11]'
    for box in picture.boxes:
        yield f"    {names[box.key]} [{_attributes(box)}]"
    for column in picture.columns:
        if len(column) > 1:
            yield f"    {{rank=same; {'; '.join(names[box.key] for box in column)}}}"
    for arrow in picture.arrows:
        style = " [style=dashed, color=red]" if arrow.is_broken else ""
        if arrow.target.shape is Shape.NODE:
            style = " [arrowhead=none]"
        yield f"    {names[arrow.source]} -> {names[arrow.target]}{style}"
    yield "}"


def _attributes(box: Box) -> str:
    styles = ["rounded"] if box.key.shape is Shape.ENDPOINT else []
    styles += ["dashed"] if is_broken(box) else []
    said = [f"shape={_SHAPES[box.key.shape]}", f'label="{_text(box)}"']
    said += [f'style="{",".join(styles)}"'] if styles else []
    said += ["color=red"] if is_broken(box) else []
    return ", ".join(said)


def _text(box: Box) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in (box.title, *box.lines))
    return "\\n".join(escaped)
