"""I/O: lets a user sit at a terminal that is somewhere else: keys go there, and what it shows comes here."""

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import termios
import tty
from collections.abc import Iterator
from types import FrameType

_IN, _OUT = 0, 1
_CHUNK = 65536


def size_of(terminal: int) -> tuple[int, int]:
    """Its rows and columns."""
    columns, rows = os.get_terminal_size(terminal)
    return rows, columns


def at_terminal(controller: int, ended: int) -> None:
    """Pass everything on between our terminal and the other, and its size, until the descriptor `ended` has news."""
    os.set_blocking(controller, False)  # who pastes much must not keep us from showing what comes of it
    with _raw(), _following_size(controller):
        keys = b""
        watched = {_IN, controller, ended}
        while True:
            listening = watched - {_IN} if keys else watched
            readable, writable, _ = select.select(listening, [controller] if keys else [], [])
            if controller in readable and not _show(controller):
                watched.discard(controller)  # nobody has it open any more: the news comes at once
                keys, writable = b"", []
            if ended in readable:
                while controller in watched and select.select([controller], [], [], 0)[0] and _show(controller):
                    pass  # what the command wrote last
                return
            if writable:
                keys = keys[os.write(controller, keys) :]
            if _IN in readable:
                keys = os.read(_IN, _CHUNK)
                if not keys:
                    watched.discard(_IN)


def _show(controller: int) -> bool:
    """Whether the other terminal is still somebody's."""
    try:
        data = os.read(controller, _CHUNK)
    except OSError as error:
        if error.errno != errno.EIO:  # nobody has it open on its other side
            raise
        return False
    while data:
        data = data[os.write(_OUT, data) :]
    return True


@contextlib.contextmanager
def keeping_terminal() -> Iterator[None]:
    """Leave our terminal as it was, also when a shell that changed it was killed while it had it to itself."""
    if not os.isatty(_IN):
        yield
        return
    before = termios.tcgetattr(_IN)
    try:
        yield
    finally:
        ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with contextlib.suppress(termios.error, PermissionError, ProcessLookupError):  # it is somebody else's by now
            os.tcsetpgrp(_IN, os.getpgrp())
            termios.tcsetattr(_IN, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTTOU, ignored)


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Every key goes through, Ctrl-C too."""
    before = termios.tcgetattr(_IN)
    tty.setraw(_IN, termios.TCSADRAIN)  # what was typed ahead is kept
    try:
        yield
    finally:
        termios.tcsetattr(_IN, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _following_size(controller: int) -> Iterator[None]:
    def resize(_number: int, _frame: FrameType | None) -> None:
        rows, columns = size_of(_IN)
        fcntl.ioctl(controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    before = signal.signal(signal.SIGWINCH, resize)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
