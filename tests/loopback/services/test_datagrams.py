"""UDP Services whose endpoints change while one client keeps its socket: nobody who is gone gets a datagram."""

import socket
import struct

import pytest

from proxy.flows import FlowEnd, FlowSettings

from .givens import free_node_port, next_address, service, slices, udp

PORTS = [{"name": "udp", "port": 8080, "protocol": "UDP"}]


def of(*backends, **conditions):
    """Slices with these backends."""
    return slices([each.getsockname()[1] for each in backends], port_name="udp", protocol="UDP", **conditions)


def reaches(client, backend):
    """The client's next datagram comes to this backend, and the answer to the client."""
    client.send(b"question")
    question, sender = backend.recvfrom(100)
    backend.sendto(b"answer", sender)
    return question == b"question" and client.recv(100) == b"answer"


def is_refused(client):
    """The client's datagrams come back as refusals; the kernel tells one at a later call."""
    try:
        for _ in range(10):
            client.send(b"question")
            client.recv(100)
    except ConnectionRefusedError:
        return True
    return False


def nothing_came(backend):
    backend.settimeout(0)
    with pytest.raises(BlockingIOError):
        backend.recv(100)
    return True


@pytest.mark.upstream(
    "conntrack.go: should be able to preserve UDP traffic when server pod cycles for a ClusterIP service",
    "conntrack.go: should be able to preserve UDP traffic when server pod cycles for a ClusterIP service and client is hostNetwork",  # noqa: E501
)
def test_when_the_pod_of_a_cluster_ip_cycles_the_client_reaches_the_next(node, cluster_ip, relay_lab):
    backends = [udp(relay_lab) for _ in range(3)]
    web = service(clusterIP=cluster_ip, ports=PORTS)
    client = udp(relay_lab)
    for backend in backends:
        node.apply(web, of(backend))
        client.connect((cluster_ip, 8080))
        assert reaches(client, backend)
    assert all(nothing_came(each) for each in backends)


@pytest.mark.upstream(
    "conntrack.go: should be able to preserve UDP traffic when server pod cycles for a NodePort service"
)
def test_when_the_pod_of_a_node_port_cycles_the_client_reaches_the_next(node, cluster_ip, relay_lab):
    first, second = udp(relay_lab), udp(relay_lab)
    node_port = free_node_port()
    web = service(type="NodePort", clusterIP=cluster_ip, ports=[{**PORTS[0], "nodePort": node_port}])
    node.apply(web, of(first))
    client = udp(relay_lab, "127.0.0.1", node_port)
    assert reaches(client, first)
    node.apply(web, of(first, second))
    assert reaches(client, first)
    node.apply(web, of(second))
    assert reaches(client, second)


@pytest.mark.upstream(
    "conntrack.go: should be able to preserve UDP traffic when server pod cycles for a ClusterIP service with InternalTrafficPolicy set to Local",  # noqa: E501
)
def test_when_the_pod_of_this_node_cycles_the_client_reaches_the_next_of_this_node(node, cluster_ip, relay_lab):
    here, elsewhere, next_here = (udp(relay_lab) for _ in range(3))
    web = service(clusterIP=cluster_ip, internalTrafficPolicy="Local", ports=PORTS)

    def on(name, backend):
        made = of(backend)
        made[0]["endpoints"][0]["nodeName"] = name
        return made

    node.apply(web, on("node-1", here), on("node-2", elsewhere))
    client = udp(relay_lab, cluster_ip, 8080)
    assert reaches(client, here)
    node.apply(web, on("node-1", next_here), on("node-2", elsewhere))
    assert reaches(client, next_here)
    assert nothing_came(elsewhere)


@pytest.mark.upstream("conntrack.go: should be able to preserve UDP traffic when initial unready endpoints get ready")
def test_a_client_that_was_there_before_the_endpoint_was_ready_is_served_then(node, cluster_ip, relay_lab):
    backend = udp(relay_lab)
    web = service(clusterIP=cluster_ip, ports=PORTS)
    node.apply(web)
    client = udp(relay_lab, cluster_ip, 8080)
    assert is_refused(client)
    node.apply(web, of(backend, ready=False, serving=False))
    assert is_refused(client)
    assert nothing_came(backend)
    backend.settimeout(10)
    node.apply(web, of(backend))
    assert reaches(client, backend)


@pytest.mark.upstream(
    "conntrack.go: should be able to cleanup conntrack entries when UDP service target port changes for a NodePort service",  # noqa: E501
)
def test_another_target_port_leaves_no_flow_on_the_old_one(node, cluster_ip, relay_lab):
    old, new = udp(relay_lab), udp(relay_lab)
    node_port = free_node_port()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "server", "labels": {"app": "web"}},
        "spec": {"nodeName": "node-1", "hostNetwork": True, "containers": [{"name": "main", "image": "main"}]},
        "status": {"podIP": "127.0.0.1"},
    }

    def web(target):
        port = {**PORTS[0], "nodePort": node_port, "targetPort": target.getsockname()[1]}
        return service(type="NodePort", clusterIP=cluster_ip, selector={"app": "web"}, ports=[port])

    node.apply(web(old), pod)
    client = udp(relay_lab, "127.0.0.1", node_port)
    assert reaches(client, old)
    node.apply(web(new), pod)
    assert reaches(client, new)
    assert nothing_came(old)


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_sender_is_refused_when_no_endpoint_or_no_service_is_left_and_served_when_one_comes(
    node, cluster_ip, relay_lab, is_deleted
):
    old, new = udp(relay_lab), udp(relay_lab)
    web = service(clusterIP=cluster_ip, ports=PORTS)
    node.apply(web, of(old))
    client = udp(relay_lab, cluster_ip, 8080)
    client.send(b"one way")
    assert old.recv(100) == b"one way"
    node.apply(*([] if is_deleted else [web]))
    assert is_refused(client)
    assert nothing_came(old)
    node.apply(web, of(new))
    assert reaches(client, new)


def test_twenty_thousand_clients_cost_a_bounded_number_of_flows_and_no_other_service_notices(node, relay_lab):
    flooded, other = udp(relay_lab), udp(relay_lab)
    flooded.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # nobody reads there
    addresses = next_address(), next_address()
    web, quiet = (service(n, clusterIP=ip, ports=PORTS) for n, ip in zip(("web", "quiet"), addresses, strict=True))
    quiet_endpoint = slices([other.getsockname()[1]], "quiet", port_name="udp", protocol="UDP")
    node.apply(web, of(flooded), quiet, quiet_endpoint)
    client = udp(relay_lab, addresses[1], 8080)
    for number in range(20_000):
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind((socket.inet_ntoa(struct.pack("!I", (127 << 24) + (16 << 16) + number)), 0))
            sock.sendto(b"x", (addresses[0], 8080))
        if number % 100 == 0:
            assert reaches(client, other)
    assert reaches(client, other)
    web_counters, quiet_counters = (
        counters for name, counters in sorted(node.counters.services.items(), reverse=True) if name.port == "udp"
    )
    assert web_counters.accepted > 10_000
    assert web_counters.active <= FlowSettings().most
    assert web_counters.flow_ends.keys() == {FlowEnd.EVICTED}
    assert quiet_counters.accepted == quiet_counters.active == 1
    assert relay_lab.held() <= 2 + FlowSettings().most + 1
