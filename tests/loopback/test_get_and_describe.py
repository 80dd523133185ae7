"""`get` and `describe` of a running agent, and `get -w` of an agent and of manifests."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import pytest
from click.testing import CliRunner

from clusterless.cli import cli
from tests.netns.agents import CLUSTERLESS, HANG_SECONDS, NOBODYS, Agent, endpoints, service, write
from tests.places import own_network


class Running(NamedTuple):
    """An agent, the folder of its manifests, and the first three numbers of its network."""

    agent: Agent
    folder: Path
    network: str

    @property
    def url(self) -> str:
        return f"http://{self.network}.1:10249"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """An agent that nobody gave a privilege, with a Service and its Endpoints."""
    with own_network() as network, tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        folder = Path(path)
        (folder / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n}\n")
        web = service("web", clusterIP=f"{network}.20", ports=[{"port": 8080}])
        write(folder / "web.json", web, endpoints("web", f"{network}.2", 9090))
        arguments = (
            f"-f{folder}",
            f"--corefile={folder}/Corefile",
            f"--service-cluster-ip-range={network}.0/24",
            "--allow-loopback-endpoints",
            f"--healthz-bind-address={network}.1:10256",
            f"--metrics-bind-address={network}.1:10249",
        )
        with Agent(*arguments, user=NOBODYS) as agent:
            agent.wait_applied(1)
            yield Running(agent, folder, network)


@pytest.fixture
def shown(running: Running) -> Callable[..., str]:
    """What a command prints of the running agent."""

    def show(*arguments: str) -> str:
        result = CliRunner().invoke(cli, [*arguments, "-s", running.url], prog_name="clusterless")
        assert result.exit_code == 0, result.output
        return result.stdout

    return show


def cells(line: str) -> list[str]:
    return line.split()


def test_a_table_of_services(running: Running, shown: Callable[..., str]):
    headings, *rows = shown("get", "svc").splitlines()
    assert cells(headings) == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert [cells(row)[:5] for row in rows] == [
        ["kubernetes", "ClusterIP", f"{running.network}.1", "<none>", "443/TCP"],
        ["web", "ClusterIP", f"{running.network}.20", "<none>", "8080/TCP"],
    ]


def test_an_agent_knows_how_old_its_objects_are(shown: Callable[..., str]):
    assert cells(shown("get", "svc", "web", "--no-headers"))[-1].endswith("s")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("get svc -A -o name", "service/kubernetes service/web service/kube-dns"),
        ("get svc -n kube-system -o name", "service/kube-dns"),
        ("get svc -A -l k8s-app=kube-dns -o name", "service/kube-dns"),
        ("get ep -o name", "endpoints/web"),
        ("get ns -o name", "namespace/default namespace/kube-node-lease namespace/kube-public namespace/kube-system"),
        ("get svc/web ep/web -o name", "service/web endpoints/web"),
    ],
)
def test_what_is_named_is_found(arguments: str, names: str, shown: Callable[..., str]):
    assert shown(*arguments.split()).split() == names.split()


def test_all_kinds_can_be_shown(shown: Callable[..., str]):
    text = shown("get", "services,endpointslices,endpoints,pods,nodes,namespaces,events", "-A", "-o", "wide")
    headings = [line for line in text.splitlines() if "NAME" in line.split()]
    assert len(headings) == 6  # no pod is there
    assert "endpointslice.discovery.k8s.io/web-" in text


def test_an_object_is_as_the_manifest_and_the_agent_have_it(running: Running, shown: Callable[..., str]):
    web = json.loads(shown("get", "svc", "web", "-o", "json"))
    assert (web["kind"], web["spec"]["clusterIP"]) == ("Service", f"{running.network}.20")
    assert web["metadata"]["creationTimestamp"]
    assert shown("get", "svc", "web", "-o", "jsonpath={.spec.ports[0].port}") == "8080"


def test_a_description_ends_with_events(running: Running, shown: Callable[..., str]):
    lines = shown("describe", "svc", "web").splitlines()
    assert f"Endpoints:                {running.network}.2:9090" in lines
    assert lines[-1] == "Events:                   <none>"
    assert "Starting" in shown("describe", "nodes")


def test_a_name_that_nobody_has_is_an_error(running: Running):
    result = CliRunner().invoke(cli, ["get", "svc", "nowhere", "-s", running.url])
    assert (result.exit_code, result.stderr) == (1, 'Error from server (NotFound): services "nowhere" not found\n')


def test_where_no_agent_is_the_connection_is_refused_in_kubectls_words(running: Running):
    result = CliRunner().invoke(cli, ["get", "svc", "-s", f"{running.network}.9:10249"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == (
        f"The connection to the server {running.network}.9:10249 was refused - did you specify the right host or port?"
    )


class Watching:
    """A `get -w` that runs; its lines are read as they come."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [*CLUSTERLESS, "get", *arguments, "-w"], stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def row(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(HANG_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_an_agents_objects_are_followed(running: Running):
    more = running.folder / "more.json"
    with Watching("svc", "-s", running.url, "--output-watch-events") as watching:
        assert [watching.row()[:2] for _ in range(3)] == [["EVENT", "NAME"], ["ADDED", "kubernetes"], ["ADDED", "web"]]
        write(more, service("db", clusterIP=f"{running.network}.30"))
        assert watching.row()[:4] == ["ADDED", "db", "ClusterIP", f"{running.network}.30"]
        write(more, service("db", clusterIP=f"{running.network}.30", ports=[{"port": 5432}]))
        assert watching.row()[5:6] == ["5432/TCP"]
        more.unlink()
        assert watching.row()[:2] == ["DELETED", "db"]
        assert watching.interrupt() == 130


def test_manifests_are_followed(tmp_path: Path):
    write(tmp_path / "web.json", service("web", clusterIP="10.96.1.1"))
    with Watching("svc", "-f", str(tmp_path), "-l", "!component", "-o", "custom-columns=N:metadata.name") as watching:
        assert [watching.row() for _ in range(2)] == [["N"], ["web"]]
        write(tmp_path / "db.json", service("db", clusterIP="10.96.1.2"))
        assert watching.row() == ["db"]
        write(tmp_path / "web.json", service("web", clusterIP="10.96.1.1", ports=[{"port": 81}]))
        assert watching.row() == ["web"]
        assert watching.interrupt() == 130
