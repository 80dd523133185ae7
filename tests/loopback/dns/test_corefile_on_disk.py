"""A Corefile that changes on disk takes effect while every query is answered; a wrong one leaves the last good one."""

import asyncio
import json
import signal
import socket

from dnslib import DNSRecord

from clusterless.agent.agent import Agent
from clusterless.configuration.settings import Settings
from clusterless.node.node import Node
from clusterless.node.nodedns import load_config
from controlplane.options import ClusterOptions
from proxy.addresses import LocalSockets
from tests.files import put

HANG_SECONDS = 10.0
WEB = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"clusterIP": "10.96.0.80", "ports": [{"port": 80}]},
}


def corefile(ttl):
    return f". {{\n kubernetes cluster.local {{\n ttl {ttl}\n }}\n}}\n"


async def ttl_of(sock):
    """The TTL of an answer; every query gets one."""
    await asyncio.get_running_loop().sock_sendall(sock, DNSRecord.question("web.default.svc.cluster.local").pack())
    packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 512), HANG_SECONDS)
    return DNSRecord.parse(packet).rr[0].ttl


async def until(sock, wanted):
    async with asyncio.timeout(HANG_SECONDS):
        while await ttl_of(sock) != wanted:
            pass


async def test_the_file_is_followed(tmp_path, nowhere, caplog):
    places = [nowhere() for _ in range(3)]
    dns, healthz, metrics = (f"{host}:{port}" for host, port in places)
    path = tmp_path / "Corefile"
    path.write_text(corefile(7))
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "web.json").write_text(json.dumps(WEB))
    settings = Settings(
        filenames=(str(manifests),),
        cluster=ClusterOptions(hostname="here"),
        dns_bind_addresses=(dns,),
        healthz_bind_address=healthz,
        metrics_bind_address=metrics,
        corefile=str(path),
    )
    sockets, config = LocalSockets(), load_config(settings)
    agent = Agent(settings, sockets, lambda facts: Node(settings, sockets, facts, config, proxy=False))
    async with asyncio.timeout(3 * HANG_SECONDS), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            await served(sock, places[0])
            await changes_are_followed(sock, path, caplog)
        signal.raise_signal(signal.SIGTERM)
    assert running.result() == 0


async def changes_are_followed(sock, path, caplog):
    await until(sock, 7)
    put(path, corefile(9))
    await until(sock, 9)
    put(path, ". {\n nonsense\n}\n")
    async with asyncio.timeout(HANG_SECONDS):
        while not any(each.getMessage().startswith("Corefile is refused") for each in caplog.records):
            assert await ttl_of(sock) == 9
    path.write_text(corefile(11))  # in two steps, as most editors do it: emptied, then written
    await until(sock, 11)


async def served(sock, place):
    """Connects as soon as somebody listens: before that, the host refuses."""
    sock.connect(place)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(HANG_SECONDS):
        while True:
            try:
                await loop.sock_sendall(sock, DNSRecord.question("localhost").pack())
                await loop.sock_recv(sock, 512)
            except ConnectionRefusedError:
                await asyncio.sleep(0)
            else:
                return
