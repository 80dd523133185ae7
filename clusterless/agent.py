"""The node agent: wires control plane, proxy, DNS and health together, from first snapshot to last connection."""

import asyncio
import contextlib
import logging
import signal
import time

import msgspec

from controlplane.snapshot import Snapshot
from controlplane.state import StateError
from dns.config import DnsConfig
from proxy.addresses import HelperSockets, LocalSockets
from proxy.hostfacts import HostFacts, primary_addresses

from .clusterfeed import ClusterFeed, freeze_garbage
from .health import Health
from .nodedns import NodeDns
from .nodeproxy import NodeProxy
from .notify import notify
from .settings import Settings
from .starterror import StartError
from .tasks import spawn
from .watch import changes

__all__ = ["Agent", "StartError"]

log = logging.getLogger(__name__)


class Agent:
    """One node: `run` serves until SIGTERM or SIGINT. Without `proxy`, or without `dns_config`, the other is alone."""

    def __init__(
        self, settings: Settings, sockets: HelperSockets | LocalSockets, dns_config: DnsConfig | None, *, proxy: bool
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._with_proxy = proxy
        self._dns_config = dns_config
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._wake = asyncio.Event()

    async def run(self) -> int:
        """Serve until told to stop; returns the exit code. Raises StartError when serving cannot begin."""
        self._handle_signals()
        try:
            await self._serve()
        finally:
            await self._sockets.close()
        return 0

    async def _serve(self) -> None:
        facts = await self._sockets.facts()
        feed = self._feed(facts)
        snapshot = await asyncio.to_thread(feed.refresh)
        freeze_garbage()
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(feed.close)
            if self._with_proxy:
                await self._announce_ranges(facts)
            dns = NodeDns(self._settings, self._dns_config, self._sockets, facts) if self._dns_config else None
            if dns:
                stack.push_async_callback(dns.close)
            proxy = NodeProxy(self._settings, self._sockets, facts) if self._with_proxy else None
            if proxy:
                stack.push_async_callback(proxy.close)
            health = Health(self._settings, facts, proxy, dns)
            stack.push_async_callback(health.close)
            await self._publish(snapshot, proxy, dns, health)
            await health.listen()
            if dns:
                await dns.listen()
            notify("READY=1")
            await self._follow(feed, snapshot, proxy, dns, health)
            notify("STOPPING=1")
            if proxy:
                await self._drain(proxy)

    def _feed(self, facts: HostFacts) -> ClusterFeed:
        options = msgspec.structs.replace(
            self._settings.cluster,
            hostname=self._settings.hostname_override.lower() or self._settings.cluster.hostname,
            node_addresses=primary_addresses(facts, self._settings.node_ip),
        )
        try:
            return ClusterFeed(self._settings.filenames, options, self._settings.state_dir)
        except StateError as error:
            raise StartError(str(error)) from error

    async def _announce_ranges(self, facts: HostFacts) -> None:
        """Answer for the service ranges; one that cannot be had is told once, and its frontends say so too."""
        ranges = self._settings.cluster.service_cluster_ip_ranges
        sources = primary_addresses(facts, self._settings.node_ip)
        refused = await self._sockets.announce(ranges, sources, force=self._settings.force_ranges)
        for reason in refused.values():
            log.error("service range cannot be used", extra={"kv": {"reason": reason}})

    async def _publish(self, snapshot: Snapshot, proxy: NodeProxy | None, dns: NodeDns | None, health: Health) -> None:
        started = time.monotonic()
        health.queued()
        if dns:
            await dns.publish(snapshot)
        if proxy:
            await proxy.apply(snapshot, dns.keys if dns else ())
        health.applied(snapshot)
        seconds = round(time.monotonic() - started, 3)
        details = {"generation": snapshot.generation, "services": len(snapshot.services), "seconds": seconds}
        log.info("snapshot applied", extra={"kv": details})

    async def _follow(
        self,
        feed: ClusterFeed,
        snapshot: Snapshot,
        proxy: NodeProxy | None,
        dns: NodeDns | None,
        health: Health,
    ) -> None:
        """Apply changes until told to stop. The files are read in a thread, so that no connection waits for it."""
        watcher = spawn(self._watch(feed), "watch manifests")
        try:
            while not self._stop.is_set():
                await self._wake.wait()
                self._wake.clear()
                fresh = await asyncio.to_thread(feed.refresh)
                if fresh is not snapshot and not self._stop.is_set():
                    snapshot = fresh
                    await self._publish(snapshot, proxy, dns, health)
        finally:
            self._stop.set()
            await watcher

    async def _watch(self, feed: ClusterFeed) -> None:
        async for _ in changes(feed.watched, self._stop):
            self._wake.set()

    async def _drain(self, proxy: NodeProxy) -> None:
        """Finish within the grace period; a second signal cuts it short."""
        log.info("stopping", extra={"kv": {"grace_seconds": self._settings.grace_seconds}})
        hurry = spawn(self._hurry.wait(), "wait for a second signal")
        drain = spawn(proxy.drain(self._settings.grace_seconds), "drain")
        await asyncio.wait({hurry, drain}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not drain.done():
            drain.cancel()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._wake.set)

    def _on_stop(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()
        self._wake.set()
