"""Pure: the text of a JSONPath template to its parts: `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Source: client-go `util/jsonpath/parser.go`, with its messages.
"""

import re
from ast import literal_eval

from .jsonpathnodes import (
    Action,
    Field,
    Filter,
    JSONPathError,
    Keyword,
    Literal,
    Part,
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

_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_NUMBER = re.compile(r"[+-]?[0-9.]*")
_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+?)")


def parse_template(text: str) -> Template:
    """The parts of a template. Raises JSONPathError."""
    parts, rest = _nested(_flat_parts(text))
    if rest:
        raise JSONPathError("not in range, nothing to end")
    return parts


def _flat_parts(text: str) -> list[Part]:
    parts: list[Part] = []
    at = 0
    while at < len(text):
        opening = text.find("{", at)
        end = len(text) if opening < 0 else opening
        if end > at:
            parts.append(Text(text[at:end]))
        if opening < 0:
            break
        scanner = _Scanner(text, opening + 1)
        parts.append(Action(scanner.path()))
        at = scanner.at + 1
    return parts


def _nested(parts: list[Part]) -> tuple[Template, list[Part]]:
    """The parts up to an `{end}` that belongs to none of them, and what comes from there on."""
    nested: list[Part] = []
    while parts:
        part = parts[0]
        match part:
            case Action((Keyword("range"), *path)):
                body, rest = _nested(parts[1:])
                nested.append(Range(tuple(path), body))
                parts = rest[1:]
            case Action((Keyword("end"), *_)):
                return tuple(nested), parts
            case _:
                nested.append(part)
                parts = parts[1:]
    return tuple(nested), []


class _Scanner:
    """Reads the steps of one path, up to the closing brace or, for a path inside a path, to the end."""

    def __init__(self, text: str, at: int = 0, *, is_inner: bool = False) -> None:
        self.at = at
        self._text = text
        self._is_inner = is_inner

    def path(self) -> Path:
        steps: list[Step] = []
        while not self._is_over():
            self._step(steps)
        return tuple(steps)

    def _is_over(self) -> bool:
        if self.at == len(self._text) and self._is_inner:
            return True
        if self.at == len(self._text) or self._text[self.at] in "\r\n":
            raise JSONPathError("unclosed action")
        return self._text[self.at] == "}"

    def _step(self, steps: list[Step]) -> None:
        letter = self._text[self.at]
        if self._text.startswith("[?(", self.at):
            steps.append(self._filter())
        elif self._text.startswith("..", self.at):
            self._recursive(steps)
        elif letter in " @$":
            self.at += 1
        elif letter == "[":
            steps.extend(self._array())
        elif letter in "\"'":
            steps.append(self._quoted(letter))
        elif letter == ".":
            self.at += 1
            steps.append(self._field())
        elif letter in "+-" or letter.isdecimal():
            steps.append(self._number())
        elif letter == "_" or letter.isalpha():
            steps.append(self._word())
        else:
            raise JSONPathError(f"unrecognized character in action: U+{ord(letter):04X} '{letter}'")

    def _recursive(self, steps: list[Step]) -> None:
        if steps and isinstance(steps[-1], Recursive):
            raise JSONPathError("invalid multiple recursive descent")
        self.at += 2
        steps.append(Recursive())
        following = self._text[self.at : self.at + 1]
        if following == "_" or following.isalnum():
            steps.append(self._field())

    def _field(self) -> Step:
        start = self.at
        while self.at < len(self._text) and self._text[self.at] not in _TERMINATORS:
            self.at += 2 if self._text[self.at] == "\\" else 1
        self.at = min(self.at, len(self._text))
        name = self._text[start : self.at]
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _word(self) -> Step:
        start = self.at
        while self.at < len(self._text) and self._text[self.at] not in _TERMINATORS:
            self.at += 1
        word = self._text[start : self.at]
        return Literal(word == "true") if word in ("true", "false") else Keyword(word)

    def _number(self) -> Step:
        found = _NUMBER.match(self._text, self.at)
        assert found is not None
        self.at = found.end()
        for convert in (int, float):
            try:
                return Literal(convert(found[0]))
            except ValueError:
                continue
        raise JSONPathError(f"cannot parse number {found[0]}")

    def _quoted(self, quote: str) -> Step:
        start = self.at
        end = start + 1
        while end < len(self._text) and self._text[end] not in (quote, "\n"):
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text) or self._text[end] == "\n":
            raise JSONPathError("unterminated quoted string")
        self.at = end + 1
        quoted = self._text[start : self.at]
        try:
            return Literal(str(literal_eval(quoted)))
        except (SyntaxError, ValueError) as error:
            raise JSONPathError(f"unquote string {quoted} error invalid syntax") from error

    def _array(self) -> list[Step]:
        end = self._text.find("]", self.at)
        if end < 0 or "\n" in self._text[self.at : end]:
            raise JSONPathError("unterminated array")
        inside = self._text[self.at + 1 : end]
        self.at = end + 1
        if "," in inside:
            return [Union(tuple(_inner(f"[{each.strip()}]") for each in inside.split(",")))]
        if key := _KEY.fullmatch(inside):
            return list(_inner(f".{key[1]}"))
        return [_slice(":" if inside == "*" else inside)]

    def _filter(self) -> Filter:
        start = self.at + len("[?(")
        end = self._filter_end(start)
        if self._text[end + 1 : end + 2] != "]":
            raise JSONPathError("unclosed array expect ]")
        inside = self._text[start:end]
        self.at = end + 2
        if found := _COMPARISON.fullmatch(inside):
            return Filter(_inner(found[1]), found[2], _inner(found[3]))
        return Filter(_inner(inside), "exists", ())

    def _filter_end(self, at: int) -> int:
        """Where the parenthesis closes, quoted texts apart."""
        quote = ""
        while at < len(self._text) and self._text[at] != "\n":
            letter = self._text[at]
            if quote:
                quote = "" if letter == quote and self._text[at - 1] != "\\" else quote
            elif letter in "\"'":
                quote = letter
            elif letter == ")":
                return at
            at += 1
        raise JSONPathError("unterminated filter")


def _inner(text: str) -> Path:
    return _Scanner(text, is_inner=True).path()


def _slice(text: str) -> Slice:
    found = _SLICE.fullmatch(text)
    if found is None:
        raise JSONPathError(f"invalid array index {text}")
    start, end, step = (_number_or_none((part or "").removeprefix(":")) for part in found.groups())
    if found[2] is None and start is not None:
        return Slice(start, start + 1, step, derived=True)
    return Slice(start, end, step)


def _number_or_none(text: str) -> int | None:
    if text == "-":
        raise JSONPathError("array index - is not a number")
    return int(text) if text else None
