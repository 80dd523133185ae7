"""Serves the health check node ports of a node: opened and closed as Services come and go."""

import asyncio
import logging
from collections.abc import Callable

from clusterless.configuration.bindaddress import node_addresses
from clusterless.operations.httpserver import OpsReply, OpsServer
from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot
from proxy.addresstext import IPV4
from proxy.healthchecks import HealthCheck, HealthCheckKey, answer, health_checks
from proxy.hostfacts import HostFacts

log = logging.getLogger(__name__)


class HealthCheckNodePorts:
    """`is_proxy_healthy` is part of every answer; `on_failure` is told of the Service whose port cannot be opened."""

    def __init__(
        self, is_proxy_healthy: Callable[[], bool], on_failure: Callable[[NamespacedName, str], None] = lambda *_: None
    ) -> None:
        self._is_proxy_healthy = is_proxy_healthy
        self._on_failure = on_failure
        self._node = ""
        self._checks: dict[HealthCheckKey, HealthCheck] = {}
        self._servers: dict[HealthCheckKey, OpsServer] = {}
        self._told: set[str] = set()
        self._changing = asyncio.Lock()

    async def apply(self, snapshot: Snapshot, facts: HostFacts) -> None:
        """Serve what the snapshot asks for, on the node's addresses as `facts` tell them."""
        async with self._changing:
            self._node = snapshot.options.hostname
            self._checks = health_checks(snapshot, self._node)
            for key in self._servers.keys() - self._checks.keys():
                await self._servers.pop(key).close()
            await self._listen(facts)

    async def listen(self, facts: HostFacts) -> None:
        """Follow the host's addresses, and try again what failed."""
        async with self._changing:
            await self._listen(facts)

    async def close(self) -> None:
        """Answer no more."""
        async with self._changing:
            for server in self._servers.values():
                await server.close()
            self._servers.clear()

    async def _listen(self, facts: HostFacts) -> None:
        for key, check in self._checks.items():
            server = self._servers.get(key) or self._new_server(key)
            for failure in await server.listen(_addresses(key.family, facts), key.port):
                self._tell(key, check, failure)

    def _new_server(self, key: HealthCheckKey) -> OpsServer:
        server = self._servers[key] = OpsServer({"*": lambda: self._answer(key)})
        return server

    def _answer(self, key: HealthCheckKey) -> OpsReply:
        made = answer(self._checks[key], is_proxy_healthy=self._is_proxy_healthy())
        return OpsReply(made.status, made.body, "application/json", made.headers)

    def _tell(self, key: HealthCheckKey, check: HealthCheck, failure: str) -> None:
        message = f'node {self._node} failed to start healthcheck "{check.service}" on port {key.port}: {failure}'
        if message in self._told:
            return
        self._told.add(message)
        self._on_failure(check.service, message)
        details = {
            "type": "Warning",
            "reason": "FailedToStartServiceHealthcheck",
            "object": f"service/{check.service}",
            "message": message,
        }
        log.warning("event", extra={"kv": details})


def _addresses(family: str, facts: HostFacts) -> tuple[str, ...]:
    """The node's addresses of the family; nothing binds a wildcard, which would answer on every Service's address."""
    own = node_addresses("::", facts)
    return tuple(each for each in own if (":" not in each) == (family == IPV4))
