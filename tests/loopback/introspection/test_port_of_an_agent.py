"""The status that `top` shows, and what keeps the port within its bounds."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from clusterless.cli import cli
from clusterless.introspection.api import MOST_WATCHERS
from clusterless.introspection.client import ServerError
from tests.netns.agents import HANG_SECONDS, Backend, connected, endpoints, rss_mib

from .agents import Running, names, objects


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """What a test opened is closed, and the addresses are free for others, once it is over."""
    with contextlib.ExitStack() as stack:
        yield stack


def test_the_status_shows_connections_to_an_endpoint_that_left_rotation(running: Running, stack: contextlib.ExitStack):
    stack.enter_context(contextlib.closing(Backend(f"{running.network}.2", 9090)))
    for _ in range(3):
        stack.enter_context(connected(f"{running.network}.20", 8080))
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


def test_top_without_an_agent_says_what_kubectl_says():
    result = CliRunner().invoke(cli, ["top", "--once", "-s", "http://127.0.0.1:1"])
    expected = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n"
    assert (result.exit_code, result.output) == (1, f"{expected}    hint: `clusterless up` runs an agent\n")


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


def raw(running: Running, request: bytes) -> bytes:
    """What the port answers to these bytes, until it closes; nothing when it hangs up on them."""
    with socket.create_connection((f"{running.network}.1", 10249), HANG_SECONDS) as client:
        answer = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(request)
            while data := client.recv(65536):
                answer += data
        return answer


@pytest.mark.reliability(51)
def test_operators_port_is_bounded_and_the_data_plane_does_not_notice(running: Running, stack: contextlib.ExitStack):
    """A header of a megabyte, POST, unknown paths, a hundred clients who say nothing, a watcher who never reads."""
    pod = f"{running.network}.3"
    stack.enter_context(contextlib.closing(Backend(pod, 9090)))
    running.apply(*objects(running.network)[:1], endpoints("web", pod, 9090))
    before = rss_mib(running.agent.pid)
    assert raw(running, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1_000_000) == b""
    assert raw(running, b"POST /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")
    assert raw(running, b"POST /api/v1/services HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 405 ")
    assert raw(running, b"GET /nothing HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404 ")
    port = (f"{running.network}.1", 10249)
    with contextlib.ExitStack() as clients:
        deaf = clients.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(port)
        deaf.sendall(b"GET /api/v1/services?watch=true HTTP/1.1\r\n\r\n")
        idle = [clients.enter_context(socket.create_connection(port, HANG_SECONDS)) for _ in range(100)]
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
