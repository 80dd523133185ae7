"""Pure: durations as Go's `time.ParseDuration` reads them, with its error texts."""

import re
from decimal import Decimal

_UNITS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


class DurationError(ValueError):
    """Not a duration; its text is Go's."""


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `1m30s`, `-1.5h` or `0`. Raises `DurationError`."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return 0.0
    if not digits or not re.fullmatch(rf"(?:{_PART.pattern})+", digits):
        raise DurationError(f'time: invalid duration "{text}"')
    total = Decimal(0)
    for number, unit in _PART.findall(digits):
        if not unit:
            raise DurationError(f'time: missing unit in duration "{text}"')
        if unit not in _UNITS:
            raise DurationError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += Decimal(number) * _UNITS[unit]
    return float(sign * total)
