"""Pure: where the boxes of a picture stand: columns, in which each box is as near as it can be to what leads to it.

All lengths are SVG's user units. The font is monospaced, so that the width of a text is known without a font.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from .picture import Box, BoxKey, Picture

LETTER = 6.7  # the width of a letter of 11 units in the fonts that browsers take for `monospace`
LINE = 15.0
PADDING = 9.0
GAP = 12.0  # between two boxes of a column
COLUMN_GAP = 76.0
MARGIN = 14.0
_SWEEPS = 4


class Place(NamedTuple):
    """A box's upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Of its height."""
        return self.y + self.height / 2


class Layout(NamedTuple):
    """Where everything stands, and how big the whole is."""

    places: Mapping[BoxKey, Place]
    width: float
    height: float


def layout(picture: Picture) -> Layout:
    """Columns as wide as their widest box. The fullest one stands; the others follow it, and then their neighbours."""
    column_of = {box.key: column for column, boxes in enumerate(picture.columns) for box in boxes}
    near = _neighbours(picture)
    tops = {column: _stacked(boxes) for column, boxes in enumerate(picture.columns)}
    middles: dict[BoxKey, float] = {}
    for column, boxes in enumerate(picture.columns):
        _note(middles, boxes, tops[column])
    fullest = max(range(len(picture.columns)), key=lambda column: _height(picture.columns[column]))
    others = sorted((column for column in tops if column != fullest), key=lambda column: abs(column - fullest))
    for sweep, column in product(range(_SWEEPS), others):
        wanted = []
        for box in picture.columns[column]:
            found = [each for each in near[box.key] if sweep or abs(column_of[each] - fullest) < abs(column - fullest)]
            wanted.append(_mean([middles[each] for each in found], middles[box.key]))
        tops[column] = _spread(picture.columns[column], wanted)
        _note(middles, picture.columns[column], tops[column])
    return _placed(picture, tops)


def box_height(box: Box) -> float:
    """With its padding."""
    return LINE * (1 + len(box.lines)) + 2 * PADDING - 4


def _neighbours(picture: Picture) -> dict[BoxKey, list[BoxKey]]:
    near: dict[BoxKey, list[BoxKey]] = {box.key: [] for box in picture.boxes}
    for arrow in picture.arrows:
        near[arrow.source].append(arrow.target)
        near[arrow.target].append(arrow.source)
    return near


def _stacked(boxes: Sequence[Box]) -> list[float]:
    tops, y = [], 0.0
    for box in boxes:
        tops.append(y)
        y += box_height(box) + GAP
    return tops


def _spread(boxes: Sequence[Box], wanted: Sequence[float]) -> list[float]:
    """Tops near the wanted middles, in the boxes' order and without overlap: neighbours in each other's way share it.

    The least squares of this are found by pooling (the "pool adjacent violators" algorithm).
    """
    offsets = _stacked(boxes)
    pools: list[tuple[float, int]] = []  # the mean of what its boxes want their common start to be, and their number
    for box, middle, offset in zip(boxes, wanted, offsets, strict=True):
        mean, count = middle - box_height(box) / 2 - offset, 1
        while pools and pools[-1][0] > mean:
            before, number = pools.pop()
            mean, count = (mean * count + before * number) / (count + number), count + number
        pools.append((mean, count))
    starts = [mean for mean, count in pools for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _note(middles: dict[BoxKey, float], boxes: Sequence[Box], tops: Sequence[float]) -> None:
    for box, top in zip(boxes, tops, strict=True):
        middles[box.key] = top + box_height(box) / 2


def _placed(picture: Picture, tops: Mapping[int, Sequence[float]]) -> Layout:
    highest = min((top for column in tops.values() for top in column), default=0.0)
    places: dict[BoxKey, Place] = {}
    x, bottom = MARGIN, 0.0
    for column, boxes in enumerate(picture.columns):
        if not boxes:
            continue
        width = max(_width(box) for box in boxes)
        for box, top in zip(boxes, tops[column], strict=True):
            places[box.key] = Place(x, round(top - highest + MARGIN, 1), width, box_height(box))
            bottom = max(bottom, places[box.key].y + box_height(box))
        x += width + COLUMN_GAP
    return Layout(places, round(max(x - COLUMN_GAP, MARGIN) + MARGIN, 1), round(bottom + MARGIN, 1))


def _width(box: Box) -> float:
    return round(LETTER * max(len(line) for line in (box.title, *box.lines)) + 2 * PADDING, 1)


def _height(boxes: Sequence[Box]) -> float:
    return sum(box_height(box) + GAP for box in boxes)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
