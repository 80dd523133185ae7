"""Docker followed through its API: a server that speaks it on a Unix socket stands in for the engine."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from clusterless.configuration.settings import Settings
from clusterless.docker import watch
from clusterless.docker.watch import docker_pods
from controlplane.clusterstate import FoundPod
from controlplane.options import ClusterOptions

HANG_SECONDS = 10.0
ENDED = {"Action": "no event: the stream ends"}


class Docker:
    """An engine's containers and events, as `docker inspect` and `docker events` show them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {}
        self.streams: list[asyncio.Queue[dict[str, Any]]] = []
        self.has_listener = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        version = "/v{version}"
        app.router.add_get("/version", self._version)
        app.router.add_get(f"{version}/containers/json", self._list)
        app.router.add_get(f"{version}/containers/{{key}}/json", self._inspect)
        app.router.add_get(f"{version}/events", self._events)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.path)).start()

    async def stop(self) -> None:
        for stream in self.streams:
            stream.put_nowait(ENDED)
        assert self._runner
        await self._runner.cleanup()
        self.path.unlink(missing_ok=True)

    def run(self, name: str, *, health: str = "healthy", stop_signal: str = "SIGTERM") -> None:
        self.containers[name] = {
            "Id": name,
            "Name": f"/{name}",
            "State": {"Status": "running", "Health": {"Status": health}},
            "Config": {"Labels": {"clusterless/labels.app": "web"}, "StopSignal": stop_signal},
            "NetworkSettings": {"Networks": {"n": {"IPAddress": f"172.18.0.{len(self.containers) + 2}"}}},
        }

    def tell(self, action: str, name: str, **attributes: str) -> None:
        for stream in self.streams:
            stream.put_nowait(
                {"Type": "container", "Action": action, "Actor": {"ID": name, "Attributes": attributes}, "time": 1}
            )

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"ApiVersion": "1.41"})

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response([{"Id": key} for key in self.containers])

    async def _inspect(self, request: web.Request) -> web.Response:
        container = self.containers.get(request.match_info["key"])
        if container is None:
            return web.json_response({"message": "No such container"}, status=404)
        return web.json_response(container)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        assert json.loads(request.query["filters"]) == {"type": ["container", "network"]}
        stream: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        self.streams.append(stream)
        self.has_listener.set()
        try:
            while (event := await stream.get()) is not ENDED:
                await response.write(json.dumps(event).encode() + b"\n")
        finally:
            self.streams.remove(stream)
        return response


class Told:
    """What the program was told, which tests wait for."""

    def __init__(self) -> None:
        self._pods: asyncio.Queue[tuple[FoundPod, ...]] = asyncio.Queue()

    def __call__(self, pods: tuple[FoundPod, ...]) -> None:
        self._pods.put_nowait(pods)

    async def next(self) -> dict[str, str]:
        """The next news: each Pod's state."""
        async with asyncio.timeout(HANG_SECONDS):
            pods = await self._pods.get()
        return {pod.name: "going" if pod.terminating else "ready" if pod.ready else "unready" for pod in pods}


@pytest.fixture
async def docker(tmp_path: Path) -> AsyncIterator[Docker]:
    made = Docker(tmp_path / "docker.sock")
    await made.start()
    yield made
    await made.stop()


@contextlib.asynccontextmanager
async def following(docker: Docker) -> AsyncIterator[Told]:
    told = Told()
    settings = Settings(
        filenames=(), cluster=ClusterOptions(hostname="n"), docker=True, docker_host=f"unix://{docker.path}"
    )
    async with docker_pods(settings, told):
        yield told


async def listening(docker: Docker) -> None:
    """Until somebody reads the events."""
    async with asyncio.timeout(HANG_SECONDS):
        await docker.has_listener.wait()


async def test_what_runs_is_told_before_anything_else(docker: Docker):
    docker.run("a")
    docker.run("b", health="starting")
    async with following(docker) as told:
        assert told._pods.qsize() == 1
        assert await told.next() == {"a": "ready", "b": "unready"}


async def test_a_container_comes_becomes_ready_is_stopped_and_goes(docker: Docker):
    async with following(docker) as told:
        assert await told.next() == {}
        await listening(docker)
        docker.run("a", health="starting")
        docker.tell("start", "a")
        assert await told.next() == {"a": "unready"}
        docker.run("a")
        docker.tell("health_status: healthy", "a")
        assert await told.next() == {"a": "ready"}
        docker.tell("kill", "a", signal="15")
        assert await told.next() == {"a": "going"}
        docker.containers.clear()
        docker.tell("die", "a")
        assert await told.next() == {}


@pytest.mark.parametrize(
    ("stop_signal", "number", "state"),
    [
        ("SIGTERM", "9", "going"),
        ("SIGQUIT", "3", "going"),
        ("3", "3", "going"),
        ("SIGTERM", "1", "ready"),
        ("SIGQUIT", "10", "ready"),
    ],
)
async def test_only_a_signal_that_stops_makes_a_pod_terminating(
    docker: Docker, stop_signal: str, number: str, state: str
):
    docker.run("a", stop_signal=stop_signal)
    async with following(docker) as told:
        assert await told.next() == {"a": "ready"}
        await listening(docker)
        docker.tell("kill", "a", signal=number)
        docker.run("b")  # so that there are news in any case
        docker.tell("start", "b")
        news = await told.next()
        assert (news if "b" in news else await told.next())["a"] == state


async def test_while_docker_is_away_what_was_seen_stays_and_then_all_is_seen_again(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(watch, "RETRY_SECONDS", (0.05, 0.1))
    docker.run("a")
    async with following(docker) as told:
        assert await told.next() == {"a": "ready"}
        await listening(docker)
        await docker.stop()
        docker.containers.clear()
        docker.run("b")
        await docker.start()
        assert await told.next() == {"b": "ready"}
        assert "Docker cannot be followed" in caplog.text


async def test_without_docker_serving_begins_nevertheless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "FIRST_SECONDS", 0.1)
    async with following(Docker(tmp_path / "nothing.sock")) as told:
        assert told._pods.empty()
