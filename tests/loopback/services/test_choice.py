"""Which endpoint a connection reaches, from manifests to bytes."""

import socket
from collections import Counter

import pytest

from .givens import free_node_port, next_address, port_told, service, slices, udp

AFFINITY = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
ONE_PORT = [{"port": 8080}]


@pytest.mark.upstream("service.go: should serve a basic endpoint from pods")
def test_connections_are_spread_evenly(node, greeters, cluster_ip):
    node.apply(service(clusterIP=cluster_ip, ports=ONE_PORT), slices(greeters.ports))
    told = Counter(port_told(cluster_ip, 8080) for _ in range(9_000))
    assert told == dict.fromkeys(greeters.ports, 3_000)


def test_updates_that_change_no_endpoint_do_not_disturb_the_turns(node, greeters, cluster_ip):
    told, other_ip = Counter(), next_address()
    for number in range(30):
        other = service("other", clusterIP=other_ip, ports=[{"port": 8000 + number}])
        node.apply(service(clusterIP=cluster_ip, ports=ONE_PORT), slices(greeters.ports), other)
        told.update(port_told(cluster_ip, 8080) for _ in range(4))
    assert told == dict.fromkeys(greeters.ports, 40)


@pytest.mark.upstream(
    "service.go: should have session affinity work for service with type clusterIP",
    "service.go: should have session affinity work for NodePort service",
)
def test_a_client_keeps_its_endpoint_at_every_address(node, greeters, cluster_ip):
    node_port = free_node_port()
    ports = [{"port": 8080, "nodePort": node_port}]
    node.apply(service(type="NodePort", clusterIP=cluster_ip, ports=ports, **AFFINITY), slices(greeters.ports))
    places = [(cluster_ip, 8080), ("127.0.0.1", node_port)] * 50
    assert len({port_told(*place) for place in places}) == 1
    assert len({port_told(cluster_ip, 8080, f"127.0.5.{client}") for client in range(1, 4)}) == 3


@pytest.mark.upstream(
    "service.go: should have session affinity timeout work for service with type clusterIP",
    "service.go: should have session affinity timeout work for NodePort service",
)
def test_affinity_is_over_after_its_time_and_every_connection_begins_it_anew(node, greeters, cluster_ip):
    node.apply(service(clusterIP=cluster_ip, ports=ONE_PORT, **AFFINITY), slices(greeters.ports))
    first = port_told(cluster_ip, 8080)
    for _ in range(3):
        node.balancer.seconds += 50
        assert port_told(cluster_ip, 8080) == first
    node.balancer.seconds += 61
    assert port_told(cluster_ip, 8080) != first


def test_affinity_ends_with_its_endpoint_and_does_not_come_back(node, greeters, cluster_ip):
    sticky = service(clusterIP=cluster_ip, ports=ONE_PORT, **AFFINITY)
    node.apply(sticky, slices(greeters.ports))
    first = port_told(cluster_ip, 8080)
    node.apply(sticky, slices([port for port in greeters.ports if port != first]))
    second = port_told(cluster_ip, 8080)
    assert second != first
    node.apply(sticky, slices(greeters.ports))
    assert {port_told(cluster_ip, 8080) for _ in range(20)} == {second}


@pytest.mark.upstream(
    "service.go: should be able to switch session affinity for service with type clusterIP",
    "service.go: should be able to switch session affinity for NodePort service",
)
def test_affinity_is_switched_while_clients_come(node, greeters, cluster_ip):
    plain = service(clusterIP=cluster_ip, ports=ONE_PORT)
    sticky = service(clusterIP=cluster_ip, ports=ONE_PORT, **AFFINITY)
    for _ in range(2):
        node.apply(plain, slices(greeters.ports))
        assert len({port_told(cluster_ip, 8080) for _ in range(3)}) == 3
        node.apply(sticky, slices(greeters.ports))
        assert len({port_told(cluster_ip, 8080) for _ in range(20)}) == 1


def test_an_endpoint_that_does_not_take_a_client_loses_it(node, greeters, cluster_ip):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        closed = sock.getsockname()[1]
        node.apply(service(clusterIP=cluster_ip, ports=ONE_PORT, **AFFINITY), slices([closed, greeters.ports[0]]))
        for client in range(1, 5):
            assert {port_told(cluster_ip, 8080, f"127.0.6.{client}") for _ in range(5)} == {greeters.ports[0]}


def test_ports_of_one_service_do_not_share_affinity(node, greeters, cluster_ip):
    ports = [{"name": "a", "port": 8080}, {"name": "b", "port": 8081}]
    node.apply(
        service(clusterIP=cluster_ip, ports=ports, **AFFINITY),
        slices(greeters.ports[:1], port_name="a"),
        slices(greeters.ports[1:], port_name="b"),
    )
    assert {port_told(cluster_ip, 8080) for _ in range(5)} == {greeters.ports[0]}
    assert len({port_told(cluster_ip, 8081) for _ in range(5)}) == 1


@pytest.mark.upstream("service.go: should serve endpoints on same port and different protocols")
def test_tcp_and_udp_of_one_port_have_their_own_endpoints(node, greeters, cluster_ip, relay_lab):
    backend = udp(relay_lab)
    ports = [{"name": "http", "port": 8080}, {"name": "udp", "port": 8080, "protocol": "UDP"}]
    node.apply(
        service(clusterIP=cluster_ip, ports=ports),
        slices(greeters.ports[:1], port_name="http"),
        slices([backend.getsockname()[1]], port_name="udp", protocol="UDP"),
    )
    client = udp(relay_lab, cluster_ip, 8080)
    for number in range(5):
        assert port_told(cluster_ip, 8080) == greeters.ports[0]
        client.send(b"%d" % number)
        question, sender = backend.recvfrom(100)
        backend.sendto(b"to " + question, sender)
        assert client.recv(100) == b"to %d" % number


@pytest.mark.upstream(
    "service.go: should support named targetPorts that resolve to different ports on different endpoints"
)
def test_a_named_target_port_reaches_each_pod_at_its_own_number(node, greeters, cluster_ip):
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"web-{port}", "labels": {"app": "web"}},
            "spec": {
                "nodeName": "node-1",
                "hostNetwork": True,
                "containers": [
                    {"name": "main", "image": "main", "ports": [{"name": "serve", "containerPort": port}]},
                ],
            },
            "status": {"podIP": "127.0.0.1"},
        }
        for port in greeters.ports
    ]
    ports = [{"port": 8080, "targetPort": "serve"}]
    node.apply(service(clusterIP=cluster_ip, selector={"app": "web"}, ports=ports), pods)
    assert sorted(port_told(cluster_ip, 8080) for _ in range(6)) == sorted(greeters.ports * 2)


@pytest.mark.upstream(
    "service.go: should fallback to terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Cluster",  # noqa: E501
)
def test_endpoints_that_terminate_serve_until_a_ready_one_comes(node, greeters, cluster_ip):
    web = service(clusterIP=cluster_ip, ports=ONE_PORT)
    ready, *others = greeters.ports
    terminating = slices(others, ready=False, serving=True, terminating=True)
    node.apply(web, terminating)
    assert {port_told(cluster_ip, 8080) for _ in range(4)} == set(others)
    node.apply(web, terminating, slices([ready]))
    assert {port_told(cluster_ip, 8080) for _ in range(4)} == {ready}
    node.apply(web, slices(others, ready=False, serving=False, terminating=True))
    with pytest.raises(ConnectionRefusedError):
        port_told(cluster_ip, 8080)
