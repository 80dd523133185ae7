"""What an agent does when something is short, wrong, or in the way; functions without `test_` run inside namespaces."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from tests.files import put

from .agents import (
    BACKEND,
    CLUSTERLESS,
    HANG_SECONDS,
    NODE,
    Agent,
    Backend,
    connected,
    endpoints,
    make_host,
    reach,
    service,
    write,
)
from .conftest import InNamespace
from .operating import VIP, host_and_folder, metric, until


def connections_above_the_limit_wait_and_are_counted() -> None:
    folder = host_and_folder()
    limit = 256
    few_files = ("prlimit", f"--nofile={limit}:{limit}")
    with Agent(f"-f{folder}", python=[*few_files, *CLUSTERLESS]) as agent:
        clients = []
        for _ in range(limit):
            client = socket.create_connection((VIP, 80), timeout=HANG_SECONDS)
            clients.append(client)
        agent.wait_for(lambda entry: str(entry["event"]).startswith("accepting is paused"), "pause")
        served = [client for client in clients if select.select([client], [], [], 0)[0]]
        assert 0 < len(served) < limit
        assert metric("clusterless_accept_pauses_total") > 0
        before = cpu_seconds(agent.pid)
        served[0].recv(5)
        served[0].sendall(b"still")
        assert served[0].recv(5) == b"still"
        assert cpu_seconds(agent.pid) - before < 1
        for client in served:
            client.close()
        for client in [each for each in clients if each not in served][: len(served)]:
            assert client.recv(5) == b"hello"
        for client in clients:
            client.close()
    assert sum("accepting is paused" in line for line in agent.lines) < 10


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def what_is_wrong_shows_in_the_metrics() -> None:
    folder = host_and_folder()
    write(folder / "taken.json", service("taken", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    write(folder / "slice.json", endpoints("taken"))
    with socket.create_server((NODE, 30080)) as other, Agent(f"-f{folder}") as agent:
        assert metric("clusterless_frontends", state="failed") == 1
        other.close()
        agent.wait_for_event("frontend is open after all")
        assert metric("clusterless_frontends", state="failed") == 0
        put(folder / "first.json", '{"kind": "Service", ')
        agent.wait_problem(f"{folder}/first.json:1:")
        until(lambda: metric("clusterless_manifest_problems", severity="error") == 1)
        for path in ("healthz", "livez"):  # a mistake of the user's makes no node unhealthy
            with urllib.request.urlopen(f"http://{NODE}:10256/{path}", timeout=HANG_SECONDS) as answer:
                assert json.load(answer)["healthy"]
            assert metric(f"kubeproxy_proxy_{path}_total", code="200") == 1
        assert reach(VIP) == "hello"


def it_runs_with_a_read_only_root_and_no_capability_as_a_user() -> None:
    os.environ["TMPDIR"] = tempfile.tempdir = "/run"
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(
        folder / "web.json",
        service("web", clusterIP="127.5.0.20", ports=[{"port": 8080}]),
        endpoints("web", "127.5.0.2"),
    )
    Backend("127.5.0.2", BACKEND)
    subprocess.run(["mount", "-o", "remount,bind,ro", "/"], check=True)
    with pytest.raises(OSError, match="Read-only"):
        Path("/etc/written-by-a-test").touch()
    as_user = ("unshare", "--user", "--map-user=999", "--map-group=999")
    arguments = (
        "--service-cluster-ip-range=127.5.0.0/24",
        "--allow-loopback-endpoints",
        "--healthz-bind-address=127.5.0.1:10256",
    )
    with Agent(f"-f{folder}", *arguments, python=[*as_user, *CLUSTERLESS]) as agent:
        assert reach("127.5.0.20", 8080) == "hello"
        status = dict(line.split(":", 1) for line in Path(f"/proc/{agent.pid}/status").read_text().splitlines())
        assert {status[name].strip("\t0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
        agent.wait_for(lambda entry: "needs" in str(entry.get("reason")) or "privileged" in str(entry), "advice")


CLOCK = """
import sys, time
offset, now = sys.argv.pop(1), time.time
def jumped():
    with open(offset) as file:
        return now() + float(file.read())
time.time = jumped
from clusterless.__main__ import main
main()
"""


def a_clock_that_jumps_changes_no_affinity_flow_or_time_out() -> None:
    make_host()
    for number in (1, 2):
        Backend(NODE, BACKEND + number)
    folder, offset = Path(tempfile.mkdtemp(dir="/run")), Path("/run/offset")
    put(offset, "0")
    pinned = service("pinned", clusterIP=VIP, sessionAffinity="ClientIP")
    addresses = [{"ip": NODE}]
    subsets = [{"addresses": addresses, "ports": [{"port": BACKEND + number}]} for number in (1, 2)]
    echo = service("echo", clusterIP="10.96.1.2", ports=[{"port": 7, "protocol": "UDP"}])
    write(
        folder / "all.json",
        pinned,
        {**endpoints("pinned"), "subsets": subsets},
        echo,
        {**endpoints("echo"), "subsets": [{"addresses": addresses, "ports": [{"port": 7007, "protocol": "UDP"}]}]},
    )
    with (
        Agent(f"-f{folder}", python=[sys.executable, "-c", CLOCK, str(offset)]) as agent,
        socket.socket(type=socket.SOCK_DGRAM) as backend,
        socket.socket(type=socket.SOCK_DGRAM) as client,
        connected(VIP) as held,
    ):
        for each in (backend, client):
            each.settimeout(HANG_SECONDS)
        backend.bind((NODE, 7007))
        client.connect(("10.96.1.2", 7))
        client.send(b"before")
        flow = backend.recvfrom(100)[1]
        for number, jump in enumerate((3600, -3600), 1):
            put(offset, str(jump))
            assert abs(metric("process_start_time_seconds") - time.time()) < 600, "the kernel's clock stays"
            write(folder / f"more-{number}.json", service(f"more-{number}"))
            line = agent.wait_applied(number + 1)
            assert abs(float(json.loads(agent.lines[line - 1])["ts"]) - time.time() - jump) < 60, "it jumped"
            client.send(b"after")
            assert backend.recvfrom(100)[1] == flow
            for _ in range(6):
                assert reach(VIP) == "hello"
            held.sendall(b"more")
            assert held.recv(4) == b"more"
            taken = [metric("clusterless_endpoint_connections_total", endpoint=f"{NODE}:{BACKEND + n}") for n in (1, 2)]
            assert sorted(taken) == [0, 1 + 6 * number], "one endpoint has all of the client's connections"


def what_the_kernel_drops_is_counted() -> None:
    make_host()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    addresses = [{"ip": "192.0.2.77", "nodeName": "elsewhere"}]
    far = {**endpoints("far"), "subsets": [{"addresses": addresses, "ports": [{"port": BACKEND}]}]}
    write(folder / "far.json", service("far", clusterIP=VIP, internalTrafficPolicy="Local"), far)
    with Agent(f"-f{folder}"), socket.socket() as client:
        assert metric("clusterless_frontends", state="dropping") == 1
        client.setblocking(False)  # noqa: FBT003
        client.connect_ex((VIP, 80))
        until(lambda: metric("clusterless_packets_dropped_total", service="far", reason="policy") > 0)
        assert metric("kubeproxy_sync_proxy_rules_no_local_endpoints_total", traffic_policy="internal") == 1


@pytest.mark.reliability(44)
def test_with_few_descriptors_clients_wait_for_their_turn(in_namespace: InNamespace):
    in_namespace(connections_above_the_limit_wait_and_are_counted)


@pytest.mark.reliability(46, 49)
def test_what_is_wrong_shows_and_the_rest_is_served(in_namespace: InNamespace):
    in_namespace(what_is_wrong_shows_in_the_metrics)


@pytest.mark.reliability(50)
def test_it_needs_neither_a_capability_nor_a_writable_disk(in_namespace: InNamespace):
    in_namespace(it_runs_with_a_read_only_root_and_no_capability_as_a_user)


@pytest.mark.reliability(52)
def test_the_wall_clock_decides_nothing(in_namespace: InNamespace):
    in_namespace(a_clock_that_jumps_changes_no_affinity_flow_or_time_out)


def test_packets_that_nobody_here_sees_are_counted_all_the_same(in_namespace: InNamespace):
    in_namespace(what_the_kernel_drops_is_counted)
