"""Pure: what a field may hold, and Go's words for what it may not.

A type here answers two questions of a plain value: `fits`, fast, says that there is nothing to complain of (no unknown
field, no number out of its range, nothing null); `check` says all that there is, and what remains without nulls.
"""

import math
from decimal import Decimal
from typing import ClassVar

import msgspec

_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Mistake(msgspec.Struct, frozen=True):
    """A field that does not fit; `known` are the names that there are, where the field's is none of them."""

    path: str
    message: str
    value: object = None
    wanted: str = ""  # the Go type
    known: frozenset[str] | None = None


class Field(msgspec.Struct, frozen=True):
    """Where a value stands: its path with indices, its Go path without them, and the struct whose field it is."""

    path: str
    go_path: str
    struct: str

    def item(self, index: int) -> "Field":
        """An item of the list that stands here."""
        return Field(f"{self.path}[{index}]", self.go_path, self.struct)

    def child(self, name: str, struct: str) -> "Field":
        """A field of the object that stands here."""
        dot = "." if self.path else ""
        return Field(f"{self.path}{dot}{name}", f"{self.go_path}{dot}{name}", struct)


class FieldType(msgspec.Struct, frozen=True):
    """What a field may hold; `go` is the name of its Go type."""

    go: str
    empty: ClassVar[object] = None

    def fits(self, value: object) -> bool:
        """Whether `check` would find nothing, as far as msgspec does not find it too."""
        found: list[Mistake] = []
        self.check(value, Field("", "", ""), found)
        return not found

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """The value without what is null; what is wrong with it is appended to `found`."""
        raise NotImplementedError

    def wrong(self, value: object, field: Field) -> Mistake:
        """The words of Go's encoding/json for a value of the wrong type."""
        where = f"Go struct field {field.struct}.{field.go_path}" if field.struct else "Go value"
        return Mistake(
            field.path, f"json: cannot unmarshal {_shown(value)} into {where} of type {self.go}", value, self.go
        )


def _shown(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def go_number(number: float) -> str:
    """A number as Go's encoding/json writes it."""
    if isinstance(number, int) or not math.isfinite(number):
        return str(number)
    text = repr(number)
    if "e" in text and 1e-6 <= abs(number) < 1e21:
        return format(Decimal(text), "f")
    return text.replace("e-0", "e-")


class Text(FieldType, frozen=True):
    """A string."""

    empty: ClassVar[object] = ""

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """Nothing but a string."""
        if not isinstance(value, str):
            found.append(self.wrong(value, field))
        return value


class Truth(FieldType, frozen=True):
    """A boolean."""

    empty: ClassVar[object] = False

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """Nothing but a boolean."""
        if not isinstance(value, bool):
            found.append(self.wrong(value, field))
        return value


class Integer(FieldType, frozen=True):
    """An int32 or int64."""

    empty: ClassVar[object] = 0

    def fits(self, value: object) -> bool:
        """Whether the number is within its type's range."""
        lowest, highest = _RANGES[self.go]
        return type(value) is int and lowest <= value <= highest

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """Nothing but an integer within the type's range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            found.append(self.wrong(value, field))
        elif not self.fits(value):
            mistake = self.wrong(value, field)
            message = mistake.message.replace("number", f"number {go_number(value)}", 1)
            found.append(msgspec.structs.replace(mistake, message=message))
        return value


class IntOrString(Integer, frozen=True):
    """A port's number or name; an error names the number's type."""

    def fits(self, value: object) -> bool:
        """A string is as good."""
        return isinstance(value, str) or super().fits(value)

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """A string, or an int32."""
        return value if isinstance(value, str) else super().check(value, field, found)


class Anything(FieldType, frozen=True):
    """An object whose fields we do not read."""

    empty: ClassVar[object] = {}

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """Nothing but an object."""
        if not isinstance(value, dict):
            found.append(self.wrong(value, field))
        return value


class Strings(FieldType, frozen=True):
    """A mapping from strings to strings."""

    empty: ClassVar[object] = {}

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """A mapping; Go does not say which of its values is of the wrong type, but our path does."""
        if not isinstance(value, dict):
            found.append(self.wrong(value, field))
            return value
        text = Text("string")
        for name, item in value.items():
            if item is not None and not isinstance(item, str):
                place = Field(f"{field.path}[{name}]", field.go_path, field.struct)
                found.append(text.wrong(item, place))
        return {name: "" if item is None else item for name, item in value.items()}


class ListType(FieldType, frozen=True):
    """A list of one type."""

    item: FieldType
    empty: ClassVar[object] = ()

    def fits(self, value: object) -> bool:
        """Whether all items fit."""
        return isinstance(value, list) and all(map(self.item.fits, value))

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """A list; an item that is null is the type's zero value."""
        if not isinstance(value, list):
            found.append(self.wrong(value, field))
            return value
        return [
            self.item.empty if item is None else self.item.check(item, field.item(index), found)
            for index, item in enumerate(value)
        ]
