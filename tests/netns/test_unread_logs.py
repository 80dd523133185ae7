"""A log that nobody reads, or that samples; functions without `test_` run inside namespaces."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .agents import BACKEND, CLUSTERLESS, HANG_SECONDS, NODE, Agent, reach
from .conftest import InNamespace
from .operating import VIP, got, host_and_folder, metric, until

CONNECTIONS = 100  # with a line of 200 bytes or more each
PIPE_BYTES = 4096
LONGEST_LINE = 1024


def chatty(folder: Path, stderr: int | None, command: str = "") -> subprocess.Popen[bytes]:
    """An agent that logs each connection to something that does not read."""
    arguments = [*CLUSTERLESS, "up", f"-f{folder}", "--access-log=1", "--logging-format=json"]
    line = ["sh", "-c", f'exec "$0" "$@" {command}', *arguments] if command else arguments
    return subprocess.Popen(line, stderr=stderr, stdout=subprocess.DEVNULL)


def serves_on(process: subprocess.Popen[bytes]) -> None:
    """More log lines than a pipe holds, and every client is served; then it stops in good order."""
    try:
        until(is_ready)
        for _ in range(CONNECTIONS):
            assert reach(VIP) == "hello"
        assert metric("clusterless_connections_accepted_total", service="first") == CONNECTIONS
        process.terminate()
        assert process.wait(HANG_SECONDS) == 0
    finally:
        process.kill()
        process.wait(HANG_SECONDS)


def is_ready() -> bool:
    try:
        return "generation" in got("/readyz")
    except OSError:
        return False


def a_log_that_nobody_reads_holds_up_nobody() -> None:
    folder = host_and_folder()
    unread, written = os.pipe()
    fcntl.fcntl(written, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    process = chatty(folder, written)
    try:
        serves_on(process)
        assert len(os.read(unread, 1 << 20)) > PIPE_BYTES - LONGEST_LINE, "the pipe is full"
    finally:
        os.close(unread)
        os.close(written)


def a_log_that_cannot_be_written_holds_up_nobody() -> None:
    folder = host_and_folder()
    unread, written = os.pipe()
    os.close(unread)
    serves_on(chatty(folder, written))
    for command in ("2>/dev/full", "0<&- 1>&- 2>&-"):
        serves_on(chatty(folder, None, command))


def the_access_log_samples() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}", "--access-log=5") as agent:
        for _ in range(10):
            reach(VIP)
        until(lambda: metric("clusterless_connections_active") == 0)
        assert agent.stop() == 0
        agent._reader.join(HANG_SECONDS)
        entries = [json.loads(line) for line in agent.lines if '"connection"' in line]
        assert len(entries) == 2
        assert entries[0]["endpoint"] == f"{NODE}:{BACKEND}"
        assert entries[0]["bytes_out"] == 5


@pytest.mark.reliability(53)
@pytest.mark.parametrize(
    "function", [a_log_that_nobody_reads_holds_up_nobody, a_log_that_cannot_be_written_holds_up_nobody]
)
def test_the_log_never_holds_up_a_connection(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function, timeout=55)


def test_the_access_log_has_one_connection_in_so_many(in_namespace: InNamespace):
    in_namespace(the_access_log_samples)
