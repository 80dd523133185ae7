"""A dual-stack Service on both families of one node: each has its own endpoints."""

import contextlib
import socket

import pytest

from .givens import free_node_port, service, udp

HANG_SECONDS = 10.0
V6_CLUSTER_IP = "fd00:96::9"


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", 0))
        return True
    return False


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="no ::1 here")


def of(family, address, port, protocol):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"web-{family.lower()}", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": family,
        "endpoints": [{"addresses": [address]}],
        "ports": [{"name": "", "port": port, "protocol": protocol}],
    }


def dual(cluster_ip, node_port, protocol):
    return service(
        type="NodePort",
        clusterIP=cluster_ip,
        clusterIPs=[cluster_ip, V6_CLUSTER_IP],
        ipFamilyPolicy="RequireDualStack",
        ports=[{"port": 8080, "nodePort": node_port, "protocol": protocol}],
    )


def listening(lab, family, address):
    sock = lab.owned(socket.socket(family))
    sock.bind((address, 0))
    sock.listen()
    return sock


def test_connections_stay_in_their_family(dual_stack_node, cluster_ip, relay_lab):
    four = listening(relay_lab, socket.AF_INET, "127.0.0.1")
    six = listening(relay_lab, socket.AF_INET6, "::1")
    node_port = free_node_port()
    slices = [
        of("IPv4", "127.0.0.1", four.getsockname()[1], "TCP"),
        of("IPv6", "::1", six.getsockname()[1], "TCP"),
    ]
    dual_stack_node.apply(dual(cluster_ip, node_port, "TCP"), slices)
    for address, backend in (("127.0.0.1", four), ("::1", six), (cluster_ip, four)):
        port = 8080 if address == cluster_ip else node_port
        client = relay_lab.owned(socket.create_connection((address, port), HANG_SECONDS))
        client.sendall(address.encode())
        assert relay_lab.accept(backend).recv(100) == address.encode()
    dual_stack_node.apply(dual(cluster_ip, node_port, "TCP"), slices[:1])
    relay_lab.owned(socket.create_connection(("127.0.0.1", node_port), HANG_SECONDS))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", node_port), HANG_SECONDS)


def test_datagrams_stay_in_their_family(dual_stack_node, cluster_ip, relay_lab):
    four = udp(relay_lab)
    six = relay_lab.owned(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    six.bind(("::1", 0))
    node_port = free_node_port()
    slices = [
        of("IPv4", "127.0.0.1", four.getsockname()[1], "UDP"),
        of("IPv6", "::1", six.getsockname()[1], "UDP"),
    ]
    dual_stack_node.apply(dual(cluster_ip, node_port, "UDP"), slices)
    for family, address, backend in ((socket.AF_INET, "127.0.0.1", four), (socket.AF_INET6, "::1", six)):
        client = relay_lab.owned(socket.socket(family, socket.SOCK_DGRAM))
        client.connect((address, node_port))
        client.send(b"question")
        question, sender = backend.recvfrom(100)
        backend.sendto(b"answer to " + question, sender)
        assert client.recv(100) == b"answer to question"
