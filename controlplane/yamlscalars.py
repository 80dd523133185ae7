"""Pure: what a YAML scalar stands for, as kubectl reads it (go-yaml v2 `resolve.go`, then sigs.k8s.io/yaml's JSON).

Where this departs from YAML 1.1 as PyYAML has it: no sexagesimal numbers (`80:30` is a string), timestamps are
strings, `=` is a string, `y` and `n` are booleans, `0o17` is an octal number, and a float without fraction is an int.
"""

import base64
import binascii
import math
import re
import struct
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_TAGS = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FIRST_CHARACTERS = frozenset("yYnNtTfFoO~.+-0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])_(?=[0-9])")
_SINGLE = struct.Struct("f")
_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)
_LONGEST_NUMBER = 400  # characters; no float64 is longer in full, and reading digits costs their square
_INTEGRAL_BELOW = 1e21  # from here on Go writes a float64 with an exponent (encoding/json `floatEncoder`)


def resolve_plain(text: str) -> Scalar:
    """The value of a scalar without quotes and without a tag."""
    if text and text[0] not in _FIRST_CHARACTERS:
        return text
    return _resolve(text)


@lru_cache(maxsize=8192)
def _resolve(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in ".+-0123456789" and len(text) <= _LONGEST_NUMBER:
        number = _number(_BETWEEN_DIGITS.sub("", text) if text[0] == "." else text.replace("_", ""))
        return text if number is None else number
    return text


def _number(text: str) -> int | float | None:
    if matched := _INTEGER.fullmatch(text):
        sign, *digits = matched.groups()
        value = next(int(found, base) for found, base in zip(digits, _BASES, strict=True) if found)
        value = -value if sign == "-" else value
        if _SMALLEST <= value <= _LARGEST:
            return value
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def integral(number: float) -> int | float:
    """The number as JSON would bring it to the API server: without a fraction if it has none."""
    return int(Decimal(repr(number))) if number.is_integer() and abs(number) < _INTEGRAL_BELOW else number


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag; ValueError, with go-yaml's words, if it is not of that type."""
    match tag.removeprefix(_TAGS):
        case "binary":
            return _binary(text)
        case ("int" | "float" | "bool" | "null" | "timestamp") as wanted:
            value = resolve_plain(text)
            if _type_of(value) not in _ACCEPTED[wanted]:
                raise ValueError(f"cannot decode !!{_type_of(value)} `{text}` as a !!{wanted}")
            return value
        case _:
            return text


_ACCEPTED = {
    "int": {"int"},
    "float": {"int", "float"},
    "bool": {"bool"},
    "null": {"null"},
    "timestamp": {"str"},
}


def _type_of(value: Scalar) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case _:
            return "str"


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
    except binascii.Error:
        raise ValueError("!!binary value contains invalid base64 data") from None


def key_text(key: Scalar) -> str | None:
    """A mapping's key as the JSON key that it becomes; None where kubectl knows none (null, beyond 64 bits)."""
    match key:
        case str():
            return key
        case None:
            return None
        case bool():
            return "true" if key else "false"
        case int():
            return str(key) if key <= 2**63 - 1 else None
        case _:
            return _float_key(key)


def _float_key(number: float) -> str:
    """The shortest decimal that reads back as the same float32 (Go `strconv.FormatFloat(x, 'g', -1, 32)`)."""
    single = _float32(number)
    if not math.isfinite(single):
        return {math.inf: ".inf", -math.inf: "-.inf"}.get(single, ".nan")
    candidates = (f"{single:.{digits}e}" for digits in range(17))
    shortest = next(text for text in candidates if _float32(float(text)) == single)
    exponent = int(shortest.partition("e")[2])
    return shortest if exponent < -4 or exponent >= 6 else format(Decimal(shortest), "f")


def _float32(number: float) -> float:
    try:
        rounded: float = _SINGLE.unpack(_SINGLE.pack(number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return rounded


def go_syntax(value: object) -> str:
    """A value as Go's `%#v` prints it, which is how go-yaml shows a key that cannot be one."""
    match value:
        case None:
            return "interface {}(nil)"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case list():
            return "[]interface {}{" + ", ".join(go_syntax(item) for item in value) + "}"
        case dict():
            pairs = sorted((go_syntax(key), go_syntax(item)) for key, item in value.items())
            return "map[interface {}]interface {}{" + ", ".join(f"{key}:{item}" for key, item in pairs) + "}"
        case _:
            return str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
