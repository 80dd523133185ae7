"""Pure: a picture as a Mermaid flowchart, which GitHub draws inside Markdown."""

from collections.abc import Iterator

from .picture import Box, Picture, Shape, State

_ENDS = {
    Shape.SERVICE: ("[", "]"),
    Shape.PORT: ("([", "])"),
    Shape.ENDPOINT: ("(", ")"),
    Shape.NODE: ("[[", "]]"),
    Shape.OUTSIDE: ("{{", "}}"),
    Shape.NOTHING: ("(", ")"),
}
_ESCAPED = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;"}


def mermaid(picture: Picture) -> str:
    """The text of the chart."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    names = {box.key: f"{box.key.shape.value}{number}" for number, box in enumerate(picture.boxes, 1)}
    yield "flowchart LR"
    for box in picture.boxes:
        start, end = _ENDS[box.key.shape]
        yield f'    {names[box.key]}{start}"{_text(box)}"{end}'
    for arrow in picture.arrows:
        line = "-.->" if arrow.is_broken else "---" if arrow.target.shape is Shape.NODE else "-->"
        yield f"    {names[arrow.source]} {line} {names[arrow.target]}"
    broken = [names[box.key] for box in picture.boxes if is_broken(box)]
    if broken:
        yield "    classDef broken stroke-dasharray: 4 3, stroke: #c33"
        yield f"    class {','.join(broken)} broken"


def is_broken(box: Box) -> bool:
    """Whether the box stands for something that does not serve."""
    return box.state is not State.GOOD or box.key.shape is Shape.NOTHING


def _text(box: Box) -> str:
    title, *lines = ("".join(_ESCAPED.get(letter, letter) for letter in line) for line in (box.title, *box.lines))
    return "<br/>".join([f"<b>{title}</b>", *lines])
