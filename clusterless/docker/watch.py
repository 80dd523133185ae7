"""I/O: follows Docker's containers through its API, and says which Pods they are, whenever that has changed."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiodocker
import msgspec
from aiohttp import ClientError

from clusterless.configuration.settings import Settings
from clusterless.tasks import spawn
from controlplane.clusterstate import FoundPod

from .containers import COMPOSE_PROJECT, Inspection, Scope, inspection, judge, one_each

log = logging.getLogger(__name__)

DEFAULT_HOST = "unix:///var/run/docker.sock"
FIRST_SECONDS = 5.0  # what serving waits for the first list; it goes on without
ANSWER_SECONDS = 10.0
LIST_AGAIN_SECONDS = 30.0  # events can be lost, as by a proxy in between
RETRY_SECONDS = 1.0, 30.0  # at first, and at most

# aiodocker's own errors; what it lets through; and what is not Docker's JSON.
_OUTAGES = (aiodocker.DockerError, ClientError, OSError, TimeoutError, msgspec.ValidationError, ValueError)
_TOLD = frozenset(
    ("start", "die", "destroy", "kill", "pause", "unpause", "rename", "health_status", "connect", "disconnect")
)
_OWN_ID = re.compile(r"/containers/([0-9a-f]{64})/")

Found = Callable[[tuple[FoundPod, ...]], None]


@contextlib.asynccontextmanager
async def docker_pods(settings: Settings, found: Found) -> AsyncIterator[None]:
    """Call `found` with all Pods whenever they have changed; on entering, mostly, it has been called once."""
    watch = DockerWatch(settings, found)
    task = spawn(watch.run(), "follow Docker")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await watch.listed.wait()
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class DockerWatch:
    """`run` follows Docker for ever; while it cannot be reached, what was found last stays in force."""

    def __init__(self, settings: Settings, found: Found) -> None:
        self.listed = asyncio.Event()
        self._settings = settings
        self._found = found
        self._own_id = _own_id()
        self._containers: dict[str, Inspection] = {}
        self._going: set[str] = set()  # containers that were told to stop
        self._pods: tuple[FoundPod, ...] | None = None
        self._told: set[str] = set()

    async def run(self) -> None:
        """Connect again and again, after pauses that grow."""
        pause = RETRY_SECONDS[0]
        while True:
            try:
                await self._follow()
                reason = "the stream of events has ended"
            except _OUTAGES as error:
                reason = str(error) or type(error).__name__
            if self.listed.is_set():
                pause = RETRY_SECONDS[0]
            log.warning("Docker cannot be followed", extra={"kv": {"reason": reason, "retry_seconds": pause}})
            self.listed.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS[1])

    async def _follow(self) -> None:
        """One connection's life. Events are asked for before the list, so that nothing happens in between."""
        host = self._settings.docker_host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
        async with aiodocker.Docker(host) as docker:
            stream: Any = docker.events  # partly without types
            subscriber = stream.subscribe(create_task=False)
            filters = json.dumps({"type": ["container", "network"]})
            running = stream.run(since=int(time.time()), filters=filters)
            events = spawn(running, "Docker's events", on_failure=lambda _: None)  # `await events` tells
            try:
                await self._list(docker)
                while (event := await _next(subscriber)) is not _END:
                    await self._heed(docker, event) if event else await self._list(docker)
                await events
            finally:
                events.cancel()
                await asyncio.wait({events})

    async def _list(self, docker: aiodocker.Docker) -> None:
        """Look at every container there is."""
        async with asyncio.timeout(ANSWER_SECONDS):
            listed = [each.id for each in await docker.containers.list()]
            self._containers = {each: seen for each in listed if (seen := await _inspect(docker, each)) is not None}
        self._going &= self._containers.keys()
        self._publish()
        if not self.listed.is_set():
            log.info("Docker is followed", extra={"kv": {"containers": len(listed), "pods": len(self._pods or ())}})
            self.listed.set()

    async def _heed(self, docker: aiodocker.Docker, event: Mapping[str, Any]) -> None:
        """Look again at the container that the event is about."""
        action = str(event.get("Action", "")).partition(":")[0]
        actor = event.get("Actor") or {}
        attributes = actor.get("Attributes") or {}
        key = attributes.get("container", "") if event.get("Type") == "network" else actor.get("ID", "")
        if action not in _TOLD or not key:
            return
        before = self._containers.get(key)
        if action == "kill" and before is not None and _ends(attributes.get("signal", ""), before.config.stop_signal):
            self._going.add(key)
        elif action in ("start", "die", "destroy"):
            self._going.discard(key)
        async with asyncio.timeout(ANSWER_SECONDS):
            seen = await _inspect(docker, key)
        if seen is None:
            self._containers.pop(key, None)
        else:
            self._containers[key] = seen
        self._publish()

    def _publish(self) -> None:
        scope = self._scope()
        judged = [judge(each, scope, terminating=key in self._going) for key, each in self._containers.items()]
        for remark in (remark for each in judged for remark in each.remarks):
            if remark not in self._told:
                self._told.add(remark)
                log.warning("container's label is left out", extra={"kv": {"reason": remark}})
        pods = one_each(each.pod for each in judged if each.pod is not None)
        if pods != self._pods:
            self._pods = pods
            self._found(pods)

    def _scope(self) -> Scope:
        own = self._containers.get(self._own_id)
        settings = self._settings
        return Scope(
            own_id=self._own_id,
            project=settings.docker_project or (own.labels.get(COMPOSE_PROJECT, "") if own else ""),
            networks=(settings.docker_network,) if settings.docker_network else tuple(own.networks) if own else (),
        )


_END: Mapping[str, Any] = {"Action": "end"}


async def _next(subscriber: Any) -> Mapping[str, Any]:
    """The next event; none of them, `{}`, after a while without; `_END` when the stream has ended."""
    try:
        async with asyncio.timeout(LIST_AGAIN_SECONDS):
            event: Mapping[str, Any] | None = await subscriber.get()
    except TimeoutError:
        return {}
    return _END if event is None else event


async def _inspect(docker: aiodocker.Docker, key: str) -> Inspection | None:
    """The container, `None` if it is gone."""
    try:
        return inspection(await docker.containers.container(key).show())
    except aiodocker.DockerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _ends(number: str, stop_signal: str) -> bool:
    """Whether a container that is sent this signal is being stopped: it is the one that stops it, TERM or KILL."""
    stops = {str(signal.SIGTERM.value), str(signal.SIGKILL.value), stop_signal}
    named = signal.Signals.__members__.get(stop_signal)
    return number in stops | ({str(named.value)} if named else set())


def _own_id() -> str:
    """The container that this process is in, as Docker's mounts tell; `""` if it is in none."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return ""
    found = _OWN_ID.search(mounts)
    return found.group(1) if found else ""
