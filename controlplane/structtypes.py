"""Pure: what each field of a kind may hold, with Go's names, read off the structs of `objects` once."""

import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec

from .fieldtypes import (
    Anything,
    Field,
    FieldType,
    Integer,
    IntOrString,
    ListType,
    Mistake,
    Strings,
    Text,
    Truth,
)
from .gotypes import fields_of_others, integer_type, string_type, struct_name, unmodelled_type
from .objects import KINDS, Struct


class StructType(FieldType, frozen=True):
    """A struct; one that is partial has fields that we do not know.

    `taken` are the names, in small letters, that no such field has: our own, and those of other structs that ours
    stands for.
    """

    name: str
    fields: dict[str, FieldType]
    names: frozenset[str]
    partial: bool
    taken: frozenset[str]
    checked: tuple[tuple[str, Callable[[object], bool]], ...]  # the fields where msgspec does not find everything
    empty: ClassVar[object] = {}

    def fits(self, value: object) -> bool:
        """Whether all names are known and all fields fit."""
        if not isinstance(value, dict):
            return False
        if not value.keys() <= self.names and any(self._is_unknown(name) for name in value.keys() - self.names):
            return False
        return all(fits(value[name]) for name, fits in self.checked if name in value)

    def _is_unknown(self, name: str) -> bool:
        """Whether there is no such field: a name that differs from ours in letters' case alone is a mistake."""
        return not self.partial or name.lower() in self.taken

    def check(self, value: object, field: Field, found: list[Mistake]) -> object:
        """An object; a field that is null is not there."""
        if not isinstance(value, dict):
            found.append(self.wrong(value, field))
            return value
        kept: dict[str, object] = {}
        for name, item in value.items():
            place = field.child(name, self.name)
            known = self.fields.get(name)
            if known is None:
                if self._is_unknown(name):
                    text = f'strict decoding error: unknown field "{place.path}"'
                    found.append(Mistake(place.path, text, item, known=self.names))
            elif item is not None:
                kept[name] = known.check(item, place, found)
        return kept

    def places_of(self, name: str, path: str = "") -> Iterator[str]:
        """Where below here a field of this name may stand: `spec.ports[].nodePort`."""
        dot = "." if path else ""
        for own, held in self.fields.items():
            if own == name:
                yield f"{path}{dot}{own}"
            inner, suffix = (held.item, "[]") if isinstance(held, ListType) else (held, "")
            if isinstance(inner, StructType):
                yield from inner.places_of(name, f"{path}{dot}{own}{suffix}")


@cache
def type_of_kind(kind: str) -> StructType:
    """What an object of this kind may hold."""
    return _struct_type(KINDS[kind].struct, kind, "")


def _struct_type(struct: type[Struct], kind: str, holder: str) -> StructType:
    name = struct_name(struct, kind, holder)
    hints = get_type_hints(struct)
    known = {field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)}
    names = frozenset(known) - fields_of_others(name)
    fields = {field: _type_of(known[field], name, field, kind) for field in known if field in names}
    return StructType(
        go=f"v1.{name}",
        name=name,
        fields=fields,
        names=names,
        partial=struct.partial,
        taken=frozenset(field.lower() for field in known),
        checked=tuple((field, held.fits) for field, held in fields.items() if not _left_to_msgspec(held)),
    )


def _left_to_msgspec(held: FieldType) -> bool:
    return isinstance(held.item if isinstance(held, ListType) else held, Text | Truth | Strings)


def _type_of(hint: Any, struct: str, field: str, kind: str) -> FieldType:
    arguments = [argument for argument in get_args(hint) if argument is not types.NoneType]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return IntOrString("int32") if {int, str} <= set(arguments) else _type_of(arguments[0], struct, field, kind)
    if origin is tuple:
        item = _type_of(arguments[0], struct, field, kind)
        return ListType(f"[]{item.go}", item)
    if origin is dict:
        return Strings("map[string]string") if arguments[1] is str else Anything(unmodelled_type(struct, field))
    if hint is bool:
        return Truth("bool")
    if hint is int:
        return Integer(integer_type(field))
    if hint is str:
        return Text(string_type(struct, field))
    return _struct_type(hint, kind, field)
