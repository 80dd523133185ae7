"""I/O: where running labs are reached: a socket each, by name, in a folder that is its user's alone."""

import fcntl
import os
import re
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from .processes import RUN

INSIDE = RUN / "control.sock"  # where a lab is reached by what runs in it
DEFAULT_NAME = "lab"

_SUFFIX = ".sock"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")
_PATIENCE = struct.pack("ll", 5, 0)  # 5 s (a timeval) for a place in the queue of a lab that takes nobody in just now


class PlaceError(Exception):
    """A lab cannot be reached, or cannot have that name; the text says why, and what to do."""


def claim(name: str) -> tuple[str, socket.socket]:
    """A listening socket for a new lab of this name, or without one of the first default name that is free.

    Raises PlaceError.
    """
    if name and not _NAME.fullmatch(name):
        raise PlaceError(f"{name!r} cannot be a lab's name: small letters, digits and -, 42 at the most")
    with _locked(_folder()) as folder:
        for candidate in [name] if name else _default_names():
            path = folder / f"{candidate}{_SUFFIX}"
            if not is_served(path):
                path.unlink(missing_ok=True)
                return candidate, listening(path)
        raise PlaceError(f'a lab named "{name}" runs already: give another --name, or end it with `lab stop {name}`')


def listening(path: Path) -> socket.socket:
    """A socket that listens there; only its own user may connect."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(64)
    return listener


def release(name: str) -> None:
    """Forget a lab that has ended."""
    with _locked(_folder()) as folder:
        path = folder / f"{name}{_SUFFIX}"
        if not is_served(path):
            path.unlink(missing_ok=True)


def running() -> list[str]:
    """The names of this user's running labs, sorted; what others left behind is cleared away."""
    with _locked(_folder()) as folder:
        found = []
        for path in folder.glob(f"*{_SUFFIX}"):
            if is_served(path):
                found.append(path.name.removesuffix(_SUFFIX))
            else:
                path.unlink(missing_ok=True)
        return sorted(found)


def connect(name: str) -> socket.socket:
    """A connection to a running lab: the one of that name, else the one that we are in, else the only one.

    Raises PlaceError.
    """
    if not name and INSIDE.exists():
        return _reached(INSIDE)
    labs = running()
    if name and name not in labs:
        others = f"; those that run: {', '.join(labs)}" if labs else ""
        raise PlaceError(f'no lab named "{name}" runs{others}')
    if not labs:
        raise PlaceError("no lab runs: start one with `clusterless lab -f MANIFESTS`")
    if not name and len(labs) > 1:
        raise PlaceError(f"several labs run: say which one with --name: {', '.join(labs)}")
    return _reached(_folder() / f"{name or labs[0]}{_SUFFIX}")


def _default_names() -> Iterator[str]:
    yield DEFAULT_NAME
    yield from (f"{DEFAULT_NAME}-{number}" for number in count(2))


def _folder() -> Path:
    """The folder, made if it is not there. Raises PlaceError where it is, or may become, somebody else's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK):
        top = Path(runtime, "clusterless")
    else:
        top = Path(tempfile.gettempdir(), f"clusterless-{os.getuid()}")
    try:
        for path in (top, top / "labs"):
            path.mkdir(mode=0o700, exist_ok=True)
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
                raise PlaceError(f"{path} must be a folder that only user {os.getuid()} can write to")
    except (PermissionError, FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise PlaceError(f"{error.filename}: {error.strerror}") from error
    return top / "labs"


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(descriptor)


def is_served(path: Path) -> bool:
    """Whether a process listens there still, be it stopped (SIGSTOP): the kernel refuses where none does."""
    with _unconnected() as probe:
        probe.settimeout(0)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # its queue is full, so that somebody has it
            return True
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


def _reached(path: Path) -> socket.socket:
    connection = _unconnected()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)  # Python's own fails at once (unix(7))
    try:
        connection.connect(str(path))
    except (BlockingIOError, ConnectionRefusedError, FileNotFoundError, PermissionError) as error:
        connection.close()
        reason = "its queue is full" if isinstance(error, BlockingIOError) else error.strerror
        raise PlaceError(f"the lab does not answer at {path}: {reason}") from error
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bytes(len(_PATIENCE)))
    return connection


def _unconnected() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
