import asyncio
import json

import msgspec
import pytest

from clusterless.configuration.settings import Settings
from clusterless.node.health import Health
from controlplane.objects import Node
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.hostfacts import HostFacts
from tests.places import free_port

HANG_SECONDS = 10.0
TAINT = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}


def snapshot(*nodes):
    made = (msgspec.convert(each, Node) for each in nodes)
    return Snapshot(
        generation=3,
        options=ClusterOptions(hostname="n1"),
        namespaces={},
        nodes={node.metadata.name: node for node in made},
        pods={},
        services={},
        slices={},
    )


@pytest.fixture
async def health():
    port = free_port()
    ranges = ClusterOptions(service_cluster_ip_ranges=("10.96.0.0/12", "fd00:10:96::/108"))
    settings = Settings(filenames=(), cluster=ranges, healthz_bind_address=f"127.0.0.1:{port}", metrics_bind_address="")
    made = Health(settings, None, None)
    made.port = port
    await made.listen(HostFacts())
    yield made
    await made.close()


async def ask(health, path):
    async with asyncio.timeout(HANG_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", health.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("node", "code"),
    [
        pytest.param({"metadata": {"name": "n1"}}, 200, id="an ordinary node"),
        pytest.param({"metadata": {"name": "n2"}}, 503, id="no Node of its name"),
        pytest.param(
            {"metadata": {"name": "n1", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, 503, id="being deleted"
        ),
        pytest.param({"metadata": {"name": "n1"}, "spec": {"taints": [TAINT]}}, 503, id="the autoscaler removes it"),
    ],
)
async def test_a_node_that_leaves_is_not_eligible_and_lives_all_the_same(health, node, code):
    health.applied(snapshot(node))
    status, body = await ask(health, "/healthz")
    assert (status, body["nodeEligible"], body["healthy"]) == (code, code == 200, True)
    status, body = await ask(health, "/livez")
    assert (status, body["healthy"], "nodeEligible" in body) == (200, True, False)


async def test_the_body_tells_of_each_family(health):
    health.applied(snapshot({"metadata": {"name": "n1"}}))
    _, body = await ask(health, "/healthz")
    assert list(body) == ["lastUpdated", "currentTime", "nodeEligible", "healthy", "status"]
    assert body["lastUpdated"] == body["currentTime"]
    assert {family: each["healthy"] for family, each in body["status"].items()} == {"IPv4": True, "IPv6": True}
