"""`clusterless top`: a live view of what a running agent carries."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from .introspection.client import Client, ServerError
from .introspection.rates import rates
from .introspection.status import Status
from .topview import frame

_PATH = "/clusterless/v1/status"
_SVG_COLUMNS = 140


class TopFlags(NamedTuple):
    """What the flags say; `namespace` is `""` for all, `interval` is in seconds."""

    server: str
    namespace: str
    interval: float
    once: bool
    svg: str


def top(flags: TopFlags) -> int:
    """Show frames until somebody interrupts; the exit code.

    Raises ServerError where the first cannot be had, and OSError for a picture that cannot be written.
    """
    client = Client(flags.server)
    before = _status(client, flags)
    if not flags.once and not flags.svg:
        _follow(client, flags, before)
    time.sleep(flags.interval)
    after = _status(client, flags)
    made = frame(after, rates(before, after))
    if not flags.svg:
        Console().print(made)
        return 0
    console = Console(record=True, width=_SVG_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(made)
    Path(flags.svg).write_text(console.export_svg(title="clusterless top"))
    return 0


def _follow(client: Client, flags: TopFlags, before: Status) -> None:
    """For ever. An agent that is gone for a moment is waited for, once it was there."""
    console = Console()
    with Live(frame(before, rates(None, before)), console=console, screen=console.is_terminal) as live:
        for after in _further(client, flags):
            if isinstance(after, ServerError):
                live.update(Group(Text(str(after), style="bold red"), frame(before, rates(None, before))))
            else:
                live.update(frame(after, rates(before, after), console.height))
                before = after


def _further(client: Client, flags: TopFlags) -> Iterator[Status | ServerError]:
    while True:
        time.sleep(flags.interval)
        try:
            yield _status(client, flags)
        except ServerError as error:
            yield error


def _status(client: Client, flags: TopFlags) -> Status:
    """Raises ServerError, also for an answer that is no status."""
    answer = client.get(_PATH, namespace=flags.namespace)
    try:
        return msgspec.convert(answer, Status)
    except msgspec.ValidationError as error:
        raise ServerError(f"error: the server's status is not understood: {error}") from error
