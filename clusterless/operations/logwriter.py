"""Writes log lines to standard error and never waits for it: whoever does not read it does not hold up connections."""

import contextlib
import os
import queue
import threading

STDERR = 2
# Lines that wait for a slow reader. What comes when there are so many is lost, and counted.
MOST_WAITING = 4096
# How long the end of the program waits for a reader that may have gone to sleep.
LAST_SECONDS = 1.0


class LogWriter:
    """Writes at once until `detach`; from then on a thread of its own writes."""

    def __init__(self) -> None:
        self.lost = 0  # lines that standard error did not take
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._forked)

    def write(self, line: bytes) -> None:
        """Write a line, or have it written."""
        if self._thread is None:
            self._write_now(line)
            return
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def detach(self) -> None:
        """Have a thread write from now on. To be called when the process forks no more, or in the child."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_waiting, name="log", daemon=True)
            self._thread.start()

    def attach(self) -> None:
        """Write at once again, after what waits, for which a reader has a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put(None, timeout=LAST_SECONDS)
                thread.join(LAST_SECONDS)

    def _write_waiting(self) -> None:
        while (line := self._waiting.get()) is not None:
            self._write_now(line)

    def _write_now(self, line: bytes) -> None:
        """A full disk, a closed pipe and the like cost the line, and nothing else."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(STDERR, rest) :]
        except OSError:  # whatever it is, there is nobody whom it could be told
            self.lost += 1

    def _forked(self) -> None:
        """In the child there is no such thread, and what waits is the parent's."""
        self._thread = None
        self._waiting = queue.Queue(MOST_WAITING)


def reserve_standard_descriptors() -> None:
    """Put /dev/null where a standard stream is closed: else a socket would get its number, and the log's lines."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= STDERR:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
