"""Pure: one mistake in one field, with the words of Kubernetes (apimachinery `util/validation/field/errors.go`)."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class ErrorType(StrEnum):
    """The class of a field error; the value is what the message begins with."""

    REQUIRED = "Required value"
    INVALID = "Invalid value"
    UNSUPPORTED = "Unsupported value"
    DUPLICATE = "Duplicate value"
    FORBIDDEN = "Forbidden"
    TOO_LONG = "Too long"
    TOO_MANY = "Too many"
    INTERNAL = "Internal error"


class FieldError(msgspec.Struct, frozen=True):
    """A mistake at `path` (for example `spec.ports[0].port`); `value` is rendered as JSON where its type shows one."""

    type: ErrorType
    path: str
    value: object = None
    detail: str = ""

    @property
    def message(self) -> str:
        """`PATH: TYPE[: VALUE][: DETAIL]`, as the API server renders it."""
        parts = [self.path, str(self.type)]
        if self.type not in _WITHOUT_VALUE:
            parts.append(_render(self.value))
        if self.detail:
            parts.append(self.detail)
        return ": ".join(parts)


_WITHOUT_VALUE = {ErrorType.REQUIRED, ErrorType.FORBIDDEN, ErrorType.TOO_LONG, ErrorType.INTERNAL}


def _render(value: object) -> str:
    return msgspec.json.encode(value).decode()


def required(path: str, detail: str = "") -> FieldError:
    """The field must be set."""
    return FieldError(ErrorType.REQUIRED, path, None, detail)


def invalid(path: str, value: object, detail: str) -> FieldError:
    """The field's value breaks a rule."""
    return FieldError(ErrorType.INVALID, path, value, detail)


def unsupported(path: str, value: object, supported: Iterable[str]) -> FieldError:
    """The field's value is none of `supported`, which are listed sorted."""
    names = ", ".join(f'"{name}"' for name in sorted(supported))
    return FieldError(ErrorType.UNSUPPORTED, path, value, f"supported values: {names}")


def duplicate(path: str, value: object) -> FieldError:
    """The same value stands elsewhere, where it may stand once."""
    return FieldError(ErrorType.DUPLICATE, path, value)


def forbidden(path: str, detail: str) -> FieldError:
    """The field may not be set here."""
    return FieldError(ErrorType.FORBIDDEN, path, None, detail)


def too_many(path: str, actual: int, most: int) -> FieldError:
    """The list holds `actual` items where `most` are allowed."""
    return FieldError(ErrorType.TOO_MANY, path, actual, f"must have at most {most} items")
