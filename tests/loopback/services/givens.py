"""What the tests of Services are given: manifests, free ports, and a client."""

import itertools
import os
import socket
import struct

HANG_SECONDS = 10.0
SERVICE_RANGE = "127.96.0.0/12"
NODE_PORTS = range(30_000, 32_768)
_BLOCK = 64  # addresses for each process that runs tests
_numbers = itertools.count(1)


def next_address():
    """A clusterIP that no other test has, in this process or in another one."""
    number = (127 << 24) + (96 << 16) + os.getpid() % (2**20 // _BLOCK) * _BLOCK + next(_numbers) % _BLOCK
    return socket.inet_ntoa(struct.pack("!I", number))


def service(name="web", **spec):
    """A Service without a selector, unless the spec has one."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def slices(ports, service="web", protocol="TCP", port_name="", **conditions):
    """Slices of a Service with a loopback endpoint for each port, under these conditions."""
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-{port_name}-{port}".replace("--", "-"),
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": conditions}],
            "ports": [{"name": port_name, "port": port, "protocol": protocol}],
        }
        for port in ports
    ]


def port_told(address, port, source="127.0.0.1"):
    """What a greeter says to a client that connects there: the greeter's own port."""
    with socket.create_connection((address, port), HANG_SECONDS, (source, 0)) as client:
        told = client.recv(100)
        # Closed with a reset after the last byte, so that no port is kept in TIME_WAIT.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return int(told)


def is_served(address, port):
    """Whether a client is answered there; otherwise it is refused."""
    try:
        port_told(address, port)
    except ConnectionRefusedError:
        return False
    return True


def free_node_port():
    """A nodePort on 127.0.0.1 that nobody has; processes begin to look at different ones."""
    start = os.getpid() * 37 % len(NODE_PORTS)
    for port in (*NODE_PORTS[start:], *NODE_PORTS[:start]):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def udp(lab, *connected_to):
    """A UDP socket on loopback, which the lab closes."""
    sock = lab.owned(socket.socket(type=socket.SOCK_DGRAM))
    sock.bind(("127.0.0.1", 0))
    if connected_to:
        sock.connect(connected_to)
    return sock
