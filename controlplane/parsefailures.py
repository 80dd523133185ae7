"""Pure: why a text gives no document, in kubectl's words (cli-runtime `resource/visitor.go`)."""

from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from .hints import comment_column, syntax_hint
from .problems import Position, Problem, Reason, Severity

_TURN_OFF = "if you choose to ignore these errors, turn validation off with --validate=false"


class Stage(Enum):
    """What kubectl was doing with the file."""

    OPENING = auto()
    PARSING = auto()
    VALIDATING = auto()


class Failure(msgspec.Struct, frozen=True):
    """The message is what stands after the stage and the file's name; the position counts within the text read."""

    message: str
    position: Position = Position()
    stage: Stage = Stage.PARSING
    hint: str = ""


def hinted(failure: Failure, text: str) -> Failure:
    """The failure with a hint from the lines of the text it happened in, at the `//` that is to blame if one is."""
    number = failure.position.line
    lines = text.split("\n")[:number]
    at = lines.pop() if lines else ""
    before = next((index for index in range(len(lines), 0, -1) if lines[index - 1].strip()), 0)
    line_before = lines[before - 1] if before else ""
    position = failure.position
    if not comment_column(at) and (column := comment_column(line_before)):
        position = Position(before, column)
    return msgspec.structs.replace(failure, hint=syntax_hint(failure.message, at, line_before), position=position)


def problem_of(failure: Failure, source: str, document: int = 0, line_offset: int = 0) -> Problem:
    """The failure as a problem of a source, `line_offset` lines further down."""
    line = failure.position.line
    return Problem(
        severity=Severity.ERROR,
        reason=Reason.PARSE,
        message=_message(failure, source),
        source=source,
        document=document,
        line=line + line_offset if line else 0,
        column=failure.position.column,
        hint=failure.hint,
    )


def _message(failure: Failure, source: str) -> str:
    match failure.stage:
        case Stage.OPENING:
            return failure.message
        case Stage.PARSING:
            return f"error parsing {spoken(source)}: {failure.message}"
        case _:
            return not_an_object(source, [failure.message])


def not_an_object(source: str, mistakes: Sequence[str]) -> str:
    """What kubectl says of a document that it cannot take for an object; `mistakes` such as `kind not set`."""
    listed = mistakes[0] if len(mistakes) == 1 else f"[{', '.join(mistakes)}]"
    return f'error validating "{spoken(source)}": error validating data: {listed}; {_TURN_OFF}'


def spoken(source: str) -> str:
    """The source's name in kubectl's messages."""
    return "STDIN" if source == "-" else source
