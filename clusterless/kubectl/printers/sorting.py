"""Pure: `--sort-by`: objects in the order of a field's value.

Source: kubectl `pkg/cmd/get/sorter.go`.
"""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from controlplane.encode import Encodable, encoded

from .customcolumns import relaxed_path
from .gotext import go_text
from .jsonpath import results_of
from .jsonpathnodes import JSONPathError, Template

_Object = TypeVar("_Object", bound=Encodable)
_DIGITS = re.compile(r"(\d+)")


def sorted_by(path: str, objects: Iterable[_Object]) -> list[_Object]:
    """Those that lack the field come first; numbers in texts count as numbers: `web-2` before `web-10`.

    The path's braces and first dot may be left out.

    Raises JSONPathError where no object has the field.
    """
    template = relaxed_path(path)
    keyed = [(_value(template, obj), obj) for obj in objects]
    if keyed and all(value is None for value, _ in keyed):
        raise JSONPathError(f'couldn\'t find any field with path "{path}" in the list of objects')
    return [obj for _, obj in sorted(keyed, key=lambda pair: _order(pair[0]))]


def _value(template: Template, obj: Encodable) -> Any:
    return next((each for results in results_of(template, encoded(obj)) for each in results), None)


def _order(value: Any) -> tuple[Any, ...]:
    match value:
        case None:
            return (0,)
        case bool():
            return (1, int(value))
        case int() | float():
            return (2, value)
        case _:
            pieces = _DIGITS.split(go_text(value))
            return (3, tuple((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces))
