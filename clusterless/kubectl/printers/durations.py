"""Pure: ages in the short form that kubectl gives them: `45s`, `3m20s`, `5h`, `2d3h`, `1y40d`.

Sources: apimachinery `pkg/util/duration/duration.go`, `translateTimestampSince` in the printers.
"""

from datetime import datetime

UNKNOWN = "<unknown>"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def age(timestamp: str, now: datetime) -> str:
    """How long ago an RFC 3339 timestamp was; `<unknown>` for none."""
    moment = parsed(timestamp)
    return UNKNOWN if moment is None else human_duration((now - moment).total_seconds())


def parsed(timestamp: str) -> datetime | None:
    """The moment that an RFC 3339 timestamp names; `None` for what is none."""
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def human_duration(duration: float) -> str:
    """A duration in seconds; the bigger it is, the fewer of its smaller units are told."""
    seconds = int(duration)
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0)}s"
    if seconds < 10 * _MINUTE:
        return _two(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _two(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 48 * _HOUR:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _two(seconds, _DAY, "d", _HOUR, "h")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    if seconds < 8 * _YEAR:
        return _two(seconds, _YEAR, "y", _DAY, "d")
    return f"{seconds // _YEAR}y"


def _two(seconds: int, unit: int, letter: str, smaller: int, smaller_letter: str) -> str:
    """`3m20s`, and `3m` where there is no rest."""
    rest = seconds % unit // smaller
    return f"{seconds // unit}{letter}" + (f"{rest}{smaller_letter}" if rest else "")
