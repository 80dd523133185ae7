"""An agent without any capability, as a user whom nothing belongs to: a Service range inside 127.0.0.0/8."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.netns.agents import CLUSTERLESS, HANG_SECONDS, NOBODYS, Agent, asked, endpoints, reach, service, write
from tests.places import own_network


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may read (pytest's own are private), with a Corefile that opens no HTTP endpoints."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        (Path(path) / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n}\n")
        yield Path(path)


@pytest.fixture
def network() -> Iterator[str]:
    """The first three numbers of a network that the test has for itself."""
    with own_network() as network:
        yield network


def arguments(folder: Path, network: str) -> list[str]:
    return [
        f"-f{folder}",
        f"--corefile={folder}/Corefile",
        f"--service-cluster-ip-range={network}.0/24",
        "--allow-loopback-endpoints",
        f"--healthz-bind-address={network}.1:10256",
        f"--metrics-bind-address={network}.1:10249",
    ]


def curl(url: str) -> str:
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", str(HANG_SECONDS), url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wait_listening(address: str, port: int) -> None:
    """Wait until a process that was started takes connections."""
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        try:
            socket.create_connection((address, port), HANG_SECONDS).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens at {address}:{port}"
            time.sleep(0.01)
        else:
            return


def test_a_service_on_loopback_leads_to_a_demo_pod_and_has_a_name(folder: Path, network: str):
    vip, pod = f"{network}.20", f"{network}.2"
    write(
        folder / "web.json",
        service("web", clusterIP=vip, ports=[{"port": 8080}]),
        endpoints("web", pod, 9090),
        service("privileged", clusterIP=f"{network}.21"),
        endpoints("privileged", pod, 9090),
    )
    backend = [*CLUSTERLESS, "pod", "--name=demo", f"--bind-address={pod}", "--http=9090"]
    with (
        subprocess.Popen(backend, stderr=subprocess.DEVNULL, **NOBODYS) as demo,
        Agent(*arguments(folder, network), user=NOBODYS) as agent,
    ):
        try:
            wait_listening(pod, 9090)
            assert asked("web", f"{network}.10", port=5353) == vip
            assert curl(f"http://{vip}:8080/hostname") == "demo"
            agent.wait_for(lambda entry: "ip_unprivileged_port_start" in str(entry.get("reason")), "advice")
            assert "generation" in curl(f"http://{network}.1:10256/readyz")
            assert "clusterless_" in curl(f"http://{network}.1:10249/metrics")
            assert agent.stop() == 0
        finally:
            demo.terminate()


@pytest.mark.reliability(50)
def test_a_range_that_needs_a_privilege_says_what_to_do(folder: Path, network: str):
    write(folder / "web.json", service("web"))
    quiet = (f"--corefile={folder}/Corefile", "--healthz-bind-address=", "--metrics-bind-address=")
    with Agent(f"-f{folder}", *quiet, user=NOBODYS) as agent:
        agent.wait_for(lambda entry: "needs CAP_NET_ADMIN: run as root, in `clusterless lab`" in str(entry), "advice")


def test_a_demo_pod_whose_port_is_taken_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "clusterless", "pod", "--bind-address=127.0.0.1", f"--http={port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG_SECONDS)
    assert done.returncode == 1
    assert done.stderr == f"error: listen tcp 127.0.0.1:{port}: address already in use\n"


def test_nothing_listens_where_no_service_is(folder: Path, network: str):
    write(folder / "web.json", service("web", clusterIP=f"{network}.20", ports=[{"port": 8080}]))
    with Agent(*arguments(folder, network), user=NOBODYS):
        assert reach(f"{network}.20", 8080) == "refused"
