import asyncio
import json
import logging
import socket

import msgspec
import pytest

from clusterless.node.healthchecknodeports import HealthCheckNodePorts
from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.hostfacts import HostAddress, HostFacts
from tests.places import free_port

WEB = NamespacedName("default", "web")
HANG_SECONDS = 10.0
NODE = "n1"
ADDRESSES = ("127.0.0.1", "127.0.0.2")
FACTS = HostFacts(tuple(HostAddress(each, 8, "lo") for each in ADDRESSES))


def snapshot(port, pods=(), policy="Local"):
    spec = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": policy,
        "healthCheckNodePort": port,
        "clusterIP": "10.96.0.7",
        "clusterIPs": ["10.96.0.7"],
    }
    service = msgspec.convert({"metadata": {"namespace": "default", "name": "web"}, "spec": spec}, Service)
    endpoints = [{"addresses": [pod], "nodeName": NODE, "conditions": {}} for pod in pods]
    raw = {"addressType": "IPv4", "ports": [{"name": "http", "port": 80}], "endpoints": endpoints}
    return Snapshot(
        generation=1,
        options=ClusterOptions(hostname=NODE),
        namespaces={},
        nodes={},
        pods={},
        services={WEB: service},
        slices={WEB: (msgspec.convert(raw, EndpointSlice),)},
    )


@pytest.fixture
async def ports():
    made = HealthCheckNodePorts(lambda: True)
    yield made
    await made.close()


async def ask(port, line="GET / HTTP/1.1", address=ADDRESSES[0]):
    async with asyncio.timeout(HANG_SECONDS):
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(f"{line}\r\nHost: x\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    status, *headers = head.split("\r\n")
    return status.split()[1], dict(header.split(": ") for header in headers), json.loads(body)


async def test_a_node_with_endpoints_says_how_many(ports):
    port = free_port()
    await ports.apply(snapshot(port, ["10.244.0.1", "10.244.0.2"]), FACTS)
    for address in ADDRESSES:
        status, headers, body = await ask(port, address=address)
        assert (status, body["localEndpoints"]) == ("200", 2)
        assert headers["X-Load-Balancing-Endpoint-Weight"] == "2"
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("line", ["GET /any/path?x=1 HTTP/1.1", "POST / HTTP/1.0", "DELETE /healthz HTTP/1.1"])
async def test_any_path_and_method_is_answered(ports, line):
    port = free_port()
    await ports.apply(snapshot(port, ["10.244.0.1"]), FACTS)
    status, _, body = await ask(port, line)
    assert (status, body["service"]) == ("200", {"namespace": "default", "name": "web"})


async def test_the_answer_follows_the_endpoints_on_one_open_port(ports):
    port = free_port()
    await ports.apply(snapshot(port), FACTS)
    assert (await ask(port))[0] == "503"
    await ports.apply(snapshot(port, ["10.244.0.1"]), FACTS)
    assert (await ask(port))[0] == "200"


async def test_a_proxy_that_hangs_is_not_healthy():
    ports = HealthCheckNodePorts(lambda: False)
    port = free_port()
    await ports.apply(snapshot(port, ["10.244.0.1"]), FACTS)
    status, _, body = await ask(port)
    assert (status, body["localEndpoints"], body["serviceProxyHealthy"]) == ("503", 1, False)
    await ports.close()


async def test_the_port_closes_when_the_policy_changes_and_moves_with_its_number(ports):
    old, new = free_port(), free_port()
    await ports.apply(snapshot(old), FACTS)
    await ports.apply(snapshot(new), FACTS)
    assert (await ask(new))[0] == "503"
    with pytest.raises(ConnectionRefusedError):
        await ask(old)
    await ports.apply(snapshot(new, policy="Cluster"), FACTS)
    with pytest.raises(ConnectionRefusedError):
        await ask(new)


async def test_a_port_that_is_taken_is_a_warning_and_tried_again(ports, caplog):
    port = free_port()
    with socket.create_server((ADDRESSES[0], port)), caplog.at_level(logging.WARNING):
        await ports.apply(snapshot(port, ["10.244.0.1"]), FACTS)
        await ports.apply(snapshot(port, ["10.244.0.1"]), FACTS)
    (record,) = caplog.records
    assert record.kv["reason"] == "FailedToStartServiceHealthcheck"
    assert f'node n1 failed to start healthcheck "default/web" on port {port}' in record.kv["message"]
    assert (await ask(port, address=ADDRESSES[1]))[0] == "200"  # elsewhere it is open
    await ports.listen(FACTS)
    assert (await ask(port))[0] == "200"
