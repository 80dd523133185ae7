"""When the DNS Service's address changes, its metrics move with it, and nobody listens at the old one."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

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

FIRST, SECOND = "127.0.53.30", "127.0.53.31"
OPTIONS = ClusterOptions(service_cluster_ip_ranges=("127.0.53.0/24",))


def config(*plugins: str) -> DnsConfig:
    """The DNS port itself plays no part: the system gives one."""
    made, problems = configure(".:0 {\n" + "".join(f" {each}\n" for each in plugins) + "}\n")
    assert made is not None, problems
    return made


def snapshot(folder: Path, address: str) -> Snapshot:
    ports = "[{name: dns, port: 53, protocol: UDP}]"
    (folder / "dns.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
        f"spec: {{clusterIP: {address}, ports: {ports}}}\n"
    )
    return built([str(folder)], OPTIONS)


@pytest.fixture
async def node() -> AsyncIterator[NodeDns]:
    made = NodeDns(Settings(filenames=(), cluster=OPTIONS), config("prometheus"), LocalSockets(), HostFacts())
    yield made
    await made.close()


def has_metrics(address: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex((address, METRICS_PORT)) == 0


async def at(node: NodeDns, shown: Snapshot) -> list[bool]:
    """Whether metrics are at the first and at the second address."""
    await node.publish(shown)
    await node.listen(HostFacts())
    return [has_metrics(each) for each in (FIRST, SECOND)]


async def test_metrics_move_with_the_dns_service_and_come_back(node: NodeDns, tmp_path: Path) -> None:
    assert await at(node, snapshot(tmp_path, FIRST)) == [True, False]
    assert await at(node, snapshot(tmp_path, SECOND)) == [False, True]
    assert await at(node, snapshot(tmp_path, FIRST)) == [True, False]


async def test_a_corefile_without_prometheus_closes_the_metrics(node: NodeDns, tmp_path: Path) -> None:
    shown = snapshot(tmp_path, FIRST)
    assert await at(node, shown) == [True, False]
    await node.reload(config())
    assert await at(node, shown) == [False, False]


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((FIRST, port)) == 0


async def test_what_the_corefile_asks_for_moves_with_its_port_and_ends_with_it(node: NodeDns, tmp_path: Path) -> None:
    with socket.create_server((FIRST, 0)) as one, socket.create_server((FIRST, 0)) as other:
        free = [each.getsockname()[1] for each in (one, other)]
    seen = []
    for plugins in ((f"ready {FIRST}:{free[0]}",), (f"ready {FIRST}:{free[1]}",), ()):
        await node.reload(config(*plugins))
        await at(node, snapshot(tmp_path, SECOND))
        seen.append([is_open(port) for port in free])
    assert seen == [[True, False], [False, True], [False, False]]
