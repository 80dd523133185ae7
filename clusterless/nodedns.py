"""Wires the DNS server of a node together: it binds the DNS Service's addresses itself, and is fed with snapshots."""

import logging
import os
import socket
from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from controlplane.builtin import DNS_SERVICE
from controlplane.snapshot import Snapshot
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

from .bindaddress import node_addresses
from .kubeproxyconfig import ConfigError
from .metrics import CONTENT_TYPE, DnsCollector, exposition
from .ops import OpsReply, OpsServer, Routes
from .settings import Settings
from .starterror import StartError

log = logging.getLogger(__name__)

# Where DNS is without the privilege for port 53: multicast DNS has the number, but listens on other addresses.
UNPRIVILEGED_PORT = 5353
METRICS_PORT = 9153


class BindAddress(NamedTuple):
    """A value of --dns-bind-address."""

    address: str
    port: int
    is_added: bool  # besides the DNS Service's own address


def bind_addresses(values: Iterable[str]) -> tuple[BindAddress, ...]:
    """`[+]IP[:PORT]`, IPv6 with a port in brackets. Raises ConfigError."""
    found = []
    for value in values:
        text = value.removeprefix("+")
        host, port = text, str(DEFAULT_PORT)
        if text.startswith("[") or text.count(":") == 1:
            host, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", port)
        try:
            address = str(ip_address(host.strip("[]")))
        except ValueError as error:
            raise ConfigError(f"--dns-bind-address: {value}: must be an IP address, with a port or without") from error
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigError(f"--dns-bind-address: {value}: no such port")
        found.append(BindAddress(address, int(port), value.startswith("+")))
    return tuple(found)


def load_config(settings: Settings) -> DnsConfig:
    """The Corefile's settings, or the stock ones. Raises StartError with all of its mistakes."""
    if settings.corefile:
        config, problems = read_corefile(Path(settings.corefile), os.environ)
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
        self._config = config
        self._sockets = sockets
        self._facts = facts
        self._bind = bind_addresses(settings.dns_bind_addresses)
        own = primary_addresses(facts, settings.node_ip)
        self._server = DnsServer(config, local_addresses=own)
        self._vips: tuple[str, ...] = ()
        self._open: set[FrontendKey] = set()
        self._ops: list[OpsServer] = []

    @property
    def keys(self) -> frozenset[FrontendKey]:
        """The frontends that the proxy leaves to us: the DNS Service's ports that we serve."""
        ports = [(53, Protocol.UDP), (53, Protocol.TCP), (METRICS_PORT, Protocol.TCP)]
        return frozenset(FrontendKey(vip, port, protocol) for vip in self._vips for port, protocol in ports)

    @property
    def counters(self) -> Counters:
        """What the server has counted up to now."""
        return self._server.counters()

    async def publish(self, snapshot: Snapshot) -> None:
        """Answer from this snapshot from now on; a new address of the DNS Service is bound first."""
        service = snapshot.services.get(DNS_SERVICE)
        vips = service.spec.cluster_ips if service and service.has_cluster_ip else ()
        if vips != self._vips:
            await self._serve_on(vips)
        self._server.publish(snapshot)

    async def listen(self) -> None:
        """Open the HTTP endpoints that the Corefile asks for, on the node's own addresses."""
        metrics: Routes = {"/metrics": self._metrics}
        await self._endpoint(Health, {"/health": lambda: OpsReply(body=b"OK")})
        await self._endpoint(Ready, {"/ready": self._ready})
        server = await self._endpoint(Prometheus, metrics)
        if server is not None:
            keys = [FrontendKey(vip, METRICS_PORT, Protocol.TCP) for vip in self._vips]
            for opened in await self._sockets.open(keys):
                if isinstance(opened, socket.socket):
                    await server.listen_on(opened)

    async def close(self) -> None:
        """Answer no more, and give the addresses back."""
        for server in self._ops:
            await server.close()
        await self._server.close()
        await self._sockets.release(self._vips)

    async def _serve_on(self, vips: tuple[str, ...]) -> None:
        wanted = () if any(not each.is_added for each in self._bind) else vips
        refused = await self._sockets.claim(wanted)
        for reason in refused.values():
            log.error("address of the DNS Service cannot be had", extra={"kv": {"reason": reason}})
        places = [BindAddress(vip, DEFAULT_PORT, is_added=True) for vip in wanted if vip not in refused]
        for port in sorted(self._config.ports):
            for address, bind_port, _ in (*places, *self._bind):
                await self._open_pair(address, bind_port if port == DEFAULT_PORT else port, port)
        await self._sockets.release(set(self._vips) - set(vips))
        self._vips = vips

    async def _open_pair(self, address: str, number: int, corefile_port: int) -> None:
        """UDP and TCP on an address; without the privilege for the port, on the unprivileged one."""
        keys = [FrontendKey(address, number, protocol) for protocol in (Protocol.UDP, Protocol.TCP)]
        if keys[0] in self._open:
            return
        udp, tcp = await self._sockets.open(keys)
        if isinstance(udp, OpenFailure) or isinstance(tcp, OpenFailure):
            self._give_up(udp, tcp)
            reason = next(each.message for each in (udp, tcp) if isinstance(each, OpenFailure))
            log.warning("DNS address could not be opened", extra={"kv": {"address": str(keys[0]), "reason": reason}})
            if number == DEFAULT_PORT and isinstance(self._sockets, LocalSockets):
                await self._open_pair(address, UNPRIVILEGED_PORT, corefile_port)
            return
        self._open.update(keys)
        await self._server.start([udp], [tcp], port=corefile_port)
        log.info("DNS is served", extra={"kv": {"address": address, "port": number}})

    @staticmethod
    def _give_up(*outcomes: socket.socket | OpenFailure) -> None:
        for each in outcomes:
            if isinstance(each, socket.socket):
                each.close()

    async def _endpoint(self, plugin: type[Health | Ready | Prometheus], routes: Routes) -> OpsServer | None:
        settings = next((found for server in self._config.servers if (found := server.get(plugin))), None)
        if settings is None:
            return None
        server = OpsServer(routes)
        self._ops.append(server)
        host, port = settings.address
        for failure in await server.listen(node_addresses(host, self._facts), port):
            details = {"plugin": plugin.__name__.lower(), "reason": failure}
            log.warning("address of a Corefile's plugin could not be opened", extra={"kv": details})
        return server

    def _ready(self) -> OpsReply:
        missing = self._server.not_ready
        if missing:
            return OpsReply(HTTPStatus.SERVICE_UNAVAILABLE, ",".join(missing).encode())
        return OpsReply(body=b"OK")

    def _metrics(self) -> OpsReply:
        return OpsReply(body=exposition(DnsCollector(self.counters)), content_type=CONTENT_TYPE)
