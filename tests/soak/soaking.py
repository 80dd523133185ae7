"""Very many connections through one agent, after which it holds what it held before; runs inside namespaces.

A third each: ended by the backend, ended by the client, reset by the client.
"""

import os
import select
import socket
import struct
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.netns.agents import BACKEND, HANG_SECONDS, NODE, Agent, endpoints, make_host, service, write

VIPS = ("10.96.1.1", "10.96.1.2", "10.96.1.3")
CLIENTS = 2  # processes
AT_ONCE = 32  # connections a process
WARM_UP = 3_000
ROUNDS = 5  # a million is told in so many steps
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h: the port is chosen by `connect`, which knows what is free
RESET = struct.pack("ii", 1, 0)
RSS_GROWTH = 4 * 1024 * 1024  # bytes; what an allocator keeps in pieces, not what a leak of 100 bytes each would take

WATCHED = {
    "rss": "process_resident_memory_bytes",
    "fds": "process_open_fds",
    "timers": "clusterless_timers",
    "tasks": "clusterless_tasks",
}
HELD = ("fds", "timers", "tasks")


def soak(connections: str) -> None:
    """So many connections, after some to warm up; fails when something is left of them."""
    make_host()
    # Of this namespace: so that what is measured is the agent, and not how many local ports a host has.
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("1024 65535")
    Path("/proc/sys/net/ipv4/tcp_max_tw_buckets").write_text("1000")
    folder = Path(tempfile.mkdtemp(dir="/run"))
    for number, vip in enumerate(VIPS):
        write(folder / f"{number}.json", service(f"s{number}", clusterIP=vip), endpoints(f"s{number}"))
    backend = forked(serve)
    try:
        with Agent(f"-f{folder}") as agent:
            connect_all(WARM_UP)
            before = settled(agent)
            show("before", before, 0.0, WARM_UP)
            each = max(int(connections) // ROUNDS, 1)
            for number in range(ROUNDS):
                started = time.monotonic()
                connect_all(each)
                after = settled(agent)
                show(f"round {number + 1}", after, time.monotonic() - started, each)
            compare(before, settled(agent, before), each * ROUNDS)
    finally:
        os.kill(backend, 9)
        os.waitpid(backend, 0)


def compare(before: dict[str, float], after: dict[str, float], connections: int) -> None:
    assert after["fds"] <= before["fds"], "descriptors were left open"
    assert after["timers"] <= before["timers"], "timers were left"
    assert after["tasks"] <= before["tasks"], "tasks were left"
    assert after["rss"] - before["rss"] < RSS_GROWTH, f"memory grew by {after['rss'] - before['rss']:.0f} bytes"
    assert after["accepted"] - before["accepted"] == connections, "connections were lost"


def forked(function, *arguments: object) -> int:
    """Run the function in a process of its own; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        function(*arguments)
    except BaseException as error:
        sys.stderr.write(f"{function.__name__}: {error!r}\n")
        os._exit(1)
    os._exit(0)


def serve() -> None:
    """Greets with one byte. Hangs up at once for one in three; of the others it waits for the client's end."""
    listening = socket.create_server((NODE, BACKEND), backlog=4096)
    poll = select.epoll()
    poll.register(listening, select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    number = 0
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != listening.fileno():
                clients.pop(descriptor).close()
                continue
            client, _ = listening.accept()
            client.send(b"x")
            number += 1
            if number % 3:
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN | select.EPOLLRDHUP)
            else:
                client.close()


def connect_all(connections: int) -> None:
    """From several processes at once; all have been served when it returns."""
    shares = [connections // CLIENTS + (number < connections % CLIENTS) for number in range(CLIENTS)]
    pids = [forked(connect, share, number) for number, share in enumerate(shares)]
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * CLIENTS


def connect(connections: int, client: int) -> None:
    """Keeps some connections open at a time; the oldest is served, and ended in one of two ways, for a new one."""
    source = (f"127.0.0.{client + 2}", 0)
    begun: list[socket.socket] = []
    for number in range(connections + AT_ONCE):
        if number < connections:
            sock = socket.socket()
            sock.settimeout(HANG_SECONDS)
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(source)
            sock.connect((VIPS[number % len(VIPS)], 80))
            begun.append(sock)
        if number >= AT_ONCE and begun:
            end(begun.pop(0), number)
    assert not begun


def end(sock: socket.socket, number: int) -> None:
    assert sock.recv(1) == b"x", "not served"
    if number % 2:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    else:  # the backend ends those before it first: how many are open at a time, and what they take, stays bounded
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b"", "not ended"
    sock.close()


def settled(agent: Agent, before: dict[str, float] | None = None) -> dict[str, float]:
    """What the agent holds once its connections are over.

    More than `before` may be what it needs for a moment, to read its manifests again; what was left stays.
    """
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        now = measured()
        if not now["active"]:
            now = measured()  # the first scrape counted descriptors before it counted connections
            if before is None or all(now[each] <= before[each] for each in HELD):
                return now
        if time.monotonic() > deadline:
            assert not now["active"], f"{now['active']:.0f} connections are open for ever"
            return now


def measured() -> dict[str, float]:
    with urllib.request.urlopen("http://127.0.0.1:10249/metrics", timeout=HANG_SECONDS) as answer:
        lines = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#")]
    values = {name: summed(lines, metric) for name, metric in WATCHED.items()}
    values["active"] = summed(lines, "clusterless_connections_active")
    values["accepted"] = summed(lines, "clusterless_connections_accepted_total")
    return values


def summed(lines: Sequence[Sequence[str]], metric: str) -> float:
    return sum(float(value) for name, value in lines if name.partition("{")[0] == metric)


def show(when: str, now: dict[str, float], seconds: float, connections: int) -> None:
    rate = f"  {connections / seconds:8.0f}/s" if seconds else ""
    held = f"fds {now['fds']:.0f}  timers {now['timers']:.0f}  tasks {now['tasks']:.0f}"
    sys.stdout.write(f"{when:>8}: {connections:8} connections  RSS {now['rss'] / 2**20:6.1f} MiB  {held}{rate}\n")
    sys.stdout.flush()
