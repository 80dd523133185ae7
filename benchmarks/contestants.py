"""I/O: who takes part: the program and its peers, as running processes with an address."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .processes import Running


class Contestant(NamedTuple):
    """Somebody to measure; `process` is `None` for the way without anybody in between."""

    name: str
    address: str
    process: Running | None = None
    settings: str = ""  # as the report tells them
    bulk_address: str = ""  # where it is not `address`

    def bulk(self) -> str:
        """Where bulk is relayed."""
        return self.bulk_address or self.address


class Stage:
    """What has been started: it ends with the stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Running] = []

    def start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Running:
        """Start a program whose output goes to a file of that name."""
        running = Running(command, self.folder / f"{name}.log", env)
        self._running.append(running)
        return running

    def write(self, name: str, text: str) -> Path:
        """A file in the stage's folder."""
        path = self.folder / name
        path.write_text(text)
        return path

    def stop(self) -> None:
        """End everything, the last first."""
        while self._running:
            self._running.pop().stop()


StartPeer = Callable[[Stage], Contestant]
