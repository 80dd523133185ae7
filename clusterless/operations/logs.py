"""Logging on standard error, one line an event: text in klog's manner, or JSON. Standard output is for results."""

import logging
import os
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from .logwriter import LogWriter, reserve_standard_descriptors
from .repeats import Repeats

_LETTERS = {logging.DEBUG: "I", logging.INFO: "I", logging.WARNING: "W", logging.ERROR: "E", logging.CRITICAL: "F"}

# The details that say what an event is about: two events that differ in these are no repetition of one another.
_NAMING = ("service", "frontend", "endpoint", "address", "object", "problem", "reason", "upstream", "task", "event")


class _Kind(NamedTuple):
    """What makes two lines the same to a reader who has seen one of them."""

    logger: str
    event: str
    about: tuple[str, ...]


def set_up(*, json: bool, verbosity: int) -> None:
    """Log to standard error from now on; verbosity 4 and above shows debugging events, as `-v=4` does in Kubernetes."""
    reserve_standard_descriptors()
    _handler.setFormatter(JsonFormatter() if json else KlogFormatter())
    logging.basicConfig(level=logging.DEBUG if verbosity >= 4 else logging.INFO, handlers=[_handler], force=True)
    for chatty in ("asyncio", "pyroute2", "watchfiles"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.raiseExceptions = False  # a blocked or closed standard error must not disturb the data plane


def detach() -> None:
    """From now on the caller never waits for standard error. Call it when the process forks no more."""
    _handler.writer.detach()


def attach() -> None:
    """What was logged is written, or given up after a second; from now on lines are written at once again."""
    _handler.writer.attach()


def left_out() -> dict[str, int]:
    """How many lines were not written, since they repeated others, or since standard error did not take them."""
    return {"repeated": _handler.repeated, "blocked": _handler.writer.lost}


class LogHandler(logging.Handler):
    """Writes what is news; of warnings and errors that repeat, five in ten seconds, and how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self.writer = LogWriter()
        self.repeated = 0
        self._repeats: Repeats[_Kind] = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, unless it is one repetition too many."""
        now = time.monotonic()
        if record.levelno >= logging.WARNING:
            left_out = self._repeats.admit(_kind(record), now)
            if left_out is None:
                self.repeated += 1
                return
            if left_out:
                record.kv = {**details(record), "left_out": left_out}
        self._write(record)
        for kind, count in self._repeats.overdue(now):
            self._write(_summary(kind, count))

    def _write(self, record: logging.LogRecord) -> None:
        self.writer.write(self.format(record).encode(errors="backslashreplace") + b"\n")


def _kind(record: logging.LogRecord) -> _Kind:
    """Of the first line only, without arguments: asyncio adds to its messages what differs each time."""
    kv = details(record)
    error = type(record.exc_info[1]).__name__ if record.exc_info else ""
    about = (error, *(str(kv[name]) for name in _NAMING if name in kv))
    return _Kind(record.name, str(record.msg).partition("\n")[0], about)


def _summary(kind: _Kind, count: int) -> logging.LogRecord:
    """What is told of lines that were left out when no more of them come."""
    record = logging.LogRecord(kind.logger, logging.WARNING, "", 0, "repetitions were left out", None, None)
    record.kv = {"of": kind.event, "about": " ".join(kind.about).strip(), "left_out": count}
    return record


class KlogFormatter(logging.Formatter):
    """`I1122 17:03:35.123456 4711 module] "Event" key="value"`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with an exception's traceback as its last detail."""
        when = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%m%d %H:%M:%S.%f")
        letter = _LETTERS.get(record.levelno, "I")
        pairs = "".join(f" {key}={_quoted(value)}" for key, value in details(record).items())
        line = f"{letter}{when} {os.getpid()} {record.name}] {_quoted(record.getMessage())}{pairs}"
        if record.exc_info:
            line += f" traceback={_quoted(self.formatException(record.exc_info))}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `ts` (seconds since 1970), `level`, `logger`, `event`, and the details."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, on one line, with an exception's traceback as a field."""
        entry: dict[str, Any] = {
            "ts": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **details(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=str).decode()


def details(record: logging.LogRecord) -> dict[str, Any]:
    """The `kv` that was logged with the event."""
    kv = getattr(record, "kv", None)
    return kv if isinstance(kv, dict) else {}


def _quoted(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


_handler = LogHandler()
