"""A running agent explains: the same walk as for manifests, with what only the agent knows of its own node."""

# ruff: noqa: PLC0415  an agent that nobody asks must not pay for the answer

import asyncio
import importlib
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from clusterless.node.nodedns import NodeDns
from clusterless.node.nodeproxy import NodeProxy
from controlplane.snapshot import Snapshot
from dns.config import DnsConfig, configure, stock_corefile
from proxy.counters import EndpointCounters
from proxy.model import Endpoint, FrontendKey, FrontendStatus, ServicePortName
from proxy.options import ProxyOptions

if TYPE_CHECKING:
    from .world import Facts


class LiveNode:
    """What the data plane of this node carries at the moment: see `explain.world.Live`."""

    def __init__(self, proxy: NodeProxy) -> None:
        self._reconciler = proxy.reconciler
        self._data_plane = proxy.data_plane

    def status_of(self, key: FrontendKey) -> FrontendStatus | None:
        """How the frontend stands."""
        return self._reconciler.status_of(key)

    def resets(self, key: FrontendKey) -> bool:
        """Whether the kernel may not drop the packets of those who may not come in."""
        return not self._reconciler.can_drop(key)

    def connections_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """Open connections and flows; the counters know the endpoints of today, the balancer those that left too."""
        counted = {endpoint: each.open for endpoint, each in self._counters(service).items() if each.open}
        return {**counted, **self._data_plane.connections_of(service)}

    def opened_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """How many connections each endpoint got."""
        return {endpoint: each.opened for endpoint, each in self._counters(service).items()}

    def pins_of(self, service: ServicePortName, timeout: float) -> Mapping[str, tuple[Endpoint, float]]:
        """Session affinities with the seconds that are left."""
        return self._data_plane.pins_of(service, time.monotonic(), timeout)

    def _counters(self, service: ServicePortName) -> Mapping[Endpoint, EndpointCounters]:
        counters = self._data_plane.counters.services.get(service)
        return counters.endpoints if counters else {}


class Explainer:
    """Answers `GET /clusterless/v1/explain`; `snapshot` is what is applied, `None` before the first."""

    def __init__(self, proxy: NodeProxy | None, dns: NodeDns | None, snapshot: Callable[[], Snapshot | None]) -> None:
        self._proxy = proxy
        self._dns = dns
        self._snapshot = snapshot

    async def answer(self, query: Mapping[str, str]) -> object:
        """The explanation's JSON form. Raises ValueError for a question that makes no sense."""
        await asyncio.to_thread(_load)
        from .answering import answer, to_json, words_of
        from .world import World

        snapshot = self._snapshot()
        if snapshot is None:
            raise ValueError("the manifests are not applied yet")
        return to_json(answer(World(self._facts(snapshot)), words_of(query)))

    def _facts(self, snapshot: Snapshot) -> "Facts":
        from dns.files import read_upstreams

        from .world import Facts

        facts = Facts(
            snapshot=snapshot,
            options=ProxyOptions(
                cluster_cidrs=snapshot.options.cluster_cidrs, service_ranges=snapshot.options.service_cluster_ip_ranges
            ),
            dns=self._dns.config if self._dns else _stock(snapshot),
            node=snapshot.options.hostname,
            read_upstreams=read_upstreams,
        )
        return self._proxy_facts(facts, self._proxy) if self._proxy else facts

    def _proxy_facts(self, facts: "Facts", proxy: NodeProxy) -> "Facts":
        import msgspec

        around = proxy.around(facts.snapshot, ())
        return msgspec.structs.replace(
            facts,
            options=around.options,
            host=around.facts,
            resolvers=around.resolvers,
            desired=proxy.reconciler.desired,
            live=LiveNode(proxy),
        )


def _load() -> None:
    """All that an answer takes; that is a thread's work, since it holds up whoever does it for some 70 ms."""
    for name in ("clusterless.explain.answering", "dns.files"):
        importlib.import_module(name)


def _stock(snapshot: Snapshot) -> DnsConfig:
    """A proxy alone does not know the Corefile of the DNS server beside it: the manifests', or the stock one."""
    written = snapshot.corefile
    text = written.text if written else stock_corefile(snapshot.options.cluster_domain)
    config, _ = configure(text, environment=os.environ)
    if config is None:
        config, _ = configure(stock_corefile(snapshot.options.cluster_domain))
    assert config is not None, "the stock Corefile is right"
    return config
