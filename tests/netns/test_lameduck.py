"""What is asked of DNS after SIGTERM, as `health { lameduck }` promises; functions without `test_` run inside."""

import contextlib
import http.client
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .agents import NODE, Agent, Backend, asked, connected, endpoints, make_host, service, write
from .conftest import InNamespace

FIRST = "10.96.1.1"
SHORT_SECONDS = 0.3
HEALTH = 8090


def arguments(lameduck: str) -> tuple[str, str]:
    """A host with a backend, and what an agent on it is to be called with."""
    make_host()
    Backend()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "first.json", service("first", clusterIP=FIRST), endpoints("first"))
    corefile = Path(tempfile.mkdtemp(dir="/run")) / "Corefile"
    corefile.write_text(f". {{\n health :{HEALTH} {{\n lameduck {lameduck}\n }}\n kubernetes cluster.local\n}}\n")
    return f"-f{folder}", f"--corefile={corefile}"


def it_answers_on_until_a_second_signal() -> None:
    with Agent(*arguments("1h"), "--shutdown-grace-period=3600", command="dns") as agent:
        os.kill(agent.pid, signal.SIGTERM)
        agent.wait_for_event("DNS answers on as a lame duck", seconds=3600.0)
        assert asked("first") == FIRST
        with contextlib.closing(http.client.HTTPConnection(NODE, HEALTH, timeout=10)) as probe:
            probe.request("GET", "/health")
            assert probe.getresponse().read() == b"OK"
        assert agent.stop() == 0


def it_ends_by_itself(lameduck: str, grace: str) -> None:
    with Agent(*arguments(lameduck), f"--shutdown-grace-period={grace}", command="dns") as agent:
        before = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - before >= SHORT_SECONDS


def a_proxy_beside_it_does_not_wait_for_it() -> None:
    with Agent(*arguments("1h"), "--shutdown-grace-period=3600") as agent:
        with connected(FIRST) as connection:
            os.kill(agent.pid, signal.SIGTERM)
            agent.wait_for_event("stopping")
            connection.sendall(b"still there")
            assert connection.recv(100) == b"still there"
            assert asked("first") == FIRST
        assert agent.process.wait(10) == 0


@pytest.mark.parametrize("function", [it_answers_on_until_a_second_signal, a_proxy_beside_it_does_not_wait_for_it])
def test_queries_are_answered_after_sigterm(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize(("lameduck", "grace"), [("300ms", "60"), ("1h", "0.3")])
def test_a_lame_duck_ends_after_its_time_or_the_grace_period(in_namespace: InNamespace, lameduck: str, grace: str):
    in_namespace(it_ends_by_itself, lameduck, grace)
