"""The chunks of a file one reading after the other: what stands as it stood is neither split nor parsed again."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from operator import attrgetter

import msgspec

from .documents import Document
from .manifests_chunks import Chunk, Parsed, chunks_of, parse_chunk
from .parsefailures import Failure, problem_of
from .problems import Problem
from .sametext import same_length

MAX_DOCUMENTS = 100_000  # of one file


class ReadChunk(msgspec.Struct, frozen=True):
    """A chunk of a file, and what became of it where it stood: which document it began with, and how far down."""

    text: str
    parsed: Parsed
    index: int
    lines_above: int
    documents: tuple[Document, ...]


class ReadChunks(msgspec.Struct):
    """All chunks of a file. It is filled by `read_chunks`, and does not change any more after that."""

    text: str = ""
    chunks: list[ReadChunk] = []
    starts: list[int] = []  # where each chunk starts in the text
    places: dict[str, int] = {}  # of the chunks, by their text
    problems: list[Problem] = []

    def documents(self) -> tuple[Document, ...]:
        """The documents of all chunks."""
        return tuple(chain.from_iterable(map(attrgetter("documents"), self.chunks)))


def read_chunks(path: str, text: str, before: ReadChunks) -> ReadChunks:
    """What the file at `path` holds now; `before` is what it held."""
    reader = _Reader(path, text, before)
    while reader.start < len(text) and reader.index <= MAX_DOCUMENTS:
        if not reader.pass_over_the_same():
            reader.read_one()
    if reader.index > MAX_DOCUMENTS:
        reader.now.problems.append(problem_of(Failure(f"more than {MAX_DOCUMENTS} documents"), path, reader.index))
    reader.now.places = {chunk.text: place for place, chunk in enumerate(reader.now.chunks)}
    return reader.now


class _Reader:
    """Goes through a text; `start`, `line` and `index` are where the next chunk starts, `place` is its likely double.

    Chunks come and go, so the double of the next chunk is the one behind the double of the last.
    """

    def __init__(self, path: str, text: str, before: ReadChunks) -> None:
        self.now = ReadChunks(text=text)
        self.start, self.index = 0, 0
        self._path = path
        self._line = 1
        self._before = before
        self._place = 0
        self._coming: Iterator[Chunk] | None = None

    def pass_over_the_same(self) -> bool:
        """Take over the chunks that stand here as they stood before, all at once; false if there is none."""
        before, place = self._before, self._place
        if before.problems or place >= len(before.chunks) - 1:
            return False  # a problem has to be said again; the last chunk has no separator that would end it
        first = before.starts[place]
        end = bisect_right(before.starts, first + same_length(before.text, first, self.now.text, self.start)) - 1
        following = before.chunks[end]
        found = before.chunks[place:end]
        documents = following.index - before.chunks[place].index
        if not found or self.index + documents > MAX_DOCUMENTS:
            return False
        shift = self.start - first
        self.now.starts += [start + shift for start in before.starts[place:end]]
        self.now.chunks += self._moved(found)
        self.start = before.starts[end] + shift
        self.index += documents
        self._line += following.lines_above - found[0].lines_above
        self._place = end
        self._coming = None
        return True

    def _moved(self, chunks: list[ReadChunk]) -> list[ReadChunk]:
        """The chunks where they stand now."""
        down = self._line - 1 - chunks[0].lines_above
        further = self.index - chunks[0].index
        if not down and not further:
            return chunks
        return [
            _placed(self._path, each.text, each.parsed, each.index + further, each.lines_above + down)
            for each in chunks
        ]

    def read_one(self) -> None:
        """Split off the next chunk, and parse it unless one with its text is known."""
        if self._coming is None:
            self._coming = chunks_of(self.now.text, self.start, self._line)
        chunk = next(self._coming, None)
        if chunk is None:  # nothing but separators is left
            self.start = len(self.now.text)
            return
        read = self._read(chunk)
        self.now.chunks.append(read)
        self.now.starts.append(self.start)
        self.index += len(read.documents) + bool(read.parsed.failures)
        for failure in read.parsed.failures:
            self.now.problems.append(problem_of(failure, self._path, self.index - 1, read.lines_above))
        if chunk.failure:
            self.now.problems.append(problem_of(chunk.failure, self._path, self.index))
        self.start, self._line = chunk.end, chunk.next_line

    def _read(self, chunk: Chunk) -> ReadChunk:
        place = self._before.places.get(chunk.text)
        self._place = self._place + 1 if place is None else place + 1
        if place is None:
            return _placed(self._path, chunk.text, parse_chunk(chunk.text), self.index, chunk.line - 1)
        known = self._before.chunks[place]
        if (known.index, known.lines_above) == (self.index, chunk.line - 1):
            return known
        return _placed(self._path, chunk.text, known.parsed, self.index, chunk.line - 1)


def _placed(path: str, text: str, parsed: Parsed, index: int, lines_above: int) -> ReadChunk:
    return ReadChunk(text, parsed, index, lines_above, tuple(_documents(parsed, path, index, lines_above)))


def _documents(parsed: Parsed, source: str, index: int, lines_above: int) -> Iterator[Document]:
    for offset, item in enumerate(parsed.items):
        yield Document(
            source=source,
            raw=item.raw,
            digest=item.digest,
            index=index + offset,
            line=item.line + lines_above,
            locate=item.locator.lowered(lines_above),
        )
