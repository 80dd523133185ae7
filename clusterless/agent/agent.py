"""An agent's life: from the first snapshot over every change, of manifests or host, to the last connection."""

import asyncio
import contextlib
import importlib
import logging
import signal
from collections.abc import Callable

import msgspec

from clusterless.configuration.filestamp import FileStamp
from clusterless.configuration.settings import Settings
from clusterless.operations import logs, notify
from clusterless.tasks import spawn
from controlplane.clusterstate import FoundPod
from controlplane.snapshot import Snapshot
from controlplane.state import StateError
from proxy.addresses import HelperSockets, LocalSockets
from proxy.hostfacts import HostFacts

from . import garbage
from .clusterfeed import ClusterFeed
from .liveconfig import LiveConfig
from .served import Served
from .starterror import StartError
from .watch import watch

__all__ = ["Agent", "StartError"]

log = logging.getLogger(__name__)

# How often to look whether the host has other addresses, and to try again what failed.
LOOK_SECONDS = 3.0


class Agent:
    """`run` serves until SIGTERM or SIGINT: what `make` returns for the host as it is at the start."""

    def __init__(
        self, settings: Settings, sockets: HelperSockets | LocalSockets, make: Callable[[HostFacts], Served]
    ) -> None:
        if settings.docker:
            _load_docker()
        self._settings = settings
        self._sockets = sockets
        self._make = make
        self._corefile = FileStamp(settings.corefile)  # what changes from now on is seen, while the agent starts too
        self._config = LiveConfig(settings)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._wake = asyncio.Event()
        self._must_apply = False
        self._must_reload = False
        self._is_watching = False
        self._failure: BaseException | None = None

    async def run(self) -> int:
        """Serve until told to stop; returns the exit code. Raises StartError when serving cannot begin."""
        self._handle_signals()
        logs.detach()
        try:
            await self._serve()
        finally:
            await self._sockets.close()
            await asyncio.to_thread(logs.attach)
        return 1 if self._failure else 0

    def fail(self, error: BaseException) -> None:
        """Something that serving depends on has ended: to be started again is better than to linger."""
        log.critical("the program stops", extra={"kv": {"reason": str(error)}}, exc_info=error)
        self._failure = error
        self._on_stop()

    async def _serve(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            served = self._make(await self._sockets.facts())
            stack.push_async_callback(served.close)
            feed = self._feed(served)
            stack.callback(feed.close)
            await self._find_pods(feed, stack)
            with garbage.spared():
                snapshot = await asyncio.to_thread(feed.refresh)
                await served.announce()
                await served.publish(snapshot)
                await served.listen()
            watchdog = spawn(notify.keep_watchdog(lambda: served.is_healthy), "watchdog", on_failure=self.fail)
            stack.callback(watchdog.cancel)
            await self._follow(served, feed, snapshot)
            notify.stopping()
            await self._drain(served)

    async def _find_pods(self, feed: ClusterFeed, stack: contextlib.AsyncExitStack) -> None:
        """Follow Docker, where that is asked for, as long as the stack stands."""
        if not self._settings.docker:
            return
        from clusterless.docker.watch import docker_pods  # noqa: PLC0415  it is loaded by now

        def found(pods: tuple[FoundPod, ...]) -> None:
            feed.find(pods)
            self._wake.set()

        await stack.enter_async_context(docker_pods(self._settings, found))

    def _feed(self, served: Served) -> ClusterFeed:
        options = msgspec.structs.replace(
            self._settings.cluster,
            hostname=self._settings.hostname_override.lower() or self._settings.cluster.hostname,
            node_addresses=served.primary_addresses,
        )
        try:
            return ClusterFeed(
                self._settings.filenames,
                options,
                self._settings.state_dir,
                decides=served.decides,
                finds=self._settings.docker,
            )
        except StateError as error:
            raise StartError(str(error)) from error

    async def _follow(self, served: Served, feed: ClusterFeed, snapshot: Snapshot) -> None:
        """Apply changes until told to stop. The files are read in a thread, so that no connection waits for it."""
        corefile, config = self._corefile, self._config
        names = (*feed.watched, *corefile.watched, *config.watched)
        watching = watch(names, lambda: self._on_watching(snapshot), self._wake.set, self._stop)
        tasks = [
            spawn(watching, "watch manifests", on_failure=self.fail),
            spawn(self._follow_host(served, feed), "follow the host", on_failure=self.fail),
        ]
        while not self._stop.is_set():
            await self._wake.wait()
            self._wake.clear()
            is_told, self._must_reload = self._must_reload, False
            if is_told:
                notify.reloading()
            if corefile.has_changed() or is_told:
                await served.reload()
            if await config.look(served, is_told=is_told):
                self._must_apply = True
            fresh = await asyncio.to_thread(feed.refresh)
            if (fresh is not snapshot or self._must_apply) and not self._stop.is_set():
                snapshot, self._must_apply = fresh, False
                await served.publish(snapshot)
                notify.status(_status(snapshot))
            if is_told:
                notify.ready(_status(snapshot))
        await asyncio.wait(tasks)

    async def _follow_host(self, served: Served, feed: ClusterFeed) -> None:
        while not await self._stops_within(LOOK_SECONDS):
            if await served.look():
                feed.move(served.primary_addresses)
                self._must_apply = True
                self._wake.set()

    async def _stops_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        return self._stop.is_set()

    async def _drain(self, served: Served) -> None:
        """Finish within the grace period; a second signal cuts it short."""
        log.info("stopping", extra={"kv": {"grace_seconds": self._settings.grace_seconds}})
        hurry = spawn(self._hurry.wait(), "wait for a second signal")
        drain = spawn(served.drain(), "drain")
        await asyncio.wait({hurry, drain}, return_when=asyncio.FIRST_COMPLETED)
        for task in (hurry, drain):
            task.cancel()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._on_reload)

    def _on_watching(self, snapshot: Snapshot) -> None:
        """Read once more what may have changed before watching began; then every change is seen."""
        self._wake.set()
        if not self._is_watching:
            self._is_watching = True
            notify.started(_status(snapshot))

    def _on_reload(self) -> None:
        self._must_reload = True
        self._wake.set()

    def _on_stop(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()
        self._wake.set()


def _status(snapshot: Snapshot) -> str:
    """One line for `systemctl status`."""
    errors = len(snapshot.errors)
    wrong = f"; {errors} mistakes in the manifests, see `clusterless check`" if errors else ""
    return f"Serving {len(snapshot.services)} Services, generation {snapshot.generation}{wrong}."


def _load_docker() -> None:
    """Load what `--docker` needs, while nobody waits for it: it takes half a second. Raises StartError."""
    try:
        importlib.import_module("clusterless.docker.watch")
    except ModuleNotFoundError as error:
        raise StartError(f"--docker: {error}: install clusterless[docker]") from error
