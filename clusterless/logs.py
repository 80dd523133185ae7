"""Logging on standard error, one line an event: text in klog's manner, or JSON. Standard output is for results."""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

_LETTERS = {logging.DEBUG: "I", logging.INFO: "I", logging.WARNING: "W", logging.ERROR: "E", logging.CRITICAL: "F"}


def set_up(*, json: bool, verbosity: int) -> None:
    """Log to standard error from now on; verbosity 2 and above shows debugging events, as `-v=2` does in Kubernetes."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if json else KlogFormatter())
    logging.basicConfig(level=logging.DEBUG if verbosity >= 4 else logging.INFO, handlers=[handler], force=True)
    for chatty in ("asyncio", "pyroute2", "watchfiles"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.raiseExceptions = False  # a blocked or closed standard error must not disturb the data plane


class KlogFormatter(logging.Formatter):
    """`I1122 17:03:35.123456 4711 module] "Event" key="value"`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; an exception's traceback follows on lines of its own."""
        when = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%m%d %H:%M:%S.%f")
        letter = _LETTERS.get(record.levelno, "I")
        pairs = "".join(f" {key}={_quoted(value)}" for key, value in details(record).items())
        line = f'{letter}{when} {os.getpid()} {record.name}] "{_one_line(record.getMessage())}"{pairs}'
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
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
    return '"' + _one_line(str(value)).replace('"', '\\"') + '"'


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n")
