"""Pure: a picture as an SVG that is readable on light and on dark ground, without any program to draw it."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from .layout import LINE, PADDING, Layout, Place, layout
from .mermaid import is_broken
from .picture import Arrow, Box, Picture, Shape

_ROUNDING = {Shape.SERVICE: 3, Shape.PORT: 14, Shape.ENDPOINT: 8, Shape.NODE: 0, Shape.OUTSIDE: 3, Shape.NOTHING: 8}

# Not every program that shows an SVG knows CSS' variables, so that each colour stands where it is used.
_STYLE = """
    text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #59636e }
    .title { font-weight: 600; fill: #1f2328 }
    rect, path { stroke: #8c959f }
    path { fill: none }
    .service { fill: #ddf4ff } .port { fill: #fff8c5 } .endpoint { fill: #dafbe1 }
    .node { fill: #eaeef2 } .outside { fill: #fbefff } .nothing { fill: none }
    .broken { stroke: #cf222e; stroke-dasharray: 5 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 } .title { fill: #e6edf3 } rect, path { stroke: #6e7681 }
      .service { fill: #0c2d6b } .port { fill: #4b3a00 } .endpoint { fill: #04402d }
      .node { fill: #30363d } .outside { fill: #3c1e70 } .broken { stroke: #f85149 }
    }
"""


def svg(picture: Picture, title: str) -> str:
    """The picture's text, with a title for those who hear it read."""
    placed = layout(picture)
    size = f'width="{placed.width:g}" height="{placed.height:g}" viewBox="0 0 {placed.width:g} {placed.height:g}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"  <title>{escape(title)}</title>",
        f"  <style>{_STYLE}  </style>",
        *(_arrow(arrow, placed) for arrow in picture.arrows),
        *(line for box in picture.boxes for line in _box(box, placed.places[box.key])),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _arrow(arrow: Arrow, placed: Layout) -> str:
    """A curve that leaves and arrives level."""
    source, target = placed.places[arrow.source], placed.places[arrow.target]
    start, end = source.x + source.width, target.x
    bend = (start + end) / 2
    way = (
        f"M{start:g} {source.middle:g}C{bend:g} {source.middle:g} {bend:g} {target.middle:g} {end:g} {target.middle:g}"
    )
    style = ' class="broken"' if arrow.is_broken else ""
    return f'  <path{style} d="{way}"/>'


def _box(box: Box, place: Place) -> Iterator[str]:
    style = f"{box.key.shape.value} broken" if is_broken(box) else box.key.shape.value
    size = f'x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{place.height:g}"'
    yield f'  <rect class="{style}" {size} rx="{_ROUNDING[box.key.shape]}"/>'
    for number, text in enumerate((box.title, *box.lines)):
        where = f'x="{place.x + PADDING:g}" y="{place.y + PADDING + 8 + number * LINE:g}"'
        title = ' class="title"' if number == 0 else ""
        yield f"  <text{title} {where}>{escape(text)}</text>"
