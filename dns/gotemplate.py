"""Pure: the part of Go's text/template that Corefiles use: text, fields, `index` and `parseInt` in double braces."""

import re
from typing import NamedTuple, TypeAlias

_ACTION = re.compile(r"\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
_GROUP = re.compile(r"\.Group\.(\w+)")
_FIELDS = frozenset({".Name", ".Zone", ".Class", ".Type", ".Remote", ".Question.Name"})


class TemplateError(ValueError):
    """Not a template, or one that wants more than is offered; its text says what."""


class Values(NamedTuple):
    """What a template may speak of."""

    name: str
    zone: str
    qclass: str
    qtype: str
    remote: str
    question: str  # the name as the client spelled it
    match: tuple[str, ...]
    group: dict[str, str]


class Field(NamedTuple):
    """`.Name` and the like."""

    name: str


class MatchIndex(NamedTuple):
    """`index .Match 1`."""

    number: int


class GroupName(NamedTuple):
    """`.Group.a` or `index .Group "a"`; a group that there is not is `<no value>` in Go, and so it is here."""

    name: str


class ParseInt(NamedTuple):
    """`parseInt EXPRESSION BASE BITS`."""

    of: "Field | MatchIndex | GroupName"
    base: int
    bits: int


Operand: TypeAlias = Field | MatchIndex | GroupName
Part: TypeAlias = str | Operand | ParseInt
Template: TypeAlias = tuple[Part, ...]


def compile_template(text: str) -> Template:
    """The parts of a template. Raises `TemplateError`."""
    parts: list[Part] = []
    at, trims = 0, False
    for action in _ACTION.finditer(text):
        before = text[at : action.start()]
        before = before.lstrip() if trims else before
        parts += [before.rstrip() if action[1] else before, _action(action[2])]
        at, trims = action.end(), bool(action[3])
    rest = text[at:]
    if "{{" in rest:
        raise TemplateError("unclosed action")
    return tuple(part for part in (*parts, rest.lstrip() if trims else rest) if part != "")


def render_template(template: Template, values: Values) -> str:
    """The text that it stands for. Raises `TemplateError` where Go's would fail."""
    return "".join([part if isinstance(part, str) else _value(part, values) for part in template])


def _action(text: str) -> Operand | ParseInt:
    words = _WORD.findall(text)
    match words:
        case ["parseInt", *operand, base, bits] if base.isdigit() and bits.isdigit() and operand:
            inner = " ".join(operand).removeprefix("(").removesuffix(")")
            return ParseInt(_operand(inner.strip()), int(base), int(bits))
        case _:
            return _operand(text)


def _operand(text: str) -> Operand:
    words = _WORD.findall(text)
    match words:
        case [field] if field in _FIELDS:
            return Field(field)
        case [field] if found := _GROUP.fullmatch(field):
            return GroupName(found[1])
        case ["index", ".Match", number] if number.isdigit():
            return MatchIndex(int(number))
        case ["index", ".Group", name] if name.startswith('"') and name.endswith('"'):
            return GroupName(name[1:-1])
        case _:
            raise TemplateError(f"{{{{ {text} }}}} is not offered")


def _value(part: Operand | ParseInt, values: Values) -> str:
    match part:
        case Field(name):
            return _field(name, values)
        case GroupName(name):
            return values.group.get(name, "<no value>")
        case MatchIndex(number):
            if number >= len(values.match):
                raise TemplateError(f"index out of range: {number}")
            return values.match[number]
        case _:
            return str(_parse_int(_value(part.of, values), part.base, part.bits))


def _field(name: str, values: Values) -> str:
    match name:
        case ".Name":
            return values.name
        case ".Zone":
            return values.zone
        case ".Class":
            return values.qclass
        case ".Type":
            return values.qtype
        case ".Remote":
            return values.remote
        case _:
            return values.question


def _parse_int(text: str, base: int, bits: int) -> int:
    try:
        number = int(text, base) if text.isalnum() else -1
    except ValueError:
        number = -1
    if not 0 <= number < 1 << (bits or 64):
        raise TemplateError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return number
