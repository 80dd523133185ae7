"""The agent as a process on a host of its own; functions without `test_` run inside the namespaces."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import put

from .agents import (
    BACKEND,
    DNS,
    NODE,
    ROOT,
    Agent,
    Backend,
    asked,
    connected,
    endpoints,
    ip,
    make_host,
    ours,
    reach,
    rss_mib,
    service,
    write,
)
from .conftest import InNamespace
from .operating import until

FIRST = "10.96.1.1"
SECOND = "10.96.1.2"
SERVICES_OF_ITS_OWN = 2  # kubernetes and kube-dns
PROMISE_SECONDS = 0.3  # from a file's close to the listener
BOUND_SECONDS = 10 * PROMISE_SECONDS


def host_and_folder() -> Path:
    """This host, with a backend on it, and a folder with one Service."""
    make_host()
    Backend()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "first.json", service("first", clusterIP=FIRST), endpoints("first"))
    return folder


def takes_effect(agent: Agent, change: Callable[[], object], generation: int) -> None:
    """Make a change, and see that it is applied in time."""
    before = time.monotonic()
    change()
    agent.wait_applied(generation)
    assert time.monotonic() - before < BOUND_SECONDS


# What changes while it runs.


def a_new_service_and_a_deleted_file() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        assert (reach(FIRST), reach(FIRST, 81)) == ("hello", "refused")
        second = [service("second", clusterIP=SECOND), endpoints("second")]
        takes_effect(agent, lambda: write(folder / "second.json", *second), 2)
        assert (reach(SECOND), asked("second")) == ("hello", SECOND)
        takes_effect(agent, (folder / "first.json").unlink, 3)
        assert (asked("first"), reach(SECOND)) == ("", "hello")


def what_cannot_change_stays() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        write(folder / "first.json", service("first", clusterIP=SECOND), endpoints("first"))
        agent.wait_problem("may not change once set")
        assert (reach(FIRST), asked("first")) == ("hello", FIRST)


def a_broken_file_keeps_what_was() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        put(folder / "first.json", '{"kind": "Service", ')
        agent.wait_problem(f"{folder}/first.json:")
        assert reach(FIRST) == "hello"


def other_ways_to_replace_a_file() -> None:
    folder = host_and_folder()
    both = (service("first", clusterIP=FIRST), endpoints("first"), service("second", clusterIP=SECOND))
    with Agent(f"-f{folder}") as agent:
        write(folder / ".first.json.new", *both)
        takes_effect(agent, lambda: (folder / ".first.json.new").rename(folder / "first.json"), 2)
        assert asked("second") == SECOND
        line = agent.wait_applied(2)
        write(folder / ".first.json", *both[:2])
        text = (folder / ".first.json").read_text()
        takes_effect(agent, lambda: (folder / "first.json").write_text(text), 3)  # an editor that truncates first
        # One that takes its time has left an empty file meanwhile, which is a generation of its own.
        agent.wait_for_event("snapshot applied", line, services=SERVICES_OF_ITS_OWN + 1)
        assert (reach(FIRST), asked("second")) == ("hello", "")


def mounted_configmap(folder: Path) -> Callable[[int], None]:
    """A folder as kubelet mounts a ConfigMap: `..data` leads to a folder for each version, and is swapped."""

    def publish(version: int) -> None:
        (folder / f"..{version}").mkdir()
        write(folder / f"..{version}" / "web.json", service("web", clusterIP=f"10.96.2.{version}"))
        (folder / "..data_tmp").symlink_to(f"..{version}")
        (folder / "..data_tmp").rename(folder / "..data")

    publish(1)
    (folder / "web.json").symlink_to("..data/web.json")
    return publish


def a_configmap_volume_is_followed(what: str) -> None:
    make_host()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    publish = mounted_configmap(folder)
    with Agent(f"-f{folder / what}") as agent:
        assert asked("web") == "10.96.2.1"
        publish(2)
        agent.wait_problem("may not change once set")


def a_folder_goes_and_comes_back() -> None:
    folder = host_and_folder()
    away = folder.with_name("away")
    with Agent(f"-f{folder}") as agent:
        folder.rename(away)
        agent.wait_problem("does not exist")
        assert reach(FIRST) == "hello"
        write(away / "second.json", service("second", clusterIP=SECOND), endpoints("second"))
        takes_effect(agent, lambda: away.rename(folder), 3)  # the second generation has the problem
        assert reach(SECOND) == "hello"


def a_link_to_a_folder_is_swapped() -> None:
    folder = host_and_folder()
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    write(other / "second.json", service("second", clusterIP=SECOND), endpoints("second"))
    link = folder.with_name("link")
    link.symlink_to(folder)
    with Agent(f"-f{link}") as agent:
        link.with_name("new").symlink_to(other)
        takes_effect(agent, lambda: link.with_name("new").rename(link), 2)
        assert reach(SECOND) == "hello"


def sighup_reads_the_corefile_again() -> None:
    folder = host_and_folder()
    corefile = folder / "Corefile"
    put(corefile, ".:53 {\n    hosts {\n        192.0.2.7 one.default.svc.cluster.local\n    }\n}\n")
    with Agent(f"-f{folder}", f"--corefile={corefile}") as agent:
        assert asked("one") == "192.0.2.7"
        put(corefile, ".:53 {\n    nonsense\n}\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_for_event("Corefile is refused, the one before stays in force")
        assert asked("one") == "192.0.2.7"
        put(corefile, ".:53 {\n    hosts {\n        192.0.2.8 one.default.svc.cluster.local\n    }\n}\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_for_event("Corefile is read again")
        assert asked("one") == "192.0.2.8"


# How it ends.


def refused() -> bool:
    """Whether nobody listens any more; who waits to be accepted while that happens is reset."""
    try:
        return reach(FIRST) == "refused"
    except ConnectionResetError:
        return False


def sigterm_stops_it_cleanly() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent, connected(FIRST) as connection:
        helper = os.pidfd_open(agent.helper)
        assert ours() != ""
        agent.process.terminate()
        agent.wait_for_event("stopping")
        connection.sendall(b"more")  # within the grace period an open connection goes on
        assert connection.recv(4) == b"more"
        until(refused)  # the listener closes with the next turn of its loop
        connection.close()
        assert agent.process.wait(15) == 0
    assert ours() == ""
    assert select.select([helper], [], [], 0)[0], "the helper is still there"


def a_second_sigterm_stops_it_at_once() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}", "--shutdown-grace-period=3600") as agent, connected(FIRST):
        agent.process.terminate()
        agent.wait_for_event("stopping")
        assert agent.stop() == 0
    assert ours() == ""


def connections_are_reset_after_the_grace_period() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}", "--shutdown-grace-period=0.1") as agent, connected(FIRST) as connection:
        assert agent.stop() == 0
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def sigkill_leaves_nothing_and_it_starts_again() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        helper = os.pidfd_open(agent.helper)
        assert agent.stop(signal.SIGKILL) == -signal.SIGKILL
        assert select.select([helper], [], [], 15)[0], "the helper is still there"
        assert ours() == ""
    with Agent(f"-f{folder}"):
        assert reach(FIRST) == "hello"


def it_ends_with_its_helper() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        os.kill(agent.helper, signal.SIGKILL)
        assert agent.process.wait(15) == 1
        agent.wait_for_event("the program stops")
    with Agent(f"-f{folder}"):  # and what a killed helper left is no hindrance
        assert reach(FIRST) == "hello"
    assert ours() == ""


def a_second_agent_on_the_host_is_refused() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}"):
        command = [sys.executable, "-m", "clusterless", "up", f"-f{folder}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)
        assert done.returncode == 1
        assert "another clusterless" in done.stderr
        assert reach(FIRST) == "hello"


# What it may do, and what it needs.


def no_thread_has_a_capability() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        statuses = [path.read_text() for path in Path(f"/proc/{agent.pid}/task").glob("*/status")]
        assert len(statuses) > 1, "threads that watch the manifests were expected"
        for status in statuses:
            lines = dict(line.split(":", 1) for line in status.splitlines())
            assert {lines[name].strip("\t0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
            assert lines["NoNewPrivs"].strip() == "1"


def ten_services_are_ready_soon_in_little_memory() -> None:
    folder = host_and_folder()
    for number in range(10):
        name = f"service-{number}"
        write(folder / f"{name}.json", service(name), endpoints(name))
    with Agent(f"-f{folder}") as agent:
        assert reach(asked("service-7")) == "hello"
        assert agent.seconds < 10 * 1.0
        assert rss_mib(agent.pid) < 80


def a_port_in_use_fails_alone_and_is_tried_again() -> None:
    folder = host_and_folder()
    taken = service("taken", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    write(folder / "taken.json", taken, endpoints("taken"))
    with socket.create_server((NODE, 30080)) as other, Agent(f"-f{folder}") as agent:
        frontend = {"frontend": f"{NODE}:30080/TCP"}
        agent.wait_for_event(
            "frontend could not be opened", reason=f"{NODE}:30080/TCP is in use by another program", **frontend
        )
        assert (reach(FIRST), reach(asked("taken")), reach("127.0.0.1", 30080)) == ("hello",) * 3
        other.close()
        agent.wait_for_event("frontend is open after all", **frontend)
        assert reach(NODE, 30080) == "hello"


def its_dns_address_in_use_is_tried_again() -> None:
    make_host()
    ip("route", "add", "local", DNS, "dev", "lo")
    with socket.create_server((DNS, 53)) as other, Agent(f"-f{folder_with_nothing()}", "--force-ranges") as agent:
        agent.wait_for_event("DNS address could not be opened", reason=f"{DNS}:53/TCP is in use by another program")
        other.close()
        agent.wait_for_event("DNS is served")
        assert asked("kubernetes") == "10.96.0.1"


def folder_with_nothing() -> Path:
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "nothing.json")
    return folder


def a_service_has_a_port_of_the_node_before_dns_plugins_do() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}"), socket.create_connection((NODE, 8181)) as readiness:
        readiness.sendall(b"GET /ready HTTP/1.1\r\n\r\n")
        assert readiness.recv(1000).startswith(b"HTTP/1.1 200")
    external = service("external", externalIPs=[NODE], ports=[{"port": 8181}])
    with Agent(f"-f{folder}") as agent:
        write(folder / "external.json", external, endpoints("external"))
        agent.wait_applied(2)
        assert reach(NODE, 8181) == "hello"


def it_serves_udp() -> None:
    make_host()
    folder = folder_with_nothing()
    ports = [{"port": 7, "protocol": "UDP"}]
    subset = {"addresses": [{"ip": NODE}], "ports": [{"port": 7007, "protocol": "UDP"}]}
    write(
        folder / "echo.json", service("echo", clusterIP=FIRST, ports=ports), {**endpoints("echo"), "subsets": [subset]}
    )
    with (
        Agent(f"-f{folder}"),
        socket.socket(type=socket.SOCK_DGRAM) as backend,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        for each in (backend, client):
            each.settimeout(15)
        backend.bind((NODE, 7007))
        client.connect((FIRST, 7))
        client.send(b"question")
        question, proxy = backend.recvfrom(100)
        backend.sendto(b"answer", proxy)
        assert (question, client.recv(100)) == (b"question", b"answer")


# Several agents, and what they agree on.


def allocations_outlive_a_restart() -> None:
    make_host()
    state = Path(tempfile.mkdtemp(dir="/run"))
    folder = folder_with_nothing()
    write(folder / "a.json", service("a", clusterIP="10.96.7.7"))
    with Agent(f"-f{folder}", f"--state-dir={state}"):
        assert asked("a") == "10.96.7.7"
    write(folder / "a.json", service("a"))
    (folder / "a.json").rename(folder / "z.json")
    write(folder / "b.json", service("b"))
    with Agent(f"-f{folder}", f"--state-dir={state}"):
        assert asked("a") == "10.96.7.7"


def a_follower_sees_what_the_holder_decides() -> None:
    make_host()
    ip("netns", "add", "other")
    make_host("192.0.2.2", "other")
    state = Path(tempfile.mkdtemp(dir="/run"))
    theirs, ours = folder_with_nothing(), folder_with_nothing()
    write(ours / "a.json", service("a", clusterIP="10.96.7.7"))
    write(theirs / "a.json", service("a"))  # alone it would choose another address
    with (
        Agent(f"-f{ours}", f"--state-dir={state}") as holder,
        Agent(f"-f{theirs}", f"--state-dir={state}", "--hostname-override=other", namespace="other") as follower,
    ):
        assert (asked("a"), asked("a", namespace="other")) == ("10.96.7.7", "10.96.7.7")
        write(ours / "b.json", service("b", clusterIP="10.96.7.8"))
        holder.wait_applied(2)
        write(theirs / "b.json", service("b"))
        follower.wait_applied(2)
        until(lambda: asked("b", namespace="other") == "10.96.7.8")  # generation 2 may be what the holder decided alone


def agents_that_share_only_manifests_agree() -> None:
    make_host()
    ip("netns", "add", "other")
    make_host("192.0.2.2", "other")
    one, two = folder_with_nothing(), folder_with_nothing()
    names = ("web", "shop", "cart")
    for number, name in enumerate(names):
        write(one / f"{number}.json", service(name))
        write(two / f"{9 - number}.json", service(name))
    with Agent(f"-f{one}"), Agent(f"-f{two}", namespace="other"):
        for name in names:
            assert asked(name) == asked(name, namespace="other") != ""


def proxy_and_dns_side_by_side() -> None:
    folder = host_and_folder()
    quiet = "--metrics-bind-address=", "--healthz-bind-address="
    at_once = "--shutdown-grace-period=0"  # no lame duck
    with (
        Agent(f"-f{folder}", *quiet, at_once, command="dns") as dns,
        Agent(f"-f{folder}", *quiet, command="proxy") as proxy,
    ):
        assert (asked("first"), reach(FIRST)) == (FIRST, "hello")
        dns.stop()
        assert reach(FIRST) == "hello"
        proxy.stop()
    assert ours() == ""


def the_shipped_configuration_is_taken() -> None:
    folder = host_and_folder()
    configuration = (f"--config={ROOT}/configs/kube-proxy.yaml", f"--corefile={ROOT}/configs/Corefile")
    with Agent(f"-f{folder}", *configuration):
        assert (asked("first"), reach(FIRST)) == (FIRST, "hello")


# The host changes.


def it_follows_the_hosts_addresses() -> None:
    folder = host_and_folder()
    write(
        folder / "port.json",
        service("port", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]),
        endpoints("port"),
    )
    with Agent(f"-f{folder}", "--nodeport-addresses=192.0.2.0/24") as agent:
        lines = agent.wait_applied(1)
        ip("address", "add", "192.0.2.9/24", "dev", "eth0")
        lines = agent.wait_for_event("host's addresses changed", lines)
        agent.wait_for_event("snapshot applied", lines)
        assert reach("192.0.2.9", 30080) == "hello"


def source_of_a_connection() -> str:
    with connected(FIRST) as connection:
        return str(connection.getsockname()[0])


def its_claims_have_the_address_that_the_host_has() -> None:
    folder = host_and_folder()
    ip("address", "add", "198.51.100.9/24", "dev", "eth0")
    write(folder / "first.json", service("first", clusterIP=FIRST), endpoints("first", "198.51.100.9", BACKEND + 1))
    Backend("198.51.100.9", BACKEND + 1)
    with Agent(f"-f{folder}") as agent:
        assert source_of_a_connection() == NODE
        ip("address", "del", f"{NODE}/24", "dev", "eth0")
        agent.wait_for_event("addresses are claimed again")
        assert source_of_a_connection() == "198.51.100.9"


def it_claims_again_what_was_taken_away() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}") as agent:
        ip("route", "flush", "table", "local", "proto", "196")
        assert FIRST not in ours()
        agent.wait_for_event("addresses are claimed again")
        assert (reach(FIRST), asked("first")) == ("hello", FIRST)


@pytest.mark.parametrize(
    "function",
    [
        a_new_service_and_a_deleted_file,
        what_cannot_change_stays,
        a_broken_file_keeps_what_was,
        other_ways_to_replace_a_file,
        a_folder_goes_and_comes_back,
        a_link_to_a_folder_is_swapped,
        sighup_reads_the_corefile_again,
    ],
)
@pytest.mark.reliability(46)
def test_a_change_takes_effect_while_it_serves(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize("what", ["", "web.json"])
def test_a_configmap_volume_is_followed(in_namespace: InNamespace, what: str):
    in_namespace(a_configmap_volume_is_followed, what)


@pytest.mark.parametrize(
    "function",
    [
        sigterm_stops_it_cleanly,
        a_second_sigterm_stops_it_at_once,
        connections_are_reset_after_the_grace_period,
        sigkill_leaves_nothing_and_it_starts_again,
        it_ends_with_its_helper,
    ],
)
@pytest.mark.reliability(48)
def test_it_leaves_nothing_behind(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize(
    "function",
    [
        a_second_agent_on_the_host_is_refused,
        no_thread_has_a_capability,
        ten_services_are_ready_soon_in_little_memory,
        a_port_in_use_fails_alone_and_is_tried_again,
        its_dns_address_in_use_is_tried_again,
        a_service_has_a_port_of_the_node_before_dns_plugins_do,
        it_serves_udp,
        the_shipped_configuration_is_taken,
    ],
)
@pytest.mark.reliability(49, 50)
def test_it_serves_what_it_can(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize(
    "function",
    [
        allocations_outlive_a_restart,
        a_follower_sees_what_the_holder_decides,
        agents_that_share_only_manifests_agree,
        proxy_and_dns_side_by_side,
    ],
)
def test_agents_agree(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.parametrize(
    "function",
    [
        it_follows_the_hosts_addresses,
        its_claims_have_the_address_that_the_host_has,
        it_claims_again_what_was_taken_away,
    ],
)
def test_it_follows_its_host(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)
