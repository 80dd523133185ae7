"""I/O: what is measured of relays of streams: bulk, connections, requests, fairness, and memory of idle connections."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from . import generators, titles
from .contestants import Contestant
from .model import Sample
from .rounds import Workload
from .titles import (
    CONNECTIONS,
    FAIRNESS,
    HAPROXY,
    HAPROXY_LARGE,
    HAPROXY_TWO,
    IDLE,
    NGINX,
    NOBODY,
    OURS,
    OURS_TWO,
    SOCAT,
)
from .world import BULK_PORT, HTTP_PORT

ONE_CORE = (NOBODY, HAPROXY, HAPROXY_LARGE, NGINX, OURS)
BULK_BESIDE = 8
CONNECTING_CLIENTS = 32


def streams(folder: Path, idle: int, *, quick: bool) -> Iterator[Workload]:
    """All of them; `idle` is how many idle connections are opened."""
    # First, while the processes are young: later they would use memory again that others had.
    yield Workload(
        IDLE,
        "KiB",
        lambda each: _idle_memory(each, idle // 10 if quick else idle),
        ONE_CORE[1:],
        is_cost=True,
        rounds=1,
    )
    rounds = {} if quick else {1: 4, 64: 2}  # one stream varies most, and of 64 nothing is promised
    for number in (1, 8) if quick else (1, 8, 64):
        for downwards in (True,) if quick else (True, False):
            yield _bulk(number, downwards=downwards)._replace(rounds=rounds.get(number, 0))
    yield _connections(folder)._replace(rounds=0 if quick else 4)
    for number in (32,) if quick else (1, 32, 1000):
        yield _requests(folder, number)
    fairness = Workload(
        FAIRNESS, "1/s", lambda each: _beside_bulk(folder, each), ONE_CORE[1:], work_unit="1,000 requests"
    )
    yield fairness._replace(rounds=0 if quick else 2)


def streams_on_two_cores(folder: Path) -> Iterator[Workload]:
    """Those of them that more than one core may make faster."""
    for each in (_bulk(8, downwards=True), _connections(folder), _requests(folder, 32)):
        yield each._replace(contestants=(HAPROXY_TWO, OURS_TWO), rounds=2)


def _connections(folder: Path) -> Workload:
    return Workload(
        CONNECTIONS,
        "1/s",
        lambda each: _connect(folder, each),
        ONE_CORE,
        work_unit="1,000 connections",
    )


def _bulk(number: int, *, downwards: bool) -> Workload:
    return Workload(
        titles.bulk(number, downwards=downwards),
        "Gbit/s",
        lambda each: generators.iperf3(each.bulk(), BULK_PORT, number, 1, downwards=downwards),
        (*ONE_CORE, SOCAT) if number == 1 else ONE_CORE,
        work_unit="GB",
    )


def _connect(folder: Path, each: Contestant) -> Sample:
    sample = generators.wrk(folder, each.address, HTTP_PORT, CONNECTING_CLIENTS, 1, closes=True)
    return sample._replace(work=sample.work / 1000)


def _requests(folder: Path, clients: int) -> Workload:
    def measure(each: Contestant) -> Sample:
        sample = generators.wrk(folder, each.address, HTTP_PORT, clients, 1)
        return sample._replace(work=sample.work / 1000)

    # One client or very many: nothing is promised of them, and two rounds show what they are like.
    rounds = 0 if clients == 32 else 2
    return Workload(titles.requests(clients), "1/s", measure, ONE_CORE, work_unit="1,000 requests", rounds=rounds)


def _beside_bulk(folder: Path, each: Contestant) -> Sample:
    """Requests of 8 clients while 8 streams go down at full speed; the bulk is told as a detail."""
    command = ["iperf3", "-c", each.bulk(), "-p", str(BULK_PORT), "-P", str(BULK_BESIDE), "-R", "-t", "2"]
    bulk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)  # all streams are up to speed
    sample = generators.wrk(folder, each.address, HTTP_PORT, 8, 1)
    out, _ = bulk.communicate()
    line = next(line for line in reversed(out.splitlines()) if "SUM" in line and "receiver" in line)
    speed, unit = line.split()[5:7]
    details = {**sample.details, "bulk": float(speed) / (1 if unit.startswith("G") else 1000)}
    return sample._replace(work=0.0, details=details)


def _idle_memory(each: Contestant, number: int) -> Sample:
    """Open that many connections through the relay, say nothing, and see what its processes grew by for each."""
    assert each.process is not None
    before, held = each.process.resident_bytes(), each.process.descriptors()
    clients: list[socket.socket] = []
    try:
        for _ in range(number):
            client = socket.socket()
            client.connect((each.address, HTTP_PORT))
            clients.append(client)
        until = time.monotonic() + 10
        while each.process.descriptors() - held < 2 * number and time.monotonic() < until:
            time.sleep(0.05)
        opened = (each.process.descriptors() - held) // 2
        grown = each.process.resident_bytes() - before
        return Sample(grown / opened / 1024, details={"connections": opened})
    finally:
        for client in clients:
            client.close()
