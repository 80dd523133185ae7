"""An agent's introspection port, asked as `get`, `events` and `top` ask it, and by real kubectl where there is one."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from click.testing import CliRunner

from clusterless.cli import cli
from clusterless.introspection.api import MOST_WATCHERS
from clusterless.introspection.client import Client, ServerError
from tests.netns.agents import CLUSTERLESS, HANG_SECONDS, Agent, Backend, connected, endpoints, rss_mib, service, write

NOBODY = 65534
NOBODYS = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


class Running:
    """An agent that serves `web` and `api`, and the client that asks it."""

    def __init__(self, folder: Path, network: str, agent: Agent) -> None:
        self.folder = folder
        self.network = network
        self.agent = agent
        self.url = f"http://{network}.1:10249"
        self.client = Client(self.url)
        self.generation = 1

    def apply(self, *objects: dict) -> None:
        """Write other manifests, and wait until they are applied."""
        write(self.folder / "all.json", *objects)
        self.generation += 1
        self.agent.wait_applied(self.generation)

    def command(self, *words: str) -> str:
        result = CliRunner().invoke(cli, [*words, "-s", self.url], prog_name="clusterless")
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def running() -> Iterator[Running]:
    with an_agent() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One agent for the tests that only read."""
    with an_agent(1) as made:
        yield made


@contextlib.contextmanager
def an_agent(offset: int = 0) -> Iterator[Running]:
    number = (2 * os.getpid() + offset) % 25_000
    network = f"127.{100 + number // 250}.{number % 250 + 1}"
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        folder = Path(path)
        (folder / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n}\n")
        write(folder / "all.json", *objects(network))
        arguments = [
            f"-f{folder}",
            f"--corefile={folder}/Corefile",
            f"--service-cluster-ip-range={network}.0/24",
            "--allow-loopback-endpoints",
            "--healthz-bind-address=",
            f"--metrics-bind-address={network}.1:10249",
        ]
        with Agent(*arguments, user=NOBODYS) as agent:
            yield Running(folder, network, agent)


def objects(network: str, **web: object) -> list[dict]:
    return [
        service("web", **{"clusterIP": f"{network}.20", "ports": [{"port": 8080}], **web}),
        endpoints("web", f"{network}.2", 9090),
        service("api", clusterIP=f"{network}.21", ports=[{"port": 8080}]),
    ]


def names(listed: dict) -> list[str]:
    return [each["metadata"]["name"] for each in listed["items"]]


def test_objects_are_where_the_api_server_has_them(running: Running):
    listed = running.client.get("/api/v1/namespaces/default/services")
    assert (listed["kind"], names(listed)) == ("ServiceList", ["api", "kubernetes", "web"])
    assert listed["metadata"]["resourceVersion"] == "1"
    web = running.client.get("/api/v1/namespaces/default/services/web")
    assert web["spec"]["clusterIP"] == f"{running.network}.20"
    assert web["metadata"]["creationTimestamp"].endswith("Z")
    assert names(running.client.get("/api/v1/services", fieldSelector="metadata.name=web")) == ["web"]
    selector = "kubernetes.io/service-name in (web)"
    slices = running.client.get("/apis/discovery.k8s.io/v1/endpointslices", labelSelector=selector)
    assert [each["endpoints"][0]["addresses"] for each in slices["items"]] == [[f"{running.network}.2"]]
    kind = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    running.apply(*objects(running.network), {**kind, "metadata": {"name": "of-nobody"}, "addressType": "IPv4"})
    assert "of-nobody" in names(running.client.get("/apis/discovery.k8s.io/v1/endpointslices"))
    assert "kube-system" in names(running.client.get("/api/v1/namespaces"))
    assert "web" in names(running.client.get("/api/v1/endpoints"))


@pytest.mark.parametrize(
    ("path", "query", "code", "text"),
    [
        (
            "/api/v1/namespaces/default/services/nowhere",
            {},
            404,
            'Error from server (NotFound): services "nowhere" not found',
        ),
        ("/apis/apps/v1/deployments", {}, 404, "could not find the requested resource"),
        ("/api/v1/services", {"labelSelector": "a in (b"}, 400, "Error from server (BadRequest): unable to parse"),
        ("/api/v1/services", {"fieldSelector": "spec.x=1"}, 400, "field label not supported: spec.x"),
        ("/clusterless/v1/nothing", {}, 404, "could not find"),
        ("/nothing", {}, 404, "is it an agent's metrics address?"),
    ],
)
def test_what_is_not_there_is_said_in_kubernetes_words(shared: Running, path, query, code, text):
    with pytest.raises(ServerError) as told:
        shared.client.get(path, **query)
    assert (told.value.code, text in str(told.value)) == (code, True), str(told.value)


def watched(running: Running, path: str, **query: object) -> "Queue[dict]":
    """The events of a watch, as they come; the first one says that the watch is open."""
    events: Queue[dict] = Queue()

    def follow() -> None:
        try:
            for event in running.client.watch(path, **query):
                events.put(event)
        except ServerError as error:
            events.put({"type": "ERROR", "text": str(error)})

    threading.Thread(target=follow, daemon=True).start()
    return events


def test_a_watch_follows_what_is_added_changed_and_deleted(running: Running):
    events = watched(running, "/api/v1/namespaces/default/services", fieldSelector="metadata.name!=kubernetes")

    def following() -> tuple[str, str, str]:
        event = events.get(timeout=HANG_SECONDS)
        return event["type"], event["object"]["metadata"]["name"], event["object"]["metadata"]["resourceVersion"]

    assert [following(), following()] == [("ADDED", "api", "1"), ("ADDED", "web", "1")]
    running.apply(*objects(running.network, sessionAffinity="ClientIP"))
    assert following() == ("MODIFIED", "web", "2")
    running.apply(*objects(running.network)[:1])
    assert {following(), following()} == {("DELETED", "api", "3"), ("MODIFIED", "web", "3")}
    late = watched(running, "/api/v1/services", resourceVersion=2)
    assert {late.get(timeout=HANG_SECONDS)["type"] for _ in range(2)} == {"DELETED", "MODIFIED"}
    early = watched(running, "/api/v1/services", resourceVersion=99)
    assert "too old resource version: 99 (3)" in early.get(timeout=HANG_SECONDS)["text"]


@pytest.mark.parametrize("resource", ["services", "events"])
def test_who_watches_from_a_lists_version_on_sees_nothing_twice_and_the_watch_ends_in_time(shared: Running, resource):
    version = shared.client.get(f"/api/v1/{resource}")["metadata"]["resourceVersion"]
    assert list(shared.client.watch(f"/api/v1/{resource}", resourceVersion=version, timeoutSeconds=1)) == []


def test_events_tell_of_changes_as_they_happen(running: Running):
    events = watched(running, "/api/v1/namespaces/default/events")
    assert events.get(timeout=HANG_SECONDS)["object"]["reason"] == "Starting"
    running.apply(*objects(running.network, ports=[{"port": 99999}])[:1])
    reasons = set()
    while not {"Deleted", "FailedValidation"} <= reasons:
        reasons.add(events.get(timeout=HANG_SECONDS)["object"]["reason"])
    table = running.command("events", "--types=Warning", "--for", "svc/web")
    assert 'The Service "web" is invalid: spec.ports[0].port: Invalid value: 99999' in table
    assert table.startswith("LAST SEEN   TYPE      REASON             OBJECT        MESSAGE\n")
    listed = json.loads(running.command("events", "-o", "json"))
    web = running.client.get("/api/v1/namespaces/default/services/web")
    uids = {each["involvedObject"]["uid"] for each in listed["items"] if each["involvedObject"]["name"] == "web"}
    assert uids == {web["metadata"]["uid"]}, "so that kubectl describe finds them"


def test_a_corefile_that_is_refused_has_an_event(running: Running):
    events = watched(running, "/api/v1/events", fieldSelector="reason=CorefileRefused")
    (running.folder / "Corefile").write_text(".:53 {\n    kubernets cluster.local\n}\n")
    event = events.get(timeout=HANG_SECONDS)["object"]
    assert (event["type"], event["involvedObject"]["kind"]) == ("Warning", "Node")
    assert "Corefile:2 - Error during parsing: Unknown directive 'kubernets'" in event["message"]


def test_a_port_that_somebody_has_is_told_and_that_it_is_free_again(running: Running):
    """The one port is reported, everything else works, and it is served as soon as it is free."""
    events = watched(running, "/api/v1/events", fieldSelector="involvedObject.name=taken")
    address = (f"{running.network}.30", 8080)
    taken = service("taken", clusterIP=address[0], ports=[{"port": 8080}])
    slices = endpoints("taken", f"{running.network}.2", 9090)
    with socket.create_server(address):
        running.apply(*objects(running.network), taken, slices)
        failed = next(each for each in iter(lambda: events.get(timeout=HANG_SECONDS), None) if is_warning(each))
        assert failed["object"]["reason"] == "FailedToOpenFrontend"
        assert failed["object"]["message"].startswith(f"Not served at {address[0]}:8080/TCP: ")
        states = running.client.get("/clusterless/v1/status")["frontends"]
        assert states["failed"] == 1
    opened = events.get(timeout=HANG_SECONDS)["object"]
    assert (opened["type"], opened["reason"]) == ("Normal", "OpenedFrontend")


def is_warning(event: dict) -> bool:
    return event["object"]["type"] == "Warning"


def test_the_status_shows_connections_to_an_endpoint_that_left_rotation(running: Running):
    Backend(f"{running.network}.2", 9090)
    held = [connected(f"{running.network}.20", 8080) for _ in range(3)]
    running.apply(*objects(running.network)[:1])
    found = running.client.get("/clusterless/v1/status", namespace="default")
    web = next(each for each in found["services"] if each["name"] == "web")
    assert (web["accepted"], web["active"]) == (3, 3)
    assert [(each["address"], each["open"], each["inRotation"]) for each in web["endpoints"]] == [
        (f"{running.network}.2:9090", 3, False)
    ]
    frame = running.command("top", "--once", "--interval=0.05")
    assert "left rotation" in frame
    picture = running.folder.parent / f"{running.folder.name}.svg"
    running.command("top", "--svg", str(picture), "--interval=0.05")
    assert "default/web" in picture.read_text()
    picture.unlink()
    for each in held:
        each.close()


def test_top_without_an_agent_says_what_kubectl_says():
    result = CliRunner().invoke(cli, ["top", "--once", "-s", "http://127.0.0.1:1"])
    expected = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n"
    assert (result.exit_code, result.output) == (1, f"{expected}    hint: `clusterless up` runs an agent\n")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_real_kubectl_finds_its_way(shared: Running, tmp_path: Path):
    def kubectl(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["kubectl", "-s", shared.url, "--cache-dir", str(tmp_path), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG_SECONDS,
            env={**os.environ, "HOME": str(tmp_path), "NO_PROXY": "*"},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    heading, *rows = kubectl("get", "svc", "--no-headers=false").splitlines()
    assert heading.split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert [row.split()[:5] for row in rows if row.startswith("web")] == [
        ["web", "ClusterIP", f"{shared.network}.20", "<none>", "8080/TCP"]
    ]
    assert f"{shared.network}.2:9090" in kubectl("get", "ep", "web")
    assert "web" in kubectl("get", "endpointslices", "-A", "-l", "kubernetes.io/service-name=web", "-o", "name")
    assert f"Endpoints:                {shared.network}.2:9090" in kubectl("describe", "svc", "web")
    assert "Serving 4 Services" in kubectl("events")
    assert 'services "x" not found' in kubectl("get", "svc", "x", code=1)
    refused = kubectl("delete", "svc", "web", code=1)
    assert "the server does not allow this method" in refused


def test_watchers_never_take_the_room_of_all_others(shared: Running):
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_WATCHERS):
            watcher = stack.enter_context(socket.create_connection((f"{shared.network}.1", 10249), HANG_SECONDS))
            watcher.sendall(b"GET /api/v1/services?watch=true HTTP/1.1\r\n\r\n")
            said = b""
            while b"ADDED" not in said:
                said += watcher.recv(65536)
        with pytest.raises(ServerError, match=r"Error from server \(TooManyRequests\)"):
            next(shared.client.watch("/api/v1/services"))
        assert "web" in names(shared.client.get("/api/v1/services"))


def test_events_of_manifests_follow_their_files(tmp_path: Path):
    manifest = tmp_path / "all.json"
    write(manifest, service("web", ports=[{"port": 99999, "targetPort": 80}]))
    command = [*CLUSTERLESS, "events", "-w", "--no-headers", "-f", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as done:
        assert done.stdout is not None
        assert "Invalid value: 99999" in done.stdout.readline()
        write(manifest, service("web", type="NodePort"))
        assert "Created NodePort Service" in done.stdout.readline()
        done.send_signal(signal.SIGINT)
        assert done.wait(HANG_SECONDS) == 130


def raw(running: Running, request: bytes) -> bytes:
    """What the port answers to these bytes, until it closes; nothing when it hangs up on them."""
    with socket.create_connection((f"{running.network}.1", 10249), HANG_SECONDS) as client:
        try:
            client.sendall(request)
            answer = b""
            while data := client.recv(65536):
                answer += data
        except (ConnectionResetError, BrokenPipeError):
            return b""
        return answer


def test_operators_port_is_bounded_and_the_data_plane_does_not_notice(running: Running):
    """A header of a megabyte, POST, unknown paths, a hundred clients who say nothing, a watcher who never reads."""
    pod = f"{running.network}.3"
    Backend(pod, 9090)
    running.apply(*objects(running.network)[:1], endpoints("web", pod, 9090))
    before = rss_mib(running.agent.pid)
    assert raw(running, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1_000_000) == b""
    assert raw(running, b"POST /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")
    assert raw(running, b"POST /api/v1/services HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 405 ")
    assert raw(running, b"GET /nothing HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404 ")
    port = (f"{running.network}.1", 10249)
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(port)
        deaf.sendall(b"GET /api/v1/services?watch=true HTTP/1.1\r\n\r\n")
        idle = [stack.enter_context(socket.create_connection(port, HANG_SECONDS)) for _ in range(100)]
        for number, each in enumerate(idle[:50]):
            with contextlib.suppress(ConnectionError):  # the bound is reached, and it was hung up on
                each.sendall(b"GET /metr" if number % 2 else b"G")
        for _ in range(20):
            connected(f"{running.network}.20", 8080).close()
        assert rss_mib(running.agent.pid) - before < 16
        for each in idle:
            with contextlib.suppress(ConnectionError):
                assert each.recv(1) == b"", "who says nothing is cut off"
        assert raw(running, b"GET /healthz HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nok")
    connected(f"{running.network}.20", 8080).close()
