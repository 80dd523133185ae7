"""Pages whose every block is real: the commands that they show are run, and what comes out is what they show.

A block of ```console has commands after a prompt: `$` is the reader's shell, `HOST$` a shell on a host of the lab that
the page has started. A comment `<!-- $ COMMAND -->` before any other block says which command wrote it.
`python -m tests.netns.docpages PAGE...` writes the outputs that are missing or no longer true.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from lab.controlclient import Caller
from lab.places import is_served

ROOT = Path(__file__).parents[2]
WRITTEN_BY = re.compile(r"<!-- \$ (.*) -->")
PROMPT = re.compile(r"([a-z0-9.-]*)\$ (.*)")
SECONDS = 60.0  # against hangs


class Command(NamedTuple):
    """A command, and the lines of the page that show what it prints."""

    host: str  # "" is the reader's own machine
    text: str
    first: int
    end: int


def commands_of(lines: list[str]) -> Iterator[Command]:
    """All commands of a page, in their order."""
    number = 0
    while number < len(lines):
        if lines[number] == "```console":
            end = lines.index("```", number)
            yield from _console(lines, number + 1, end)
            number = end
        elif (written := WRITTEN_BY.fullmatch(lines[number])) and lines[number + 1].startswith("```"):
            end = lines.index("```", number + 2)
            yield Command("", written[1], number + 2, end)
            number = end
        number += 1


def _console(lines: list[str], first: int, end: int) -> Iterator[Command]:
    prompts = [number for number in range(first, end) if PROMPT.fullmatch(lines[number])]
    for number, following in zip(prompts, [*prompts[1:], end], strict=True):
        prompt = PROMPT.fullmatch(lines[number])
        assert prompt
        yield Command(prompt[1], prompt[2], number + 1, following)


def normal(text: str) -> str:
    """The text without what differs from run to run: measured times, ages, and the columns' widths, which follow."""
    text = re.sub(r"\b\d+(\.\d+)? (milliseconds|m?s)\b", r"N \2", text)
    text = re.sub(r"\b\d+m?s\b", "AGE", text)
    return re.sub(r" +", " ", text)


def matches(shown: str, seen: str) -> bool:
    """Whether a page shows what is seen; a line of three dots stands for any lines."""
    lines = [r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in normal(shown).splitlines()]
    return re.fullmatch("".join(lines), normal(seen)) is not None


class Reader:
    """Somebody who types a page's commands; ends the lab that the page has left, if any."""

    def __init__(self, runtime_dir: str) -> None:
        self._labs = Path(runtime_dir, "clusterless", "labs")
        self._environment = {
            **os.environ,
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
            "XDG_RUNTIME_DIR": runtime_dir,
        }

    def types(self, command: Command) -> str:
        """What the command prints, errors too."""
        with tempfile.TemporaryFile("w+") as output:
            if command.host:
                self._on_a_host(command, output)
            else:
                self._here(["bash", "-c", command.text], output)
            output.seek(0)
            return output.read()

    def close(self) -> None:
        """Leave nothing running. A lab that was stopped has ended, but may not have cleared its socket away yet."""
        for place in self._places():
            if is_served(place):
                Caller(_connected(place)).stop()

    def _places(self) -> list[Path]:
        return sorted(self._labs.glob("*.sock"))

    def _on_a_host(self, command: Command, output: TextIO) -> None:
        """In a shell that was opened there: the lab is asked without the program that users ask it with."""
        (place,) = self._places()
        with Path(os.devnull).open() as nothing, contextlib.chdir(ROOT):
            streams = nothing.fileno(), output.fileno(), output.fileno()
            Caller(_connected(place)).run(command.host, "default", ("bash", "-c", command.text), streams)

    def _here(self, argv: list[str], output: TextIO) -> None:
        subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            cwd=ROOT,
            env=self._environment,
            check=False,
        )


def _connected(place: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(place))
    return connection


def _rewrite(page: Path) -> None:
    lines = page.read_text().splitlines()
    commands = list(commands_of(lines))
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(folder)
        seen = [reader.types(command) for command in commands]
        reader.close()
    for command, output in reversed(list(zip(commands, seen, strict=True))):
        if not matches("\n".join(lines[command.first : command.end]), output):
            lines[command.first : command.end] = output.splitlines()
    page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        _rewrite(Path(name))
