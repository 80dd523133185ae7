"""An agent with workers on a host of its own, where it has cluster IPs; functions without `test_` run inside it."""

import contextlib
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path

from .agents import (
    HANG_SECONDS,
    NODE,
    Agent,
    Backend,
    asked,
    connected,
    endpoints,
    make_host,
    ours,
    reach,
    service,
    write,
)
from .conftest import InNamespace
from .operating import until

WEB = "10.96.1.1"
ECHO = "10.96.1.2"
ECHO_PORT = 7


def answer_datagrams() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((NODE, ECHO_PORT))

    def serve() -> None:
        while True:
            data, client = sock.recvfrom(100)
            sock.sendto(data, client)

    threading.Thread(target=serve, daemon=True).start()


def echoed(client: socket.socket) -> bool:
    client.send(b"echo")
    return client.recv(100) == b"echo"


def below(pid: int) -> dict[str, int]:
    """All processes that come from this one, by their names."""
    found: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one ends while it is looked at
        for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            found |= {Path(f"/proc/{child}/comm").read_text().strip(): child} | below(child)
    return found


def may(pid: int) -> set[str]:
    """What a process may do, and what it could ever do: the sets of its capabilities."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith(("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"))}


def workers_serve_cluster_ips_without_any_privilege() -> None:
    make_host()
    Backend()
    answer_datagrams()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    ports = [{"name": "", "port": ECHO_PORT, "protocol": "UDP"}]
    datagrams = endpoints("echo", port=ECHO_PORT)
    datagrams["subsets"][0]["ports"][0]["protocol"] = "UDP"  # type: ignore[index]
    write(
        folder / "all.json",
        service("web", clusterIP=WEB),
        endpoints("web"),
        service("echo", clusterIP=ECHO, ports=ports),
        datagrams,
    )
    with Agent(f"-f{folder}", "--workers=2") as agent:
        # Who is not there within a second is not waited for by the others.
        until(lambda: len(below(agent.pid)) == 4)
        processes = below(agent.pid)
        assert sorted(processes) == ["clusterless-net", "clusterless-new", "clusterless-w1", "clusterless-w2"]
        for name in ("clusterless-new", "clusterless-w1", "clusterless-w2"):
            assert may(processes[name]) == {"0" * 16}
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(HANG_SECONDS)
        client.connect((ECHO, ECHO_PORT))
        assert (reach(WEB), reach(WEB, 81), asked("web"), echoed(client)) == ("hello", "refused", WEB, True)
        held = [connected(WEB) for _ in range(4)]
        for number in (1, 2):
            os.kill(processes[f"clusterless-w{number}"], signal.SIGKILL)
            agent.wait_for_event("a worker has ended: its connections are lost", worker=number)
            assert (reach(WEB), echoed(client)) == ("hello", True)
        for each in (*held, client):
            each.close()
        processes = below(agent.pid)
        assert agent.stop() == 0
        assert [pid for pid in processes.values() if Path(f"/proc/{pid}").exists()] == []
    assert ours() == ""


def test_workers_serve_cluster_ips_without_any_privilege(in_namespace: InNamespace):
    in_namespace(workers_serve_cluster_ips_without_any_privilege)
