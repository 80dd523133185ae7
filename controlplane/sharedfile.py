"""I/O: a file that one process writes, the holder of a lock beside it, and that others read.

It is replaced by rename, so that a reader sees the old or the new content and nothing in between. The lock is the
kernel's (`flock`), so that it goes when its holder does, however it ends.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

_Content = TypeVar("_Content")

LOCK_FILE = "lock"


class StateError(Exception):
    """The folder cannot be used, or its file has other content; the text says which and what to do."""


class SharedFile(Generic[_Content]):
    """The JSON file `name` in the folder `path`, which is made when somebody means to write."""

    def __init__(self, path: Path, name: str, content: type[_Content]) -> None:
        self.path = path
        self._name = name
        self._decoder = msgspec.json.Decoder(content)
        self._lock = -1

    @property
    def is_holder(self) -> bool:
        """Whether this process may write."""
        return self._lock >= 0

    def hold(self) -> bool:
        """Try to become the holder; false while another process is, or where the folder is read-only."""
        if self.is_holder:
            return True
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except (PermissionError, FileNotFoundError, NotADirectoryError, FileExistsError) as error:
            raise StateError(f"--state-dir {self.path}: {error.strerror}") from error
        except OSError as error:
            if error.errno == errno.EROFS:  # a follower may be given the directory read-only
                return False
            raise
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def read(self) -> _Content | None:
        """The content; `None` where there is no file yet. Raises StateError for a file with something else in it."""
        path = self.path / self._name
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return self._decoder.decode(text)
        except msgspec.DecodeError as error:
            raise StateError(f"{path}: {error}; move it away to let everything be decided anew") from error

    def save(self, content: _Content) -> None:
        """Replace the file. Only the holder may; raises OSError where the disk refuses, the old file stays then."""
        assert self.is_holder, "only the holder of the lock writes"
        temporary = self.path / f".{self._name}.{os.getpid()}"
        try:
            temporary.write_bytes(msgspec.json.encode(content))
            temporary.replace(self.path / self._name)
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process become the holder."""
        if self.is_holder:
            os.close(self._lock)
            self._lock = -1
