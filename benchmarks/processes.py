"""I/O: the processes that are measured: started, waited for, their CPU time and memory read from /proc, ended."""

import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30.0


class StartFailedError(Exception):
    """A process ended before it was ready, or was never ready; the text holds its last words."""


class Running:
    """A started program with all its children."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(env or {})}
            )

    @property
    def pids(self) -> list[int]:
        """The process and all that came from it."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))):
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        found = [self._process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time up to now, with that of children that have ended."""
        return sum(sum(map(int, fields[11:15])) for pid in self.pids if (fields := _stat(pid))) / _TICKS

    def resident_bytes(self) -> int:
        """What is in memory now; a page that several processes share counts once."""
        return sum(_proportional(pid) for pid in self.pids)

    def peak_bytes(self) -> int:
        """The most that was in memory, process by process."""
        return sum(_status(pid, "VmHWM") for pid in self.pids)

    def descriptors(self) -> int:
        """The most file descriptors that one of the processes has open."""
        return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids)

    def check(self) -> None:
        """Raise StartFailedError when it has ended."""
        if self._process.poll() is not None:
            words = self.log.read_text(errors="replace")[-2000:]
            raise StartFailedError(f"{self._process.args!r} has ended ({self._process.returncode}): {words}")

    def stop(self) -> None:
        """End it now."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                for pid in reversed(self.pids):
                    os.kill(pid, signal.SIGKILL)
                self._process.wait()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; none when the process is gone. Number 1 is the parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _status(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)


def _proportional(pid: int) -> int:
    """The process's share of the memory that it uses (proc_pid_smaps(5): Pss)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return _status(pid, "VmRSS")
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def wait_for_tcp(address: str, port: int, process: Running) -> None:
    """Return once somebody listens there. Raises StartFailedError."""
    for _ in _attempts(process):
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return


def wait_for_udp(address: str, port: int, query: bytes, process: Running) -> None:
    """Return once the datagram is answered. Raises StartFailedError."""
    for _ in _attempts(process):
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.connect((address, port))
                probe.send(query)
                probe.recv(4096)
            except (TimeoutError, ConnectionRefusedError):
                continue
            except OSError as error:
                if error.errno != errno.ENETUNREACH:  # its address is not there yet
                    raise
                continue
            return


def _attempts(process: Running) -> Iterator[None]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        process.check()
        yield
        time.sleep(0.01)
    raise StartFailedError(f"not ready within {START_SECONDS:.0f} s: {process.log.read_text(errors='replace')[-2000:]}")
