"""`clusterless top`: a live view of what a running agent carries."""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from .client import Client, ServerError
from .rates import Rates, rates
from .status import Status
from .topview import frame

_PATH = "/clusterless/v1/status"
_COLUMNS = 140  # of a picture, and of what no terminal limits


class TopFlags(NamedTuple):
    """What the flags say; `namespace` is `""` for all, `interval` is in seconds."""

    server: str
    namespace: str
    interval: float
    once: bool
    svg: str


def top(flags: TopFlags) -> int:
    """Show frames until somebody interrupts; the exit code.

    Raises ServerError where the first cannot be had, and click.FileError for a picture that cannot be written.
    """
    client = Client(flags.server)
    before = _status(client, flags)
    if not flags.once and not flags.svg:
        _follow(client, flags, before)
    time.sleep(flags.interval)
    after = _status(client, flags)
    if not flags.svg:
        console = Console() if sys.stdout.isatty() else Console(width=_COLUMNS)
        console.print(frame(after, rates(before, after), console.width))
        return 0
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(frame(after, rates(before, after), _COLUMNS))
    try:
        Path(flags.svg).write_text(console.export_svg(title="clusterless top"))
    except OSError as error:
        raise click.FileError(flags.svg, error.strerror) from error
    return 0


def _follow(client: Client, flags: TopFlags, before: Status) -> None:
    """For ever. An agent that is gone for a moment is waited for, once it was there."""
    console = Console()

    def drawn(now: Status, growth: Rates) -> RenderableType:
        return frame(now, growth, console.width, console.height)

    with Live(drawn(before, rates(None, before)), console=console, screen=console.is_terminal) as live:
        for after in _further(client, flags):
            if isinstance(after, ServerError):
                live.update(Group(Text(str(after), style="bold red"), drawn(before, rates(None, before))))
            else:
                live.update(drawn(after, rates(before, after)))
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
