"""I/O: keeps the hosts tables of server blocks up to date with their files."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from .files import read_text
from .hostsfile import HostsTable
from .pipeline import Block
from .plugins.hosts import Hosts


class HostsWatch:
    """Reads each file at once, and again every `reload` seconds; only a changed one is looked into.

    `changed` is called whenever a table is another one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        self._texts: dict[Block, str] = {}
        self._timers: dict[Block, asyncio.TimerHandle] = {}

    def watch(self, block: Block) -> None:
        """Keeps the block's table up to date, if it has the plugin `hosts`."""
        settings = block.settings.get(Hosts)
        if settings is not None:
            self._read(block, settings)

    def close(self) -> None:
        """Reads no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._texts.clear()

    def _read(self, block: Block, settings: Hosts) -> None:
        text = read_text(Path(settings.path)) or ""
        if self._texts.get(block) != text:
            self._texts[block] = text
            block.hosts = HostsTable(settings, text)
            self._changed()
        if settings.reload > 0:
            self._timers[block] = self._loop.call_later(settings.reload, self._read, block, settings)
