"""I/O: how the program carries many Services: start to ready, memory, and one changed Service among all."""

import http.client
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from . import manifests, queries, titles
from .contestants import Stage
from .model import Measured, Sample
from .processes import Running
from .titles import HAPROXY, OURS
from .world import DNS_PORT

_LIMIT_SECONDS = 60.0
_DNS_ADDRESS = "10.96.0.10"
_METRICS = ("127.0.0.1", 10249)
_HAPROXY = """
global
  nbthread 1
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
"""


def scale(folder: Path, *, quick: bool) -> Iterator[Measured]:
    """All of it; HAProxy with as many frontends stands beside it."""
    for services, rounds in ((10, 3), (1000, 2)) if quick else ((10, 5), (100, 3), (1000, 3), (10_000, 2)):
        path = folder / f"{services}.yaml"
        path.write_text(manifests.many(services))
        ours = [_start(folder, path, services) for _ in range(rounds)]
        yield _measured(titles.ready(services), "s", OURS, [sample for sample, _ in ours])
        yield _measured(titles.memory(services), "MiB", OURS, [Sample(memory / 2**20) for _, memory in ours])
        peers = [_start_haproxy(folder, services) for _ in range(rounds)]
        yield _measured(titles.ready(services), "s", HAPROXY, [sample for sample, _ in peers])
        yield _measured(titles.memory(services), "MiB", HAPROXY, [Sample(memory / 2**20) for _, memory in peers])
    many = 1000 if quick else 10_000
    yield from _changes(folder, many, 3 if quick else 5)
    if not quick:
        yield _opening(folder)


def _start(folder: Path, path: Path, services: int) -> tuple[Sample, int]:
    """From the start of the process until /readyz says so, and the last Service's listener and name are there."""
    with _agent(folder, path) as agent:
        seconds = _until(agent, lambda: _is_ready() and _answers(services - 1))
        assert _is_open(manifests.cluster_ip(services - 1), 80)
        return Sample(seconds), agent.resident_bytes()


def _start_haproxy(folder: Path, services: int) -> tuple[Sample, int]:
    """The same for HAProxy, without the names."""
    blocks = (
        f"listen {manifests.name(number)}\n  bind {_peer_address(number)}:80\n"
        + "".join(f"  server s{place} {each}:80\n" for place, each in enumerate(manifests.endpoints(number)))
        for number in range(services)
    )
    path = folder / f"{services}.cfg"
    path.write_text(_HAPROXY + "".join(blocks))
    with _Ended(folder, "haproxy-many", ["haproxy", "-db", "-f", str(path)]) as running:
        seconds = _until(running, lambda: _is_open(_peer_address(services - 1), 80))
        return Sample(seconds), running.resident_bytes()


def _changes(folder: Path, services: int, rounds: int) -> Iterator[Measured]:
    """One big file, rewritten: a Service gets another port, and a new Service comes. Time counts from the rename."""
    path = folder / "changing.yaml"
    text = manifests.many(services)
    path.write_text(text)
    listener: list[Sample] = []
    names: list[Sample] = []
    changed = manifests.numbered(services // 2)
    with _agent(folder, path) as agent:
        _until(agent, lambda: _is_ready() and _answers(services - 1))
        for number in range(rounds):
            port, new = 8081 + number, services + number
            text = text.replace(changed, changed := manifests.numbered(services // 2, [("http", port, "TCP")]))
            text += manifests.numbered(new)
            (folder / "next.yaml").write_text(text)
            os.replace(folder / "next.yaml", path)
            agent.started = time.monotonic()
            listener.append(Sample(_until(agent, partial(_is_open, manifests.cluster_ip(services // 2), port))))
            names.append(Sample(_until(agent, partial(_answers, new))))
    yield _measured(titles.changed_listener(services), "s", OURS, listener)
    yield _measured(titles.changed_name(services), "s", OURS, names)


def _opening(folder: Path) -> Measured:
    """Two ports each, as many Services as descriptors allow: how long the addresses and listeners alone take."""
    services = 9500
    path = folder / "two.yaml"
    ports = [("http", 80, "TCP"), ("https", 443, "TCP")]
    path.write_text("".join(manifests.numbered(number, ports) for number in range(services)))
    with _agent(folder, path) as agent:
        _until(agent, lambda: _is_ready() and _answers(services - 1))
        said = re.search(r'"snapshot applied".* seconds=([\d.]+)', agent.log.read_text())
        assert said is not None
        return _measured(titles.opening(2 * services), "s", OURS, [Sample(float(said.group(1)))])


class _Ended(Stage):
    """One process, which ends with the block."""

    def __init__(self, folder: Path, name: str, command: list[str]) -> None:
        super().__init__(folder)
        self._name, self._command = name, command

    def __enter__(self) -> Running:
        return self.start(self._name, self._command)

    def __exit__(self, *_: object) -> None:
        self.stop()


def _agent(folder: Path, path: Path) -> _Ended:
    return _Ended(
        folder, "up", [sys.executable, "-m", "clusterless", "up", "-f", str(path), "--shutdown-grace-period", "0"]
    )


def _until(running: Running, condition: Callable[[], bool]) -> float:
    """Seconds from the start of the process, or from what was set as that, until the condition holds."""
    while not condition():
        running.check()
        if time.monotonic() - running.started > _LIMIT_SECONDS:
            raise TimeoutError(f"not within {_LIMIT_SECONDS:.0f} s: {running.log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.005)
    return time.monotonic() - running.started


def _is_ready() -> bool:
    connection = http.client.HTTPConnection(*_METRICS, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (ConnectionError, TimeoutError):
        return False
    finally:
        connection.close()


def _is_open(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def _answers(number: int) -> bool:
    """Whether the Service's name has its address."""
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect((_DNS_ADDRESS, DNS_PORT))
            asking.send(queries.packet(f"{manifests.name(number)}.default.svc.cluster.local"))
            answer = asking.recv(512)
        except OSError:  # not there yet
            return False
        return socket.inet_aton(manifests.cluster_ip(number)) in answer


def _peer_address(number: int) -> str:
    return f"10.4.{number // 250}.{number % 250 + 1}"


def _measured(name: str, unit: str, contestant: str, samples: list[Sample]) -> Measured:
    return Measured(workload=name, unit=unit, contestant=contestant, samples=tuple(samples), is_cost=True)
