"""Pure: a picture as columns of boxes and the arrows between them, whatever it is drawn with."""

from enum import StrEnum
from typing import NamedTuple


class Shape(StrEnum):
    """What a box stands for."""

    SERVICE = "service"
    PORT = "port"
    ENDPOINT = "endpoint"
    NODE = "node"
    OUTSIDE = "outside"  # what a cluster does not have: an external name
    NOTHING = "nothing"  # where endpoints should be


class State(StrEnum):
    """How it is with an endpoint or a node."""

    GOOD = "good"
    NOT_READY = "not ready"
    TERMINATING = "terminating"


class BoxKey(NamedTuple):
    """What tells a box from all others."""

    shape: Shape
    namespace: str
    name: str
    part: str = ""


class Box(NamedTuple):
    """A title and some lines below it."""

    key: BoxKey
    title: str
    lines: tuple[str, ...] = ()
    state: State = State.GOOD


class Arrow(NamedTuple):
    """From one box to another; to what does not serve, it is broken."""

    source: BoxKey
    target: BoxKey
    is_broken: bool = False


class Picture(NamedTuple):
    """Boxes by column, from the left to the right; each column in the order of its first arrows."""

    columns: tuple[tuple[Box, ...], ...]
    arrows: tuple[Arrow, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All of them, column by column."""
        return tuple(box for column in self.columns for box in column)
