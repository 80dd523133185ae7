"""Pages whose every block is real: the commands that they show are run, and what comes out is what they show.

A block of ```console has commands after a prompt: `$` is the reader's shell, `HOST$` a shell on a host of the lab that
the page has started. A comment `<!-- $ COMMAND -->` before any other block says which command wrote it.
`python -m tests.netns.docpages PAGE...` writes the outputs that are missing or no longer true.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
        self._environment = {
            **os.environ,
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
            "XDG_RUNTIME_DIR": runtime_dir,
        }

    def types(self, command: Command) -> str:
        """What the command prints, errors too."""
        argv = ["bash", "-c", command.text]
        if command.host:
            argv = ["clusterless", "lab", "exec", command.host, "--", *argv]
        return self._run(argv)

    def close(self) -> None:
        """Leave nothing running."""
        self._run(["clusterless", "lab", "stop"])

    def _run(self, argv: list[str]) -> str:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            cwd=ROOT,
            env=self._environment,
            check=False,
        )
        return done.stdout


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
