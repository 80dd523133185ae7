"""From a Service to bytes: every part of the proxy together, without any capability, in 127/8."""

import asyncio
import contextlib
from random import Random

import msgspec
import pytest

from clusterless.tasks import spawn
from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.addresses import LocalSockets
from proxy.balancer import Balancer
from proxy.counters import Counters
from proxy.desired import DesiredMaker, Surroundings
from proxy.listener import TcpListener
from proxy.model import FrontendKey, FrontendState, Protocol
from proxy.nodeview import node_view
from proxy.options import ProxyOptions
from proxy.reactor import Reactor
from proxy.reconciler import Reconciler
from proxy.relaysettings import RelaySettings
from tests.places import free_port

HANG_SECONDS = 10.0
TIME_OUT_SECONDS = 0.3  # how long a client waits for what must not come
CLUSTER_IP = "127.96.0.7"
WEB = NamespacedName("default", "web")


class SocketsWithoutFilters(LocalSockets):
    """What everybody has, also when the tests run as root."""

    async def allow_only(self, sock, sources):
        return sources is None


class Node:
    """One node's proxy; `generation` counts what was applied."""

    def __init__(self, sockets):
        self.reactor = Reactor(asyncio.get_running_loop())
        self.balancer = Balancer(Random(1))
        self.counters = Counters()
        self.maker = DesiredMaker()
        self.sockets = sockets
        self.reconciler = Reconciler(self.sockets, {Protocol.TCP: self.listen}, self.balancer.forget, spawn)
        self.generation = 0

    def listen(self, sock, frontend):
        return TcpListener(self.reactor, sock, frontend, self.balancer, self.counters, RelaySettings())

    async def apply(self, spec, ports):
        """The Service `web` with this spec, and an endpoint on 127.0.0.1 for each port."""
        self.generation += 1
        metadata = {"namespace": WEB.namespace, "name": WEB.name}
        pieces = [
            {
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": port}],
                "endpoints": [{"addresses": ["127.0.0.1"]}],
            }
            for port in ports
        ]
        snapshot = Snapshot(
            generation=self.generation,
            options=ClusterOptions(),
            namespaces={},
            nodes={},
            pods={},
            services={WEB: msgspec.convert({"metadata": metadata, "spec": spec}, Service)},
            slices={WEB: tuple(msgspec.convert(piece, EndpointSlice) for piece in pieces)},
        )
        facts = await self.sockets.facts()
        options = ProxyOptions(service_ranges=("127.96.0.0/16",), node_port_addresses=("localhost",))
        around = Surroundings(node=node_view({}, "n1", facts, options), facts=facts, options=options)
        await self.reconciler.apply(self.maker.make(snapshot, around))

    def state(self, address, port):
        return self.reconciler.status_of(FrontendKey(address, port, Protocol.TCP)).state


@pytest.fixture(params=[LocalSockets, SocketsWithoutFilters])
async def node(request):
    made = Node(request.param())
    yield made
    await made.reconciler.close()
    await made.reactor.connections.drain(HANG_SECONDS)
    made.reactor.close()


@pytest.fixture
async def backends():
    """Three servers, each of which tells everybody its port."""

    async def tell(_, writer):
        writer.write(str(writer.get_extra_info("sockname")[1]).encode())
        writer.close()
        await writer.wait_closed()

    async with contextlib.AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(await asyncio.start_server(tell, "127.0.0.1", 0)) for _ in range(3)]
        yield [server.sockets[0].getsockname()[1] for server in servers]


async def answer(address, port, seconds=HANG_SECONDS):
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(address, port)
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(told)


async def test_a_cluster_ip_and_a_node_port_lead_to_all_endpoints_in_turn(node, backends):
    port, node_port = free_port(CLUSTER_IP), free_port("127.0.0.1")
    ports = [{"name": "http", "port": port, "nodePort": node_port}]
    await node.apply({"type": "NodePort", "clusterIP": CLUSTER_IP, "ports": ports}, backends)
    told = [await answer(*place) for _ in range(3) for place in ((CLUSTER_IP, port), ("127.0.0.1", node_port))]
    assert sorted(told) == sorted(backends * 2)
    assert told[:3] == told[3:]


async def test_endpoints_come_and_go_and_the_last_one_leaves_a_refusal(node, backends):
    port = free_port(CLUSTER_IP)
    spec = {"type": "ClusterIP", "clusterIP": CLUSTER_IP, "ports": [{"name": "http", "port": port}]}
    await node.apply(spec, backends[:1])
    assert await answer(CLUSTER_IP, port) == backends[0]
    await node.apply(spec, backends[1:2])
    assert await answer(CLUSTER_IP, port) == backends[1]
    await node.apply(spec, [])
    assert node.state(CLUSTER_IP, port) is FrontendState.REJECTING
    with pytest.raises(ConnectionRefusedError):
        await answer(CLUSTER_IP, port)
    await node.apply(spec, backends[2:])
    assert await answer(CLUSTER_IP, port) == backends[2]


async def test_an_endpoint_that_is_the_frontend_itself_is_refused(node, backends):
    port = free_port("127.0.0.1")
    spec = {"type": "NodePort", "clusterIP": CLUSTER_IP, "ports": [{"name": "http", "port": port, "nodePort": port}]}
    await node.apply(spec, [port, backends[0]])
    assert [loop.endpoint.port for loop in node.reconciler.desired.loops] == [port]
    assert [await answer("127.0.0.1", port) for _ in range(3)] == backends[:1] * 3


async def test_an_address_that_may_not_be_claimed_says_so(node, backends):
    port = free_port(CLUSTER_IP)
    spec = {"clusterIP": CLUSTER_IP, "externalIPs": ["203.0.113.9"], "ports": [{"name": "http", "port": port}]}
    await node.apply(spec, backends)
    assert node.state("203.0.113.9", port) is FrontendState.FAILED
    assert await answer(CLUSTER_IP, port) in backends


async def test_internal_traffic_policy_local_times_out_while_endpoints_are_elsewhere(node, backends):
    port = free_port(CLUSTER_IP)
    spec = {"clusterIP": CLUSTER_IP, "ports": [{"name": "http", "port": port}]}
    for _ in range(2):
        await node.apply(spec, backends)
        assert await answer(CLUSTER_IP, port) in backends
        await node.apply({**spec, "internalTrafficPolicy": "Local"}, backends)
        assert node.state(CLUSTER_IP, port) is FrontendState.DROPPING
        with pytest.raises(TimeoutError):
            await answer(CLUSTER_IP, port, TIME_OUT_SECONDS)
    await node.apply({**spec, "internalTrafficPolicy": "Local"}, [])
    with pytest.raises(ConnectionRefusedError):
        await answer(CLUSTER_IP, port)
