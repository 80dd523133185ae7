"""Pure: what a JSONPath template of kubectl finds in an object, and the text that it makes of it.

Source: client-go `util/jsonpath/jsonpath.go`, with its messages. A field that is not there is an empty text, as with
kubectl's `--allow-missing-template-keys`, which is on unless somebody turns it off.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .gotext import go_json, go_text, go_type
from .jsonpathnodes import (
    Action,
    Field,
    Filter,
    JSONPathError,
    Keyword,
    Literal,
    Path,
    Range,
    Recursive,
    Slice,
    Step,
    Template,
    Text,
    Union,
    Wildcard,
)

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def render(template: Template, value: Any) -> str:
    """The text of a template for a value out of JSON. Raises JSONPathError."""
    return "".join(_printed(results) for results in results_of(template, value))


def results_of(template: Template, value: Any) -> Iterator[list[Any]]:
    """What each part finds, in order. Raises JSONPathError."""
    for part in template:
        match part:
            case Text(text):
                yield [text]
            case Action(path):
                yield find(path, value)
            case Range(path, body):
                for item in find(path, value):
                    yield from results_of(body, item)


def find(path: Path, value: Any) -> list[Any]:
    """What a path leads to. Raises JSONPathError."""
    return _walk(path, [value])


def _printed(results: Iterable[Any]) -> str:
    return " ".join(go_json(each) if isinstance(each, dict | list) else _scalar(each) for each in results)


def _scalar(value: Any) -> str:
    return "null" if value is None else go_text(value)


def _walk(path: Path, values: list[Any]) -> list[Any]:
    for step in path:
        values = _taken(step, values)
    return values


def _taken(step: Step, values: list[Any]) -> list[Any]:
    match step:
        case Literal(value):
            return [value] if isinstance(value, str | bool) else [value for _ in values]
        case Field(name):
            return [value[name] for value in values if isinstance(value, dict) and name in value]
        case Slice():
            return [item for value in values if value is not None for item in _sliced(step, value)]
        case Wildcard():
            return [item for value in values for item in _children(value)]
        case Recursive():
            return [item for value in values for item in _descendants(value)]
        case Union(paths):
            return [item for path in paths for item in _walk(path, values)]
        case Filter():
            return [item for value in values for item in _filtered(step, value)]
        case Keyword(word):
            raise JSONPathError(f"unrecognized identifier {word}")


def _sliced(step: Slice, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JSONPathError(f"{go_type(value)} is not array or slice")
    length = len(value)
    start, end = step.start or 0, length if step.end is None else step.end
    start += length if start < 0 else 0
    end += length if end < 0 or (end == 0 and step.derived) else 0
    if start == end:
        return []
    for index, is_outside in ((start, not 0 <= start < length), (end - 1, not 0 <= end <= length)):
        if is_outside:
            raise JSONPathError(f"array index out of bounds: index {index}, length {length}")
    if start > end:
        raise JSONPathError(f"starting index {start} is greater than ending index {end}")
    if step.step is not None and step.step <= 0:
        raise JSONPathError("step must be > 0")
    return value[start : end : step.step]


def _children(value: Any) -> list[Any]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case _:
            return []


def _descendants(value: Any) -> Iterator[Any]:
    """The value and what is in it, but nothing that is empty or a number."""
    if value and isinstance(value, dict | list | str):
        yield value
        for child in _children(value):
            yield from _descendants(child)


def _filtered(step: Filter, value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        raise JSONPathError(f"{go_text(value)} is not array or slice and cannot be filtered")
    for item in value:
        if _passes(step, item):
            yield item


def _passes(step: Filter, item: Any) -> bool:
    left = _walk(step.left, [item])
    if step.operator == "exists":
        return bool(left)
    right = _walk(step.right, [item])
    if len(left) > 1 or len(right) > 1:
        raise JSONPathError("can only compare one element at a time")
    if step.operator not in _COMPARISONS:
        raise JSONPathError(f"unrecognized filter operator {step.operator}")
    return bool(left and right) and _compared(left[0], step.operator, right[0])


def _compared(left: Any, sign: str, right: Any) -> bool:
    """Values of two types cannot be compared; numbers are of one."""
    types = {("number" if type(each) in (int, float) else go_type(each)) for each in (left, right)}
    if len(types) > 1 or isinstance(left, dict | list) or None in (left, right):
        raise JSONPathError("incompatible types for comparison")
    return _COMPARISONS[sign](left, right)
