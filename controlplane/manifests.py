"""Manifests as kubectl would read them from files, folders and standard input, again and again.

Rules of this reader: a file that does not parse keeps its last good documents; a path that the user named and that is
gone keeps its last state, and so does a file that cannot be opened; a file inside a folder that is gone is gone. What
did not change since the last reading is not parsed again, down to single documents of a file.
"""

import os
from collections.abc import Sequence
from itertools import chain
from typing import IO

import msgspec

from .documents import Document, Reading
from .manifests_files import EXTENSIONS, list_folder, read_standard_input, read_text
from .manifests_reading import ReadChunks, read_chunks
from .parsefailures import Failure, Stage, problem_of
from .problems import Problem

STANDARD_INPUT = "-"


class _File(msgspec.Struct, frozen=True):
    """A file as it was last read; `good` are its documents when all of it last parsed."""

    reading: Reading
    text: str = ""
    good: tuple[Document, ...] | None = None
    chunks: ReadChunks = msgspec.field(default_factory=ReadChunks)


class ManifestReader:
    """Reads the manifests below the paths of `-f`, and remembers what it needs to read them again quickly."""

    def __init__(self, stdin: IO[str] | None = None) -> None:
        self._stdin = stdin
        self._once: dict[str, str | Failure] = {}  # standard input and pipes: they can be read only once
        self._files: dict[str, _File] = {}
        self._listings: dict[str, tuple[str, ...]] = {}  # the files of a `-f`, when it was last there

    def read(self, filenames: Sequence[str]) -> Reading:
        """Read everything below these paths; a path `-` is standard input. Mistakes come back as problems."""
        parts: dict[str, Reading] = {}
        problems: list[Problem] = []
        for filename in filenames:
            paths, unlisted = self._paths(filename)
            problems += unlisted
            for path in paths:
                parts.setdefault(_identity(path), self._read_path(path))
        documents = tuple(chain.from_iterable(part.documents for part in parts.values()))
        return Reading(documents, (*problems, *(problem for part in parts.values() for problem in part.problems)))

    def _paths(self, filename: str) -> tuple[tuple[str, ...], list[Problem]]:
        """The files that one `-f` stands for, now or when it was last there."""
        if filename == STANDARD_INPUT or (os.path.exists(filename) and not os.path.isdir(filename)):
            self._listings[filename] = (filename,)
            return (filename,), []
        listing = list_folder(filename)
        if listing is None:
            return self._listings.get(filename, ()), [self._missing(filename)]
        kept = tuple(
            path
            for path in self._listings.get(filename, ())
            if any(folder == filename or path.startswith(os.path.join(folder, "")) for folder in listing.unreadable)
        )
        paths = tuple(sorted({*listing.files, *kept}, key=lambda path: path.split(os.sep)))
        self._listings[filename] = paths
        problems = [problem_of(failure, folder) for folder, failure in listing.unreadable.items()]
        if not paths and not problems:
            known = f"recognized file extensions are [{' '.join(EXTENSIONS)}]"
            problems.append(problem_of(Failure(f"error reading [{filename}]: {known}", stage=Stage.OPENING), filename))
        return paths, problems

    def _missing(self, filename: str) -> Problem:
        hint = "what it held when it was last read stays in force" if filename in self._listings else ""
        return problem_of(Failure(f'the path "{filename}" does not exist', stage=Stage.OPENING, hint=hint), filename)

    def _read_path(self, path: str) -> Reading:
        text = self._text(path)
        before = self._files.get(path)
        if text is None:
            return self._gone(path, before)
        if isinstance(text, Failure):
            documents = before.reading.documents if before else ()
            return Reading(documents, (problem_of(text, path),))
        if before is None or before.text != text:
            self._files[path] = _parse(path, text, before or _File(Reading()))
        return self._files[path].reading

    def _text(self, path: str) -> str | Failure | None:
        if path in self._once:
            return self._once[path]
        if path == STANDARD_INPUT:
            self._once[path] = read_standard_input(self._stdin)
            return self._once[path]
        text = read_text(path, settled=path in self._files)
        if text is not None and not os.path.isfile(path) and os.path.exists(path):
            self._once[path] = text
        return text

    def _gone(self, path: str, before: _File | None) -> Reading:
        """A path that the user named keeps its documents; another one went between listing and reading."""
        if path not in self._listings and os.path.isdir(os.path.dirname(path)):
            self._files.pop(path, None)
            return Reading()
        return before.reading if before else Reading()


def _parse(path: str, text: str, before: _File) -> _File:
    chunks = read_chunks(path, text, before.chunks)
    documents, problems = chunks.documents(), tuple(chunks.problems)
    if not problems:
        return _File(Reading(documents), text, documents, chunks)
    delivered = documents if before.good is None else before.good
    return _File(Reading(delivered, problems), text, before.good, chunks)


def _identity(path: str) -> str:
    return path if path == STANDARD_INPUT else os.path.abspath(path)
