"""From manifests to bytes: control plane, proxy and real sockets of one node, in 127/8 and without any capability."""

import json
import select
import socket
import threading
from random import Random

import pytest

from clusterless.tasks import spawn
from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from proxy.addresses import LocalSockets
from proxy.balancer import Balancer
from proxy.desired import DesiredMaker, Surroundings
from proxy.flows import FlowSettings
from proxy.listener import TcpListener
from proxy.model import FrontendKey, Protocol
from proxy.nodeview import node_view
from proxy.options import ProxyOptions
from proxy.reconciler import Reconciler
from proxy.relaysettings import RelaySettings
from proxy.udp import UdpListener
from tests.files import put_long_ago

from .givens import SERVICE_RANGE, next_address

HANG_SECONDS = 10.0
NODE = "node-1"


class LaterBalancer(Balancer):
    """For which it is later than the clock says."""

    seconds = 0.0

    def pick(self, frontend, client, now, tried):
        return super().pick(frontend, client, now + self.seconds, tried)


class ServiceNode:
    """Serves what the manifests say that it was given last."""

    def __init__(self, lab, folder, *more_service_ranges):
        ranges = (SERVICE_RANGE, *more_service_ranges)
        self.lab = lab
        self.counters = lab.counters
        self.balancer = LaterBalancer(Random(1))
        self._file = folder / "manifests.json"
        self._reader = ManifestReader()
        self._builder = Builder(
            ClusterOptions(hostname=NODE, service_cluster_ip_ranges=ranges, allow_loopback_endpoints=True)
        )
        self._options = ProxyOptions(service_ranges=ranges, node_port_addresses=("localhost",))
        self._maker = DesiredMaker()
        self._sockets = LocalSockets()
        self.reconciler = lab.call(self._make_reconciler)

    def _make_reconciler(self):
        openers = {Protocol.TCP: self._open_tcp, Protocol.UDP: self._open_udp}
        return Reconciler(self._sockets, openers, self.balancer.forget, spawn, ())

    def _open_tcp(self, sock, frontend):
        return TcpListener(self.lab.reactor, sock, frontend, self.balancer, self.counters, RelaySettings())

    def _open_udp(self, sock, frontend):
        return UdpListener(self.lab.reactor, sock, frontend, self.balancer, self.counters, FlowSettings())

    def apply(self, *manifests, problems=()):
        """These manifests and no others; returns once they are true, with exactly these problems."""
        items = [each for given in manifests for each in (given if isinstance(given, list) else [given])]
        put_long_ago(self._file, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        assert self.lab.run(self._apply()) == list(problems)

    async def _apply(self):
        snapshot = self._builder.build(self._reader.read([str(self._file)]), 1_700_000_000).snapshot
        facts = await self._sockets.facts()
        node = node_view(snapshot.nodes, NODE, facts, self._options)
        around = Surroundings(node=node, facts=facts, options=self._options)
        await self.reconciler.apply(self._maker.make(snapshot, around))
        return [problem.message for problem in snapshot.problems]

    def state(self, address, port, protocol=Protocol.TCP):
        return self.reconciler.status_of(FrontendKey(address, port, protocol)).state

    def close(self):
        self.lab.run(self.reconciler.close())


@pytest.fixture
def relay_loop():
    """The loop that the program runs on."""
    return "uvloop"


@pytest.fixture
def node(relay_lab, tmp_path):
    made = ServiceNode(relay_lab, tmp_path)
    yield made
    made.close()


@pytest.fixture
def dual_stack_node(relay_lab, tmp_path):
    """Serves IPv6 at nodePorts on ::1 only, since no other IPv6 address can be had without privilege."""
    made = ServiceNode(relay_lab, tmp_path, "fd00:96::/112")
    yield made
    made.close()


@pytest.fixture
def cluster_ip():
    """An address for the Service of the test."""
    return next_address()


class Greeters:
    """Servers in a thread of their own, each of which tells every client its own port."""

    def __init__(self, count):
        self._sockets = [socket.socket() for _ in range(count)]
        for sock in self._sockets:
            sock.bind(("127.0.0.1", 0))
            sock.listen(1024)
            sock.settimeout(0)
        self.ports = [sock.getsockname()[1] for sock in self._sockets]
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="greeters")
        self._thread.start()

    def _serve(self):
        greetings = {sock.fileno(): (sock, str(sock.getsockname()[1]).encode()) for sock in self._sockets}
        with select.epoll() as poll:
            for descriptor in (*greetings, self._stopped.fileno()):
                poll.register(descriptor, select.EPOLLIN)
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor not in greetings:
                        return
                    _greet(*greetings[descriptor])

    def close(self):
        self._stop.send(b"x")
        self._thread.join(HANG_SECONDS)
        for sock in (*self._sockets, self._stop, self._stopped):
            sock.close()


def _greet(listening, greeting):
    try:
        client, _ = listening.accept()
    except BlockingIOError:
        return
    with client:
        client.send(greeting)


@pytest.fixture
def greeters():
    """Three of them."""
    made = Greeters(3)
    yield made
    made.close()


@pytest.fixture
def successors():
    """Three more."""
    made = Greeters(3)
    yield made
    made.close()
