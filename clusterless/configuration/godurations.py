"""Pure: durations as Go writes and reads them, `1h30m0s`."""

import re

_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_WHOLE = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)")


def is_duration(text: str) -> bool:
    """Whether Go's time.ParseDuration takes it."""
    return _WHOLE.fullmatch(text) is not None


def seconds_of(text: str) -> float | None:
    """The duration in seconds; `None` where there is none, or none that Go takes."""
    if not is_duration(text):
        return None
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return -total if text.startswith("-") else total


def duration(total: float) -> str:
    """Seconds as a Go duration, `24h0m0s`."""
    minutes, rest = divmod(total, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:g}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text
