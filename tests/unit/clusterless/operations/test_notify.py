"""What a supervisor is told, and that one that does not listen delays nobody."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterless.operations import notify


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield receiver


@pytest.mark.parametrize("tell", [notify.started, notify.ready])
def test_ready_comes_with_a_status(supervisor: socket.socket, tell: Callable[[str], None]):
    tell("Serving.")
    assert supervisor.recv(100) == b"READY=1\nSTATUS=Serving."


def test_a_reload_has_its_time(supervisor: socket.socket):
    before = time.monotonic_ns() // 1000
    notify.reloading()
    first, second = supervisor.recv(100).decode().split("\n")
    name, _, value = second.partition("=")
    assert (first, name) == ("RELOADING=1", "MONOTONIC_USEC")
    assert before <= int(value) <= time.monotonic_ns() // 1000


def test_an_abstract_address_is_one(monkeypatch: pytest.MonkeyPatch):
    name = f"clusterless-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}")
        receiver.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify.notify("READY=1")
        assert receiver.recv(100) == b"READY=1"


def test_a_status_that_finds_no_room_is_dropped_at_once(supervisor: socket.socket):
    started = time.monotonic()
    for number in range(3000):  # more than a queue of datagrams holds
        notify.status(str(number))
    assert time.monotonic() - started < 10
    assert supervisor.recv(100) == b"STATUS=0"


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_without_a_listener_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify.stopping()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_sign_of_life_comes_twice_as_often_as_it_is_expected(environment: dict[str, str], seconds: float | None):
    assert notify.watchdog_seconds(environment, 7) == seconds


async def test_an_unhealthy_program_gives_no_sign_of_life(supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch):
    import asyncio

    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    health = iter([False, False, True])
    asked: list[bool] = []

    def is_healthy() -> bool:
        asked.append(next(health, True))
        return asked[-1]

    task = asyncio.get_running_loop().create_task(notify.keep_watchdog(is_healthy))
    assert await asyncio.to_thread(supervisor.recv, 100) == b"WATCHDOG=1"
    task.cancel()
    assert asked[:3] == [False, False, True]
