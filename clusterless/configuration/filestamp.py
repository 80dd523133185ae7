"""Notices that a configuration file on disk is another one, so that it takes effect without being told."""

from pathlib import Path


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
        """Whether it is another one than at the last call; a file that is gone is another one too."""
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> tuple[int, int, int] | None:
        """Which file it is, how long, and when it was written; links are followed, as ConfigMap volumes have them."""
        if not self._path:
            return None
        try:
            found = Path(self._path).stat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
