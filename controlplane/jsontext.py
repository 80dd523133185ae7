"""Pure: JSON text to plain data, with the words of Go's encoding/json for what is wrong with it."""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

from .parsefailures import Failure
from .problems import Position
from .yamlscalars import integral

_WHITE_SPACE = re.compile(r"[ \t\r\n]*")
_BRACKETS_AND_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_EXPECTATIONS = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


class JsonValue(msgspec.Struct, frozen=True):
    """One of the values that follow each other in a text, and where in the text it stands."""

    data: object
    start: int
    end: int


class JsonReading(msgspec.Struct, frozen=True):
    """The values at the text's start, and why it ends there, unless they are all."""

    values: tuple[JsonValue, ...]
    failure: Failure | None = None


class _RefusedError(ValueError):
    """The text is JSON, but not what a manifest may hold."""


def looks_like_json(text: str) -> bool:
    """Whether kubectl would try to read this as JSON first."""
    return text.lstrip().startswith("{")


def read_json(text: str, max_depth: int) -> JsonReading:
    """The values that follow each other in a text; lists and mappings may nest `max_depth` deep."""
    values: list[JsonValue] = []
    start = _skip(text, 0)
    while start < len(text):
        value = _value(text, start, max_depth)
        if isinstance(value, Failure):
            return JsonReading(tuple(values), value)
        values.append(value)
        start = _skip(text, value.end)
    return JsonReading(tuple(values))


def _value(text: str, start: int, max_depth: int) -> JsonValue | Failure:
    try:
        data, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return _failure_of(error)
    except _RefusedError as refused:
        return Failure(str(refused), _position(text, start))
    except RecursionError:
        return _too_deep(max_depth, _position(text, start))
    if _deeper_than(data, max_depth):
        return _too_deep(max_depth, _position(text, start))
    return JsonValue(data, start, end)


def _skip(text: str, start: int) -> int:
    matched = _WHITE_SPACE.match(text, start)
    return matched.end() if matched else start


def _position(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _too_deep(max_depth: int, position: Position) -> Failure:
    return Failure(f"json: exceeded max depth of {max_depth}", position)


def _deeper_than(data: object, depth: int) -> bool:
    level: list[object] = [data]
    for _ in range(depth + 1):
        level = [item for container in level for item in _items(container) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(container: object) -> Any:
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list) else ()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        again = next(name for index, name in enumerate(names) if name in names[:index])
        raise _RefusedError(f'json: key "{again}" already set in map')
    return data


def _number(text: str) -> int | float:
    number = float(text)
    if not math.isfinite(number):
        raise _RefusedError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return integral(number)


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= 20 else _number(text)


def _constant(text: str) -> NoReturn:
    raise _RefusedError(f"json: invalid character '{text.lstrip('-')[0]}' looking for beginning of value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_constant
)


def _failure_of(error: json.JSONDecodeError) -> Failure:
    escape = error.msg.startswith("Invalid \\escape")
    at = error.pos + escape
    position = Position(error.lineno, error.colno + escape)
    if at >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return Failure("unexpected EOF", position)
    expected = _EXPECTATIONS.get(error.msg.partition(": ")[0].strip(), _after_element(error.doc, at))
    offset = len(error.doc[:at].encode()) + 1
    return Failure(f"json: offset {offset}: invalid character {_quoted(error.doc[at])} {expected}", position)


def _after_element(text: str, end: int) -> str:
    open_brackets: list[str] = []
    for matched in _BRACKETS_AND_STRINGS.finditer(text, 0, end):
        bracket = matched.group()
        if bracket in "[{":
            open_brackets.append(bracket)
        elif bracket in "]}" and open_brackets:
            open_brackets.pop()
    return "after array element" if open_brackets[-1:] == ["["] else "after object key:value pair"


def _quoted(character: str) -> str:
    escaped = {"'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}.get(character, character)
    return f"'{escaped}'"
