"""An agent in the hands of those who operate it: signals, supervisors, changed settings, a blocked log, a full table.

Functions without `test_` run inside the namespaces.
"""

import contextlib
import http.client
import itertools
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .agents import (
    BACKEND,
    CLUSTERLESS,
    HANG_SECONDS,
    NODE,
    Agent,
    Backend,
    asked,
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

VIP = "10.96.1.1"
RESTART_SECONDS = 10 * 1.0  # ten times the promise
CONFIG = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"


def host_and_folder() -> Path:
    """This host, with a backend on it, and a folder with one Service."""
    make_host()
    Backend()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "first.json", service("first", clusterIP=VIP), endpoints("first"))
    return folder


def got(path: str) -> str:
    """What the agent's metrics address says."""
    with urllib.request.urlopen(f"http://127.0.0.1:10249{path}", timeout=HANG_SECONDS) as answer:
        return str(answer.read().decode())


def metric(name: str, **labels: str) -> float:
    """The sum over the series of that name with these labels."""
    total = 0.0
    for line in got("/metrics").splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
            total += float(found[2])
    return total


def until(condition: Callable[[], bool]) -> None:
    """Ask until it holds."""
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"


# How it ends, and begins again.


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
            while reach(VIP) == "hello":
                self.served += 1
        except BaseException as error:
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


# What a supervisor hears.


class Supervisor:
    """Reads what a service says, as systemd does."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(dir="/run") + "/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(HANG_SECONDS)
        self.socket.bind(self.path)

    def hear(self, *fields: str) -> dict[str, str]:
        """The next state that has all these fields."""
        while True:
            said = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))
            if set(fields) <= said.keys():
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
        assert "generation 2" in supervisor.hear("STATUS")["STATUS"]
        process.terminate()
        supervisor.hear("STOPPING")
        assert process.wait(HANG_SECONDS) == 0


def a_watchdog_hears_signs_of_life_until_it_hangs() -> None:
    folder = host_and_folder()
    with supervised(folder, WATCHDOG_USEC="200000") as (process, supervisor):
        supervisor.hear("READY")
        before = time.monotonic()
        for _ in range(5):
            supervisor.hear("WATCHDOG")
        assert 0.3 < time.monotonic() - before < 5
        process.send_signal(signal.SIGSTOP)
        supervisor.socket.settimeout(1)
        with contextlib.suppress(TimeoutError):
            for _ in range(20):  # what was said before it was stopped
                supervisor.hear("WATCHDOG")
            raise AssertionError("a process that is stopped gives signs of life")


# Settings that change.


def a_changed_configuration_holds_where_that_is_safe() -> None:
    folder = host_and_folder()
    ports = [{"port": 80, "nodePort": 30080}]
    write(folder / "port.json", service("port", type="NodePort", ports=ports), endpoints("port"))
    config = folder.parent / "kube-proxy.yaml"
    config.write_text(CONFIG)
    with Agent(f"-f{folder}", f"--config={config}") as agent, connected(VIP) as held:
        assert (reach(NODE, 30080), reach("127.0.0.1", 30080)) == ("hello", "hello")
        config.write_text(CONFIG + "nodePortAddresses: [127.0.0.0/8]\nmetricsBindAddress: 127.0.0.1:10250\n")
        line = agent.wait_for_event("configuration is read again", applied="nodePortAddresses,metricsBindAddress")
        agent.wait_for_event("snapshot applied", line)
        assert (reach(NODE, 30080), reach("127.0.0.1", 30080)) == ("refused", "hello")
        with urllib.request.urlopen("http://127.0.0.1:10250/configz", timeout=HANG_SECONDS) as answer:
            shown = json.load(answer)["kubeproxy.config.k8s.io"]
        assert shown["nodePortAddresses"] == ["127.0.0.0/8"]
        held.sendall(b"more")
        assert held.recv(4) == b"more"


def a_configuration_that_needs_a_restart_or_is_wrong_says_so() -> None:
    folder = host_and_folder()
    config = folder.parent / "kube-proxy.yaml"
    config.write_text(CONFIG)
    with Agent(f"-f{folder}", f"--config={config}") as agent:
        config.write_text(CONFIG + "ipvs: {scheduler: lc}\nclusterCIDR: 10.1.0.0/16\n")
        agent.wait_for_event("configuration needs a restart", fields="ipvs.scheduler, clusterCIDR")
        assert "ConfigurationNeedsRestart" in got("/api/v1/events")
        config.write_text(CONFIG + "mode: [\n")
        agent.wait_for(
            lambda entry: (
                "configuration is refused" in str(entry["event"]) and f"{config}:4:1:" in str(entry["reason"])
            ),
            "refusal with its place",
        )
        assert reach(VIP) == "hello"


def a_service_of_each_type_becomes_one_of_each_other() -> None:
    folder = host_and_folder()
    specs: dict[str, dict[str, object]] = {
        "ClusterIP": {"clusterIP": VIP},
        "NodePort": {"clusterIP": VIP, "ports": [{"port": 80, "nodePort": 30080}]},
        "LoadBalancer": {"clusterIP": VIP, "ports": [{"port": 80, "nodePort": 30080}]},
        "ExternalName": {"externalName": "elsewhere.example"},
    }
    (folder / "first.json").unlink()
    write(folder / "slice.json", endpoints("web"))
    path = ["ClusterIP"]
    left = set(itertools.permutations(specs, 2))
    while left:  # every direction once; where none is left from here, from somewhere else
        step = next((each for each in sorted(left) if each[0] == path[-1]), None) or min(left)
        path += [step[1]] if step[0] == path[-1] else [step[0], step[1]]
        left -= set(itertools.pairwise(path))
    temporary = folder / ".web.json"

    def become(kind: str) -> None:
        write(temporary, service("web", type=kind, **specs[kind]))
        temporary.rename(folder / "web.json")

    become(path[0])
    with Agent(f"-f{folder}") as agent:
        for generation, kind in enumerate(path[1:], 2):
            become(kind)
            agent.wait_applied(generation)
            has_port = kind in ("NodePort", "LoadBalancer")
            assert reach(NODE, 30080) == ("hello" if has_port else "refused"), kind
            if kind != "ExternalName":
                assert (asked("web"), reach(VIP)) == (VIP, "hello"), kind
            else:
                assert asked("web") == "elsewhere.example.", kind
        ports = [{"port": 80, "nodePort": 30080}, {"port": 80, "nodePort": 30080, "protocol": "UDP", "name": "udp"}]
        ports[0]["name"] = "tcp"
        specs["NodePort"]["ports"] = ports
        become("NodePort")
        agent.wait_applied(len(path) + 1)
        assert metric("clusterless_frontends", state="failed") == 0


# When something is short, or in the way.


def connections_above_the_limit_wait_and_are_counted() -> None:
    folder = host_and_folder()
    limit = 256

    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with Agent(f"-f{folder}", user={"preexec_fn": few_files}) as agent:
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
        (folder / "first.json").write_text('{"kind": "Service", ')
        agent.wait_problem(f"{folder}/first.json:1:")
        until(lambda: metric("clusterless_manifest_problems", severity="error") == 1)
        assert reach(VIP) == "hello"


def a_wait_for_a_generation_ends() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}"):
        waiting = http.client.HTTPConnection("127.0.0.1", 10249, timeout=HANG_SECONDS)
        waiting.request("GET", "/readyz?generation=2")
        assert waiting.getresponse().status == 503
        write(folder / "second.json", service("second"))

        def is_there() -> bool:
            waiting.close()
            waiting.request("GET", "/readyz?generation=2")
            return waiting.getresponse().status == 200

        until(is_there)


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
        return now() + float(file.read() or 0)
time.time = jumped
from clusterless.__main__ import main
main()
"""


def a_clock_that_jumps_changes_no_affinity_flow_or_time_out() -> None:
    make_host()
    for number in (1, 2):
        Backend(NODE, BACKEND + number)
    folder, offset = Path(tempfile.mkdtemp(dir="/run")), Path("/run/offset")
    offset.write_text("0")
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
            offset.write_text(str(jump))
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


# A log that nobody reads.


def chatty(folder: Path, stderr: int | None, command: str = "") -> subprocess.Popen[bytes]:
    """An agent that logs each connection to something that does not read."""
    arguments = [*CLUSTERLESS, "up", f"-f{folder}", "--access-log=1", "--logging-format=json"]
    line = ["sh", "-c", f'exec "$0" "$@" {command}', *arguments] if command else arguments
    return subprocess.Popen(line, stderr=stderr, stdout=subprocess.DEVNULL)


def serves_on(process: subprocess.Popen[bytes]) -> None:
    """Thousands of log lines, and every client is served; then it stops in good order."""
    try:
        until(is_ready)
        for _ in range(1500):
            assert reach(VIP) == "hello"
        assert metric("clusterless_connections_accepted_total", service="first") == 1500
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
    os.write(written, b"x" * select.PIPE_BUF)  # and the pipe is nearly full
    process = chatty(folder, written)
    try:
        serves_on(process)
        assert len(os.read(unread, 1 << 20)) > select.PIPE_BUF
    finally:
        os.close(unread)
        os.close(written)


def a_log_that_cannot_be_written_holds_up_nobody() -> None:
    folder = host_and_folder()
    unread, written = os.pipe()
    os.close(unread)
    serves_on(chatty(folder, written))
    for command in ("2>/dev/full", "2>&-", "0<&- 1>&- 2>&-"):
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


def test_the_soak_of_a_million_is_a_target_of_make():
    assert "tests.soak" in (Path(__file__).parents[2] / "Makefile").read_text()


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


@pytest.mark.parametrize(
    "function",
    [a_changed_configuration_holds_where_that_is_safe, a_configuration_that_needs_a_restart_or_is_wrong_says_so],
)
def test_the_configuration_changes_while_it_serves(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.reliability(47)
def test_a_service_changes_its_type_in_every_direction(in_namespace: InNamespace):
    in_namespace(a_service_of_each_type_becomes_one_of_each_other)


@pytest.mark.reliability(44)
def test_with_few_descriptors_clients_wait_for_their_turn(in_namespace: InNamespace):
    in_namespace(connections_above_the_limit_wait_and_are_counted)


@pytest.mark.reliability(46, 49)
def test_what_is_wrong_shows_and_the_rest_is_served(in_namespace: InNamespace):
    in_namespace(what_is_wrong_shows_in_the_metrics)


def test_who_changes_a_manifest_can_wait_for_it(in_namespace: InNamespace):
    in_namespace(a_wait_for_a_generation_ends)


@pytest.mark.reliability(50)
def test_it_needs_neither_a_capability_nor_a_writable_disk(in_namespace: InNamespace):
    in_namespace(it_runs_with_a_read_only_root_and_no_capability_as_a_user)


@pytest.mark.reliability(52)
def test_the_wall_clock_decides_nothing(in_namespace: InNamespace):
    in_namespace(a_clock_that_jumps_changes_no_affinity_flow_or_time_out)


@pytest.mark.reliability(53)
@pytest.mark.parametrize(
    "function", [a_log_that_nobody_reads_holds_up_nobody, a_log_that_cannot_be_written_holds_up_nobody]
)
def test_the_log_never_holds_up_a_connection(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function, timeout=55)


def test_the_access_log_has_one_connection_in_so_many(in_namespace: InNamespace):
    in_namespace(the_access_log_samples)
