"""How an agent ends and begins again, and what its supervisor hears; functions without `test_` run in namespaces."""

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .agents import (
    CLUSTERLESS,
    HANG_SECONDS,
    Agent,
    connected,
    endpoints,
    ip,
    make_host,
    ours,
    reach,
    service,
    write,
)
from .conftest import InNamespace
from .operating import VIP, host_and_folder, until

RESTART_SECONDS = 10 * 1.0  # ten times the promise
SO_TIMESTAMPNS = 35  # asm-generic/socket.h: each datagram comes with the time at which it was sent
TIMESPEC = struct.Struct("@ll")


class Clients:
    """Threads that connect over and over, until the first refusal."""

    def __init__(self, count: int) -> None:
        self.served = 0
        self.faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._connect) for _ in range(count)]
        for each in self._threads:
            each.start()

    def _connect(self) -> None:
        try:
            while True:
                with socket.create_connection((VIP, 80), timeout=HANG_SECONDS) as connection:
                    assert connection.recv(5) == b"hello"
                self.served += 1
        except ConnectionRefusedError:
            return
        except (OSError, AssertionError) as error:
            self.faults.append(error)

    def join(self) -> None:
        for each in self._threads:
            each.join(HANG_SECONDS)


def sigterm_under_load_loses_nothing_that_was_served() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}", "--shutdown-grace-period=3600") as agent:
        held = [connected(VIP) for _ in range(50)]
        clients = Clients(4)
        until(lambda: clients.served > 200)
        agent.process.terminate()
        agent.wait_for_event("stopping")
        clients.join()
        for each in held:
            each.sendall(b"more")
            assert each.recv(4) == b"more"
            each.close()
        assert agent.process.wait(HANG_SECONDS) == 0
    # Who was accepted and not yet joined may be reset; whoever was served was served to the end.
    assert all(isinstance(each, ConnectionResetError) for each in clients.faults), clients.faults
    assert ours() == ""


def a_killed_pair_leaves_routes_that_the_next_start_clears() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        helper = agent.helper
        os.kill(helper, signal.SIGSTOP)  # or it would notice that the program is gone, and clean up
        end = os.pidfd_open(helper)
        agent.stop(signal.SIGKILL)
        os.kill(helper, signal.SIGKILL)
        assert select.select([end], [], [], HANG_SECONDS)[0]
        os.close(end)
    assert VIP in ours()
    (folder / "first.json").unlink()
    write(folder / "second.json", service("second", clusterIP="10.96.1.2"), endpoints("second"))
    with Agent(f"-f{folder}") as agent:
        assert reach("10.96.1.2") == "hello"
        assert agent.seconds < RESTART_SECONDS
        assert VIP not in ours()


def cleanup_takes_back_what_is_left() -> None:
    make_host()
    ip("route", "add", "local", VIP, "dev", "lo", "proto", "196")
    cleanup = [*CLUSTERLESS, "up", "--cleanup"]
    assert subprocess.run(cleanup, check=False, timeout=HANG_SECONDS).returncode == 0
    assert ours() == ""
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "first.json", service("first", clusterIP=VIP), endpoints("first"))
    with Agent(f"-f{folder}"):
        done = subprocess.run(cleanup, check=False, timeout=HANG_SECONDS, capture_output=True, text=True)
        assert done.returncode == 1
        assert "another clusterless" in done.stderr
        assert VIP in ours()


class Supervisor:
    """Reads what a service says, as systemd does."""

    def __init__(self) -> None:
        self.said_at = 0.0  # in seconds since 1970: when what was heard last was said, however late it was heard
        self.path = tempfile.mkdtemp(dir="/run") + "/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(HANG_SECONDS)
        self.socket.bind(self.path)

    def hear(self, *fields: str) -> dict[str, str]:
        """The next state that has all these fields."""
        while True:
            data, [(_, _, packed)], _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(TIMESPEC.size))
            said = dict(line.split("=", 1) for line in data.decode().split("\n"))
            if set(fields) <= said.keys():
                seconds, nanoseconds = TIMESPEC.unpack(packed)
                self.said_at = seconds + nanoseconds / 1e9
                return said


@contextlib.contextmanager
def supervised(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Supervisor]]:
    supervisor = Supervisor()
    process = subprocess.Popen(
        [*CLUSTERLESS, "up", f"-f{folder}"],
        env={**os.environ, **environment, "NOTIFY_SOCKET": supervisor.path},
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process, supervisor
    finally:
        process.kill()
        process.wait(HANG_SECONDS)
        supervisor.socket.close()


def a_supervisor_is_told_of_everything() -> None:
    folder = host_and_folder()
    with supervised(folder) as (process, supervisor):
        assert supervisor.hear("READY")["STATUS"].startswith("Serving 3 Services, generation 1")
        before = time.monotonic_ns() // 1000
        process.send_signal(signal.SIGHUP)
        reloading = supervisor.hear("RELOADING")
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        supervisor.hear("READY")
        write(folder / "second.json", service("second"))
        while "generation 2" not in supervisor.hear("STATUS")["STATUS"]:
            pass  # generation 1 again, for a host whose addresses have changed
        process.terminate()
        supervisor.hear("STOPPING")
        assert process.wait(HANG_SECONDS) == 0


def a_watchdog_hears_signs_of_life_until_it_hangs() -> None:
    folder = host_and_folder()
    with supervised(folder, WATCHDOG_USEC="200000") as (process, supervisor):
        supervisor.hear("READY")
        ready_at = supervisor.said_at
        for _ in range(5):
            supervisor.hear("WATCHDOG")
        assert 0.3 < supervisor.said_at - ready_at < 5
        process.send_signal(signal.SIGSTOP)
        supervisor.socket.settimeout(1)
        with contextlib.suppress(TimeoutError):
            for _ in range(100):  # what was said before it was stopped, which this process may have been slow to read
                supervisor.hear("WATCHDOG")
            raise AssertionError("a process that is stopped gives signs of life")


@pytest.mark.reliability(48)
@pytest.mark.parametrize(
    "function",
    [
        sigterm_under_load_loses_nothing_that_was_served,
        a_killed_pair_leaves_routes_that_the_next_start_clears,
        cleanup_takes_back_what_is_left,
    ],
)
def test_it_ends_and_begins_again(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize(
    "function", [a_supervisor_is_told_of_everything, a_watchdog_hears_signs_of_life_until_it_hangs]
)
def test_a_supervisor_knows_how_it_is(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)
