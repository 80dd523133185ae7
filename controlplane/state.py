"""I/O: keeps what was decided in a directory that several agents share; the holder of its lock writes, all others read.

The state is one JSON file, replaced by rename so that a reader sees the old or the new one and nothing in between.
"""

import errno
import fcntl
import os
from pathlib import Path

import msgspec

from .clusterstate import ClusterState

STATE_FILE = "state.json"
LOCK_FILE = "lock"


class StateError(Exception):
    """The directory cannot be used, or its file is no state; the text says which and what to do."""


class StateDirectory:
    """`--state-dir`. The lock is the kernel's (`flock`), so that it goes when its holder does, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    @property
    def is_holder(self) -> bool:
        """Whether this process decides, and may write."""
        return self._lock >= 0

    def hold(self) -> bool:
        """Try to become the holder; false while another process is, or where the directory is read-only."""
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

    def load(self) -> ClusterState:
        """What was decided so far; an empty state where nothing was. Raises StateError for a file that is no state."""
        try:
            text = (self.path / STATE_FILE).read_bytes()
        except FileNotFoundError:
            return ClusterState()
        try:
            return msgspec.json.decode(text, type=ClusterState)
        except msgspec.DecodeError as error:
            path = self.path / STATE_FILE
            raise StateError(f"{path}: {error}; move it away to let everything be decided anew") from error

    def save(self, state: ClusterState) -> None:
        """Replace the file. Only the holder may; raises OSError where the disk refuses, the old file stays then."""
        assert self.is_holder, "only the holder of the lock writes the state"
        temporary = self.path / f".{STATE_FILE}.{os.getpid()}"
        try:
            temporary.write_bytes(msgspec.json.encode(state))
            temporary.replace(self.path / STATE_FILE)
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process become the holder."""
        if self.is_holder:
            os.close(self._lock)
            self._lock = -1
