"""Notices that a configuration file on disk is another one, so that it takes effect without being told."""

import time
from pathlib import Path

# Most editors and tools empty a file first and write it then. One that stays empty is noticed by a later look.
EMPTIED_SECONDS = 1.0


class FileStamp:
    """The file as it was seen last; an empty path stands for no file, which never changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = self._look()

    @property
    def watched(self) -> tuple[str, ...]:
        """What to watch."""
        return (self._path,) if self._path else ()

    def has_changed(self) -> bool:
        """Whether it is another one than at the last call; a file that is gone is another one too.

        One that was emptied a moment ago is about to be written, and no other one yet.
        """
        found = self._look()
        if found == self._seen or (found is not None and _is_just_emptied(*found)):
            return False
        self._seen = found
        return True

    def _look(self) -> tuple[int, int, int] | None:
        """Which file it is, how long, and when it was written; links are followed, as ConfigMap volumes have them."""
        if not self._path:
            return None
        try:
            found = Path(self._path).stat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def _is_just_emptied(_inode: int, size: int, written_ns: int) -> bool:
    """A time in the future is another machine's clock."""
    return size == 0 and 0 <= time.time_ns() - written_ns < EMPTIED_SECONDS * 1e9
