"""Pure: what is wrong with the input, as data, and the words in which kubectl would say it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """An error means that the API server would refuse the object; a warning, that it would take it."""

    ERROR = "error"
    WARNING = "warning"


class Reason(StrEnum):
    """Which part of kubectl or the API server would object; the values are Kubernetes' own status reasons."""

    PARSE = "ParseError"  # kubectl could not read the file
    NO_MATCH = "NoMatch"  # the kind exists, its apiVersion does not
    BAD_REQUEST = "BadRequest"  # the object cannot be decoded
    INVALID = "Invalid"  # field errors, HTTP 422
    CONFLICT = "Conflict"
    INTERNAL = "InternalError"  # HTTP 500: a range is full
    WARNING = "Warning"


class Position(msgspec.Struct, frozen=True):
    """Where in a source: lines and columns count from 1; 0 where there is no text to point at."""

    line: int = 0
    column: int = 0


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: where it stands, whose it is, and what is said about it."""

    severity: Severity
    reason: Reason
    message: str  # for INVALID: `spec.ports[0].port: Invalid value: ...`
    source: str = ""  # the file as the user named it, `-` for standard input
    document: int = 0  # which document of the source, from 0
    line: int = 0
    column: int = 0
    kind: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""  # the field, `spec.ports[0].port`; empty for the object as a whole
    hint: str = ""  # what to change, in our words

    @property
    def location(self) -> str:
        """`FILE:LINE:COLUMN`, without the parts that are not known."""
        parts = [self.source] if self.source else []
        if self.line:
            parts += [str(self.line), str(self.column)] if self.column else [str(self.line)]
        return ":".join(parts)


def render(problems: Sequence[Problem]) -> list[str]:
    """One line of text for each problem or heading: its location, then the text that kubectl would print."""
    lines: list[str] = []
    for group in _by_object(problems):
        lines += _render_invalid(group) if group[0].reason is Reason.INVALID else _render_each(group)
    return lines


def _by_object(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Runs of problems that kubectl would print as one message: the field errors of one object."""
    groups: list[list[Problem]] = []
    for problem in problems:
        if groups and problem.reason is Reason.INVALID and _same_object(groups[-1][0], problem):
            groups[-1].append(problem)
        else:
            groups.append([problem])
    return groups


def _same_object(one: Problem, other: Problem) -> bool:
    def key(p: Problem) -> tuple[str, str, str, str, str, int]:
        return (p.reason, p.kind, p.namespace, p.name, p.source, p.document)

    return key(one) == key(other)


def _render_invalid(group: Sequence[Problem]) -> list[str]:
    heading = f'The {group[0].kind} "{group[0].name}" is invalid: '
    if len(group) == 1:
        return [_located(group[0], heading + group[0].message), *_hint(group[0])]
    lines = [_located(group[0], heading)]
    for problem in group:
        lines += [_located(problem, f"* {problem.message}"), *_hint(problem)]
    return lines


def _render_each(group: Sequence[Problem]) -> list[str]:
    return [line for problem in group for line in (_located(problem, kubectl_text(problem)), *_hint(problem))]


def _located(problem: Problem, text: str) -> str:
    return f"{problem.location}: {text}" if problem.location else text


def _hint(problem: Problem) -> list[str]:
    return [f"    hint: {problem.hint}"] if problem.hint else []


def kubectl_text(problem: Problem) -> str:
    """What kubectl prints for this problem alone, without our location and hint."""
    match problem.reason:
        case Reason.INVALID:
            return f'The {problem.kind} "{problem.name}" is invalid: {problem.message}'
        case Reason.WARNING:
            return f"Warning: {problem.message}"
        case Reason.PARSE:
            return f"error: {problem.message}"
        case Reason.NO_MATCH:
            return f"error: {problem.message}"
        case _:
            return f'Error from server ({problem.reason}): error when creating "{problem.source}": {problem.message}'
