"""Pure: what a template of kubectl's JSONPath is made of.

Source: client-go `util/jsonpath/node.go`; ranges hold their bodies here.
"""

from typing import NamedTuple, TypeAlias


class JSONPathError(Exception):
    """What is wrong with a template, or with what it finds, in the words of kubectl's JSONPath."""


class Literal(NamedTuple):
    """A text, number or truth value that stands in a path."""

    value: str | int | float | bool


class Field(NamedTuple):
    """`.name`, or `['name']`."""

    name: str


class Slice(NamedTuple):
    """`[2]`, `[-1]`, `[0:3]`, `[::2]`, `[*]`: a single index has an `end` that is `derived` from it."""

    start: int | None
    end: int | None
    step: int | None
    derived: bool = False


class Wildcard(NamedTuple):
    """`.*`: all values of an object or a list."""


class Recursive(NamedTuple):
    """`..`: the value and all that is in it."""


class Union(NamedTuple):
    """`['a','b']`, `[0,2]`: what any of the paths finds."""

    paths: "tuple[Path, ...]"


class Filter(NamedTuple):
    """`[?(@.left == right)]`; the operator `exists` has no right side."""

    left: "Path"
    operator: str
    right: "Path"


class Keyword(NamedTuple):
    """A bare word, of which `range` and `end` have a meaning."""

    word: str


Step: TypeAlias = Literal | Field | Slice | Wildcard | Recursive | Union | Filter | Keyword
Path: TypeAlias = tuple[Step, ...]


class Text(NamedTuple):
    """What stands outside of braces."""

    text: str


class Action(NamedTuple):
    """What stands in braces."""

    path: Path


class Range(NamedTuple):
    """`{range PATH}BODY{end}`."""

    path: Path
    body: "Template"


Part: TypeAlias = Text | Action | Range
Template: TypeAlias = tuple[Part, ...]
