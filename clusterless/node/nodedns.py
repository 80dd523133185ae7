"""Wires the DNS server of a node together: it binds the DNS Service's addresses itself, and is fed with snapshots."""

import logging
import os
import socket
from collections.abc import Callable, Collection
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from clusterless.agent.starterror import StartError
from clusterless.configuration.bindaddress import bind_addresses, node_addresses
from clusterless.configuration.settings import Settings
from clusterless.operations.httpserver import OpsReply, OpsServer
from controlplane.snapshot import Snapshot
from controlplane.writtencorefile import WrittenCorefile
from dns.config import DEFAULT_PORT, DnsConfig, configure, stock_corefile
from dns.counters import Counters
from dns.files import read_corefile
from dns.plugins.health import Health
from dns.plugins.prometheus import Prometheus
from dns.plugins.ready import Ready
from dns.server import DnsServer
from proxy.addresses import HelperSockets, LocalSockets
from proxy.hostfacts import HostFacts, primary_addresses
from proxy.model import FrontendKey, Protocol
from proxy.sockets import OpenFailure

from .dnskeys import METRICS_PORT, dns_service_addresses, keys_of
from .dnsplaces import Place, places

if TYPE_CHECKING:
    from clusterless.metrics.dns import DnsCollector

log = logging.getLogger(__name__)

# Where DNS is without the privilege for port 53: multicast DNS has the number, but listens on other addresses.
UNPRIVILEGED_PORT = 5353


def load_config(settings: Settings, written: WrittenCorefile | None = None) -> DnsConfig:
    """The settings of --corefile, else of the Corefile among the manifests, else the stock ones.

    Raises StartError with all mistakes.
    """
    if settings.corefile:
        config, problems = read_corefile(Path(settings.corefile), os.environ)
    elif written is not None:
        place = f"{written.source}:{written.line} Corefile"
        config, problems = configure(written.text, file=place, environment=os.environ)
    else:
        config, problems = configure(stock_corefile(settings.cluster.cluster_domain))
    if config is None:
        raise StartError("\n".join(str(problem) for problem in problems))
    for warning in config.warnings:
        log.warning("Corefile", extra={"kv": {"problem": str(warning)}})
    return config


class NodeDns:
    """The DNS server of one node; made inside the running event loop."""

    def __init__(
        self, settings: Settings, config: DnsConfig, sockets: HelperSockets | LocalSockets, facts: HostFacts
    ) -> None:
        self._settings = settings
        self._written: WrittenCorefile | None = None
        self._config = config
        self._sockets = sockets
        self._bind = bind_addresses(settings.dns_bind_addresses)
        self._server = DnsServer(config, local_addresses=primary_addresses(facts, settings.node_ip))
        self._vips: tuple[str, ...] = ()  # of the DNS Service, as far as they are served here
        self._open: set[Place] = set()
        self._open_metrics: dict[str, Callable[[], None]] = {}  # by address of the DNS Service, what closes it
        self._told: set[tuple[object, str]] = set()
        self._health = OpsServer({"/health": lambda: OpsReply(body=b"OK")})
        self._ready = OpsServer({"/ready": self._readiness})
        self._metrics = OpsServer({"/metrics": self._exposition})
        self.on_refusal: Callable[[str], None] = lambda _: None  # told why a Corefile is refused

    @property
    def config(self) -> DnsConfig:
        """The settings that are in force."""
        return self._config

    @property
    def keys(self) -> frozenset[FrontendKey]:
        """The frontends that the proxy leaves to us: the DNS Service's ports that we serve."""
        return keys_of(self._vips)

    @property
    def lameduck_seconds(self) -> float:
        """For how long the Corefile wants questions to be answered after the program was told to stop."""
        return max((health.lameduck for each in self._config.servers if (health := each.get(Health))), default=0.0)

    @property
    def counters(self) -> Counters:
        """What the server has counted up to now."""
        return self._server.counters()

    @property
    def collector(self) -> "DnsCollector":
        """The same, for Prometheus; the library for it is loaded by the first scrape."""
        from clusterless.metrics.dns import DnsCollector  # noqa: PLC0415

        return DnsCollector(self.counters, self._server.cache_sizes)

    async def publish(self, snapshot: Snapshot) -> None:
        """Answer from this snapshot from now on; a new address of the DNS Service is bound first."""
        if not self._settings.corefile:
            await self._adopt(snapshot.corefile)
        is_replaced = any(not each.is_added for each in self._bind)
        vips = () if is_replaced else dns_service_addresses(snapshot)
        if vips != self._vips or self._server.generation < 0:
            await self._move(vips)
        self._server.publish(snapshot)

    async def listen(self, facts: HostFacts, taken: Collection[FrontendKey] = ()) -> None:
        """Be everywhere where we should be, as the host has its addresses now; what fails is tried at the next call.

        What the Corefile asks for on all addresses gives way to the frontends that are `taken`.
        """
        await self._open_missing()
        await self._listen_http(Health, self._health, facts, taken)
        await self._listen_http(Ready, self._ready, facts, taken)
        is_measured = await self._listen_http(Prometheus, self._metrics, facts, taken)
        self._leave_metrics_but(self._vips if is_measured else ())
        if is_measured:
            await self._open_metrics_of_vips()

    def refuse(self, reason: str) -> None:
        """Say that a new Corefile is not right; the one before stays in force."""
        self._server.counted.reload_failed += 1
        log.error("Corefile is refused, the one before stays in force", extra={"kv": {"reason": reason}})
        self.on_refusal(f"The one before stays in force: {reason}")

    async def _adopt(self, written: WrittenCorefile | None) -> None:
        """Go on with the Corefile that the manifests bring now, or with the stock one if they bring none any more."""
        before, self._written = self._written, written
        if (written and written.text) == (before and before.text):
            return
        try:
            config = load_config(self._settings, written)
        except StartError as error:
            self.refuse(str(error))
            return
        log.info("Corefile of the manifests is in force" if written else "stock Corefile is in force again")
        await self.reload(config)

    async def reload(self, config: DnsConfig) -> None:
        """Go on with another Corefile; its HTTP endpoints are opened by `listen`."""
        self._config = config
        self._server.reconfigure(config)
        self._leave_unwanted()
        await self._open_missing()

    async def close(self) -> None:
        """Answer no more, and give the addresses back."""
        for server in (self._health, self._ready, self._metrics):
            await server.close()
        await self._server.close()
        await self._sockets.release(self._vips)

    async def _move(self, vips: tuple[str, ...]) -> None:
        gone = set(self._vips) - set(vips)
        self._vips = vips
        self._leave_unwanted()
        self._leave_metrics_but(vips)
        await self._sockets.release(gone)
        await self._open_missing()

    def _leave_unwanted(self) -> None:
        """Close what neither the Corefile nor the DNS Service asks for any more; all else stays open."""
        gone = {(place.address, place.where) for place in self._open - set(self._places())}
        for address, where in gone:
            self._server.leave(address, where)
        self._open = {place for place in self._open if (place.address, place.where) not in gone}

    async def _open_missing(self) -> None:
        refused = await self._sockets.claim(self._vips)
        for vip, reason in refused.items():
            self._tell(vip, reason)
        for place in self._places():
            if place not in self._open and place.address not in refused:
                await self._open_place(place)

    def _places(self) -> tuple[Place, ...]:
        return places(self._config, self._vips, self._bind)

    async def _open_place(self, place: Place) -> None:
        """UDP and TCP; without the privilege for port 53, on the unprivileged one."""
        is_humble = place.port == DEFAULT_PORT and isinstance(self._sockets, LocalSockets)
        for number in (place.port, UNPRIVILEGED_PORT) if is_humble else (place.port,):
            pair = await self._open_pair(place.address, number)
            if isinstance(pair, OpenFailure):
                self._tell(place, pair.message)
            elif place not in self._places():  # it was asked for until this was opened
                for each in pair:
                    each.close()
                return
            else:
                self._open.add(place)
                await self._server.start(pair[:1], pair[1:], where=place.where)
                log.info("DNS is served", extra={"kv": {"address": place.address, "port": number}})
                return

    async def _open_pair(self, address: str, port: int) -> list[socket.socket] | OpenFailure:
        keys = [FrontendKey(address, port, protocol) for protocol in (Protocol.UDP, Protocol.TCP)]
        outcomes = await self._sockets.open(keys)
        opened = [each for each in outcomes if isinstance(each, socket.socket)]
        failure = next((each for each in outcomes if isinstance(each, OpenFailure)), None)
        if failure is None:
            return opened
        for each in opened:
            each.close()
        return failure

    async def _listen_http(
        self,
        plugin: type[Health | Ready | Prometheus],
        server: OpsServer,
        facts: HostFacts,
        taken: Collection[FrontendKey],
    ) -> bool:
        """Be where a plugin of the Corefile asks for, and nowhere else; false when it does not ask."""
        settings = next((found for each in self._config.servers if (found := each.get(plugin))), None)
        if settings is None:
            await server.listen((), 0)
            return False
        host, port = settings.address
        services = {key.address for key in taken if key.port == port and key.protocol is Protocol.TCP}
        for failure in await server.listen(node_addresses(host, facts, services), port):
            self._tell(plugin, failure)
        return True

    async def _open_metrics_of_vips(self) -> None:
        missing = [vip for vip in self._vips if vip not in self._open_metrics]
        for key in (FrontendKey(vip, METRICS_PORT, Protocol.TCP) for vip in missing):
            (opened,) = await self._sockets.open([key])
            if isinstance(opened, OpenFailure):
                self._tell(key, opened.message)
            elif key.address in self._vips and key.address not in self._open_metrics:
                self._open_metrics[key.address] = await self._metrics.listen_on(opened)
            else:  # it was asked for until this was opened
                opened.close()

    def _leave_metrics_but(self, vips: Collection[str]) -> None:
        for gone in self._open_metrics.keys() - set(vips):
            self._open_metrics.pop(gone)()

    def _tell(self, what: object, reason: str) -> None:
        """Log a failure once: it is tried again and again."""
        if (what, reason) not in self._told:
            self._told.add((what, reason))
            log.warning("DNS address could not be opened", extra={"kv": {"reason": reason}})

    def _readiness(self) -> OpsReply:
        missing = self._server.not_ready
        if missing:
            return OpsReply(HTTPStatus.SERVICE_UNAVAILABLE, ",".join(missing).encode())
        return OpsReply(body=b"OK")

    def _exposition(self) -> OpsReply:
        from clusterless.metrics.families import CONTENT_TYPE, exposition  # noqa: PLC0415

        return OpsReply(body=exposition(self.collector), content_type=CONTENT_TYPE)
