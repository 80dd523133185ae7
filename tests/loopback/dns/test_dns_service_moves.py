"""When the DNS Service's address changes, its metrics move with it, and nobody listens at the old one."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clusterless.configuration.settings import Settings
from clusterless.kubectl.sources import built
from clusterless.node.dnskeys import METRICS_PORT
from clusterless.node.nodedns import NodeDns
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from dns.config import DnsConfig, configure
from proxy.addresses import LocalSockets
from proxy.hostfacts import HostFacts
from tests.places import free_port, own_network


class Places(NamedTuple):
    """Where the DNS Service may be, and the range of both addresses."""

    first: str
    second: str
    options: ClusterOptions


@pytest.fixture
def places() -> Iterator[Places]:
    with own_network() as network:
        options = ClusterOptions(service_cluster_ip_ranges=(f"{network}.0/24",))
        yield Places(f"{network}.30", f"{network}.31", options)


def config(*plugins: str) -> DnsConfig:
    """The DNS port itself plays no part: the system gives one."""
    made, problems = configure(".:0 {\n" + "".join(f" {each}\n" for each in plugins) + "}\n")
    assert made is not None, problems
    return made


@pytest.fixture
async def node(places: Places) -> AsyncIterator[NodeDns]:
    made = NodeDns(Settings(filenames=(), cluster=places.options), config("prometheus"), LocalSockets(), HostFacts())
    yield made
    await made.close()


@pytest.fixture
def shown(places: Places, tmp_path: Path) -> Callable[[str], Snapshot]:
    """A snapshot with the DNS Service at an address."""

    def show(address: str) -> Snapshot:
        ports = "[{name: dns, port: 53, protocol: UDP}]"
        (tmp_path / "dns.yaml").write_text(
            "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
            f"spec: {{clusterIP: {address}, ports: {ports}}}\n"
        )
        return built([str(tmp_path)], places.options)

    return show


def is_open(address: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((address, port)) == 0


@pytest.fixture
def at(node: NodeDns, places: Places) -> Callable[[Snapshot], Awaitable[list[bool]]]:
    """Whether metrics are at the first and at the second address, with this snapshot."""

    async def publish(snapshot: Snapshot) -> list[bool]:
        await node.publish(snapshot)
        await node.listen(HostFacts())
        return [is_open(each, METRICS_PORT) for each in (places.first, places.second)]

    return publish


async def test_metrics_move_with_the_dns_service_and_come_back(places: Places, shown, at) -> None:
    assert await at(shown(places.first)) == [True, False]
    assert await at(shown(places.second)) == [False, True]
    assert await at(shown(places.first)) == [True, False]


async def test_a_corefile_without_prometheus_closes_the_metrics(node: NodeDns, places: Places, shown, at) -> None:
    snapshot = shown(places.first)
    assert await at(snapshot) == [True, False]
    await node.reload(config())
    assert await at(snapshot) == [False, False]


async def test_what_the_corefile_asks_for_moves_with_its_port_and_ends_with_it(
    node: NodeDns, places: Places, shown, at
) -> None:
    ports = [free_port(places.first) for _ in range(2)]
    seen = []
    for plugins in ((f"ready {places.first}:{ports[0]}",), (f"ready {places.first}:{ports[1]}",), ()):
        await node.reload(config(*plugins))
        await at(shown(places.second))
        seen.append([is_open(places.first, port) for port in ports])
    assert seen == [[True, False], [False, True], [False, False]]
