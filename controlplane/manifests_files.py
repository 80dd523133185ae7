"""Manifest files on disk: which there are below a path, and their text."""

import codecs
import errno
import os
import sys
import time
from collections.abc import Iterator
from typing import IO

import msgspec

from .hints import UTF8_HINT
from .parsefailures import Failure, Stage
from .problems import Position

MAX_BYTES = 64 * 2**20  # of one file; a dump of a cluster with 10,000 Services has about 20 MiB
EXTENSIONS = (".json", ".yaml", ".yml")
# Most editors and tools empty a file first and write it then: in between it is well-formed, and says too little.
SETTLED_SECONDS = 0.02
SETTLED_EMPTY_SECONDS = 0.15
SETTLED_AT_MOST_SECONDS = 0.3  # for a file that somebody writes without an end
_UNREADABLE = {errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.ESTALE, errno.ENAMETOOLONG, errno.EISDIR}
_GONE = {errno.ENOENT, errno.ENOTDIR}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Listing(msgspec.Struct, frozen=True):
    """The manifest files below a folder, in the order in which kubectl reads them, and folders that were unreadable."""

    files: tuple[str, ...] = ()
    unreadable: dict[str, Failure] = {}


def list_folder(folder: str) -> Listing | None:
    """Everything below a folder; names that begin with a dot are passed over. None: the folder is gone."""
    unreadable: dict[str, Failure] = {}
    files = tuple(_walk(folder, (), unreadable))
    if files or unreadable or os.path.exists(folder):
        return Listing(files, unreadable)
    return None


def _walk(folder: str, above: tuple[tuple[int, int], ...], unreadable: dict[str, Failure]) -> Iterator[str]:
    """ConfigMap volumes hold links to folders, so links are followed, but never into a folder that they are in."""
    try:
        status = os.stat(folder)
        names = sorted(os.listdir(folder))
    except OSError as error:
        if error.errno not in _GONE:
            unreadable[folder] = _cannot_open(folder, error)
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    for path in (os.path.normpath(os.path.join(folder, name)) for name in names if not name.startswith(".")):
        if os.path.isdir(path):
            yield from _walk(path, (*above, identity), unreadable)
        elif path.endswith(EXTENSIONS) and os.path.isfile(path):
            yield path


def read_text(path: str, *, settled: bool) -> str | Failure | None:
    """A file's text with `\\n` for line ends, or why there is none; None: the file is gone.

    With `settled`, it waits up to `SETTLED_AT_MOST_SECONDS` for a file that is being written.
    """
    try:
        return decode_text(_content(path, time.monotonic() + SETTLED_AT_MOST_SECONDS if settled else 0.0))
    except OSError as error:
        if error.errno in _GONE:
            return None
        return _cannot_open(path, error)


def _content(path: str, until: float) -> bytes:
    """The content, once nobody has changed the file for a moment, or at `until` on the monotonic clock."""
    while True:
        with open(path, "rb") as file:
            content, status = file.read(MAX_BYTES + 1), os.fstat(file.fileno())
        age = time.time() - status.st_mtime
        left = (SETTLED_SECONDS if content else SETTLED_EMPTY_SECONDS) - age
        # A time in the future is another machine's clock.
        if left <= 0 or age < 0 or time.monotonic() >= until:
            return content
        time.sleep(left)


def _cannot_open(path: str, error: OSError) -> Failure:
    if error.errno not in _UNREADABLE:
        raise error
    return Failure(f"open {path}: {os.strerror(error.errno).lower()}", stage=Stage.OPENING)


def decode_text(content: bytes) -> str | Failure:
    """The text of a file's content: UTF-8, or what its byte order mark says."""
    if len(content) > MAX_BYTES:
        return Failure(f"larger than {MAX_BYTES // 2**20} MiB")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        position = Position(content.count(b"\n", 0, error.start) + 1, 0)
        return Failure("error converting YAML to JSON: yaml: invalid UTF-8 octet", position, hint=UTF8_HINT)
    return text.replace("\r\n", "\n") if "\r" in text else text


def read_standard_input(stdin: IO[str] | None) -> str | Failure:
    """All of standard input (of `stdin`, if one is given)."""
    if stdin is None:
        return decode_text(sys.stdin.buffer.read(MAX_BYTES + 1))
    return decode_text(stdin.read(MAX_BYTES + 1).encode())
