"""Services that change under their clients' hands, from manifests to bytes."""

import itertools
import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from proxy.model import FrontendState, Protocol

from .givens import free_node_port, is_served, next_address, port_told, service, slices, udp

HANG_SECONDS = 10.0
ONE_PORT = [{"port": 8080}]
KINDS = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


class Places:
    """The addresses at which the Service `web` may be, and a manifest of it as each kind."""

    def __init__(self, cluster_ip, node_port):
        self.cluster_ip, self.node_port = cluster_ip, node_port

    def manifest(self, kind):
        metadata = {"name": "web"}
        if kind == "ExternalName":
            spec = {"type": kind, "externalName": "www.example.com"}
            return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        port = {"port": 8080} if kind == "ClusterIP" else {"port": 8080, "nodePort": self.node_port}
        spec = {"type": kind, "clusterIP": self.cluster_ip, "ports": [port]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    def served(self, kind):
        return {
            (self.cluster_ip, 8080): kind != "ExternalName",
            ("127.0.0.1", self.node_port): kind in ("NodePort", "LoadBalancer"),
        }


@pytest.fixture
def places(cluster_ip):
    return Places(cluster_ip, free_node_port())


@pytest.mark.upstream(
    "service.go: should be able to change the type from ExternalName to ClusterIP",
    "service.go: should be able to change the type from ExternalName to NodePort",
    "service.go: should be able to change the type from ClusterIP to ExternalName",
    "service.go: should be able to change the type from NodePort to ExternalName",
    "loadbalancer.go: should be able to change the type and ports of a TCP service",
)
@pytest.mark.parametrize(("before", "after"), [*itertools.permutations(KINDS, 2)])
@pytest.mark.reliability(47)
def test_a_service_changes_its_type(node, places, greeters, before, after):
    for kind in (before, after, before):
        node.apply(places.manifest(kind), slices(greeters.ports[:1]))
        assert {place: is_served(*place) for place in places.served(kind)} == places.served(kind)


@pytest.mark.upstream(
    "service.go: should be updated after adding or deleting ports",
    "service.go: should work after the service has been recreated",
)
def test_ports_come_and_go_and_so_does_the_service(node, greeters, cluster_ip):
    kept, *others = [{"name": f"p{number}", "port": number} for number in (8080, 8081, 8082)]
    endpoints = [slices(greeters.ports[:1], port_name=each["name"]) for each in (kept, *others)]
    for shown in ([kept], [kept, others[0]], [kept, *others], [others[1], kept], [kept], [], [kept]):
        manifests = [service(clusterIP=cluster_ip, ports=shown)] if shown else []
        node.apply(*manifests, *endpoints)
        for port in (kept, *others):
            assert is_served(cluster_ip, port["port"]) is (port in shown)


@pytest.mark.upstream(
    "service.go: should be able to update service type to NodePort listening on same port number but different protocols",  # noqa: E501
)
def test_a_node_port_of_the_other_protocol_is_added_live(node, places, greeters, relay_lab):
    backend = udp(relay_lab)
    for_tcp = {"name": "tcp", "port": 80, "nodePort": places.node_port}
    for_udp = {"name": "udp", "port": 80, "nodePort": places.node_port, "protocol": "UDP"}
    endpoints = (
        slices(greeters.ports[:1], port_name="tcp"),
        slices([backend.getsockname()[1]], port_name="udp", protocol="UDP"),
    )
    node.apply(service(type="NodePort", clusterIP=places.cluster_ip, ports=[for_tcp]), *endpoints)
    assert port_told("127.0.0.1", places.node_port) == greeters.ports[0]
    node.apply(service(type="NodePort", clusterIP=places.cluster_ip, ports=[for_tcp, for_udp]), *endpoints)
    assert port_told("127.0.0.1", places.node_port) == greeters.ports[0]
    client = udp(relay_lab, "127.0.0.1", places.node_port)
    client.send(b"question")
    assert backend.recv(100) == b"question"


@pytest.mark.upstream(
    "service.go: should prevent NodePort collisions", "service.go: should release NodePorts on delete"
)
def test_who_loses_a_node_port_takes_over_when_the_winner_goes(node, places, greeters):
    first, second = ({**places.manifest("NodePort"), "metadata": {"name": name}} for name in ("first", "second"))
    second["spec"] = {**second["spec"], "clusterIP": next_address()}
    endpoints = (slices(greeters.ports[:1], "first"), slices(greeters.ports[1:2], "second"))
    refusal = f"spec.ports[0].nodePort: Invalid value: {places.node_port}: provided port is already allocated"
    node.apply(first, second, *endpoints, problems=[refusal])
    assert port_told("127.0.0.1", places.node_port) == greeters.ports[0]
    node.apply(second, *endpoints)
    assert port_told("127.0.0.1", places.node_port) == greeters.ports[1]


def test_a_port_that_somebody_else_has_is_served_once_it_is_free(node, places, greeters, relay_lab):
    taken = ("127.0.0.1", places.node_port)
    with socket.socket() as sock:
        sock.bind(taken)
        sock.listen()
        node.apply(places.manifest("NodePort"), slices(greeters.ports[:1]))
        assert node.state(*taken) is FrontendState.FAILED
        assert port_told(places.cluster_ip, 8080) == greeters.ports[0]
    relay_lab.run(node.reconciler.wait_until(lambda: node.state(*taken) is FrontendState.SERVING))
    assert port_told(*taken) == greeters.ports[0]


@pytest.mark.upstream("service.go: should allow creating a basic SCTP service with pod and endpoints")
def test_sctp_is_accepted_and_says_that_nobody_serves_it(node, greeters, cluster_ip):
    ports = [{"name": "http", "port": 8080}, {"name": "sctp", "port": 8080, "protocol": "SCTP"}]
    node.apply(
        service(clusterIP=cluster_ip, ports=ports),
        slices(greeters.ports[:1], port_name="http"),
        slices([5060], port_name="sctp", protocol="SCTP"),
    )
    assert node.state(cluster_ip, 8080, Protocol.SCTP) is FrontendState.UNSUPPORTED
    assert port_told(cluster_ip, 8080) == greeters.ports[0]


class Clients:
    """Come one after the other, until they are told to stop; `failures` is what went wrong."""

    def __init__(self, place, count):
        self.failures, self.served = [], 0
        self._changed = threading.Condition()
        self._is_over = False
        self._threads = [threading.Thread(target=self._run, args=place) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, *place):
        while not self._is_over:
            try:
                port_told(*place)
            except OSError as error:
                self.failures.append(error)
            with self._changed:
                self.served += 1
                self._changed.notify()

    def let_in(self, count):
        """Wait for that many more to be served."""
        with self._changed:
            target = self.served + count
            assert self._changed.wait_for(lambda: self.served >= target, HANG_SECONDS)

    def stop(self):
        self._is_over = True
        for thread in self._threads:
            thread.join(HANG_SECONDS)


MEMORY_SLACK = 2 << 20  # bytes for eighty reloads: an allocator has its habits, a leak of 26 KiB a reload shows


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.reliability(45)
def test_a_hundred_reloads_cost_an_unchanged_service_nothing(node, greeters, places, relay_lab):
    echo = relay_lab.echo()
    steady, lasting = next_address(), next_address()
    services = [
        service("steady", clusterIP=steady, ports=ONE_PORT),
        service("lasting", clusterIP=lasting, ports=ONE_PORT),
    ]
    unchanged = (*services, slices(greeters.ports, "steady"), slices([echo.port], "lasting"))
    node.apply(*unchanged)
    established = [relay_lab.owned(socket.create_connection((lasting, 8080), HANG_SECONDS)) for _ in range(50)]
    clients = Clients((steady, 8080), 2)
    began = time.monotonic()
    held = []
    try:
        for number, kind in zip(range(100), itertools.cycle(KINDS), strict=False):
            node.apply(places.manifest(kind), slices(greeters.ports[: number % 4]), *unchanged)
            clients.let_in(5)
            held.append(resident_bytes())
        took = time.monotonic() - began
    finally:
        clients.stop()
    assert clients.failures == []
    assert took < HANG_SECONDS
    assert held[-1] - held[19] < MEMORY_SLACK
    for number, sock in enumerate(established):
        sock.sendall(b"%d" % number)
        assert sock.recv(100) == b"%d" % number
        sock.close()
    assert relay_lab.drained()


def test_a_changed_service_keeps_its_established_connections(node, relay_lab, greeters, cluster_ip):
    echo = relay_lab.echo()
    web = service(clusterIP=cluster_ip, ports=ONE_PORT)
    node.apply(web, slices([echo.port]))
    client = relay_lab.owned(socket.create_connection((cluster_ip, 8080), HANG_SECONDS))
    client.sendall(b"before")
    assert client.recv(100) == b"before"
    for manifests in ([web, *slices(greeters.ports)], [web], [{**web, "metadata": {"name": "other"}}], []):
        node.apply(*manifests)
        client.sendall(b"after")
        assert client.recv(100) == b"after"


@pytest.mark.upstream(
    "loadbalancer.go: should not have connectivity disruption during rolling update with externalTrafficPolicy=Cluster",
    "loadbalancer.go: should not have connectivity disruption during rolling update with externalTrafficPolicy=Local",
)
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_a_rolling_update_fails_no_connection(node, places, greeters, successors, policy):
    def on_this_node(pieces):
        for piece in pieces:
            piece["endpoints"][0]["nodeName"] = "node-1"
        return pieces

    web = places.manifest("NodePort")
    web["spec"]["externalTrafficPolicy"] = policy
    ready = list(greeters.ports)
    node.apply(web, on_this_node(slices(ready)))
    clients = [Clients(place, 1) for place in ((places.cluster_ip, 8080), ("127.0.0.1", places.node_port))]
    try:
        for old, new in zip(greeters.ports, successors.ports, strict=True):
            ready.append(new)
            node.apply(web, on_this_node(slices(ready)))
            ready.remove(old)
            leaving = slices([old], ready=False, serving=True, terminating=True)
            node.apply(web, on_this_node(slices(ready)), on_this_node(leaving))
            for each in clients:
                each.let_in(20)
            node.apply(web, on_this_node(slices(ready)))
    finally:
        for each in clients:
            each.stop()
    assert [each.failures for each in clients] == [[], []]
    assert {port_told(places.cluster_ip, 8080) for _ in range(6)} == set(successors.ports)
