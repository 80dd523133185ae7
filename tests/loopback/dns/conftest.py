import asyncio
import concurrent.futures
import contextlib
import logging
import os
import select
import shutil
import socket
import struct
import subprocess
import threading
from typing import NamedTuple

import pytest
import uvloop
from dnslib import AAAA, QTYPE, RR, SOA, A, DNSRecord

from controlplane.objects import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Namespace,
    NamespacedName,
    ObjectMeta,
    Service,
    ServicePort,
    ServiceSpec,
)
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from dns.config import configure
from dns.server import DnsServer
from tests.places import free_port, own_network

HANG_SECONDS = 10.0  # bounds every wait of a test; nothing that works takes as long
COREFILE = """
. {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    cache 30
    loadbalance
}
"""


def service(name, **spec):
    spec.setdefault("ports", (ServicePort(name="http", port=80, protocol="TCP"),))
    return Service(metadata=ObjectMeta(name=name, namespace="default"), spec=ServiceSpec(**spec))


def endpoint_slice(name, count):
    endpoints = tuple(
        Endpoint(addresses=(f"10.244.{n // 250}.{n % 250 + 1}",), conditions=EndpointConditions(ready=True))
        for n in range(count)
    )
    return EndpointSlice(
        metadata=ObjectMeta(name=f"{name}-1", namespace="default", labels={"kubernetes.io/service-name": name}),
        address_type="IPv4",
        endpoints=endpoints,
        ports=(EndpointPort(name="http", port=8080, protocol="TCP"),),
    )


def make_snapshot(*, web="10.96.0.10", generation=1):
    services = (
        service("web", cluster_ip=web, cluster_ips=(web,)),
        service("few", cluster_ip="None", cluster_ips=("None",)),
        service("many", cluster_ip="None", cluster_ips=("None",)),
        service("out", type="ExternalName", external_name="www.upstream.example", ports=()),
    )
    counts = {"few": 3, "many": 60}
    return Snapshot(
        generation=generation,
        options=ClusterOptions(),
        namespaces={"default": Namespace(metadata=ObjectMeta(name="default"))},
        nodes={},
        pods={},
        services={each.key: each for each in services},
        slices={NamespacedName("default", name): (endpoint_slice(name, n),) for name, n in counts.items()},
        serial=1_700_000_000,
    )


class Place(NamedTuple):
    """Sockets of both kinds on one address and port."""

    udp: socket.socket
    tcp: socket.socket

    @property
    def address(self):
        return self.udp.getsockname()[:2]


def bind(host, port=0):
    """A free port for UDP and TCP, or the given one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(20):
        with contextlib.ExitStack() as stack:
            tcp = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            udp = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            try:
                udp.bind((host, tcp.getsockname()[1]))
            except OSError:
                continue
            tcp.listen(1024)
            stack.pop_all()
            return Place(udp, tcp)
    raise AssertionError("no free port")


class Served:
    """A DNS server that answers, and ways to ask it."""

    def __init__(self, lab, server, address):
        self.lab = lab
        self.server = server
        self.address = address

    def dig(self, *words):
        """What dig prints."""
        if shutil.which("dig") is None:
            pytest.skip("dig is not installed")
        host, port = self.address
        command = ["dig", f"@{host}", "-p", str(port), "+tries=1", "+time=8", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=3 * HANG_SECONDS).stdout

    def udp(self):
        return self.lab.owned(socket.socket(self._family, socket.SOCK_DGRAM), self.address)

    def tcp(self):
        return self.lab.owned(socket.socket(self._family, socket.SOCK_STREAM), self.address)

    @property
    def _family(self):
        return socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET

    def ask(self, name, qtype="A", **header):
        """The answer over UDP, parsed by dnslib."""
        query = question(name, qtype, **header)
        with self.udp() as sock:
            sock.send(query.pack())
            return DNSRecord.parse(sock.recv(65535))

    def counters(self):
        return self.lab.call(self.server.counters)

    def publish(self, snapshot):
        self.lab.call(self.server.publish, snapshot)


def question(name, qtype="A", **header):
    query = DNSRecord.question(name, qtype)
    for field, value in header.items():
        setattr(query.header, field, value)
    return query


class DnsLab:
    """Servers in a thread with an event loop of its own; the test uses plain blocking sockets and dig."""

    def __init__(self, new_loop, stack):
        self.stack = stack
        self.loop = new_loop()
        self.loop_errors = []
        self.loop.set_exception_handler(lambda loop, context: self.loop_errors.append(context))
        self.thread = threading.Thread(target=self.loop.run_forever, name="dns")
        self.thread.start()
        self.servers = []

    def call(self, function, *arguments):
        """The result of a function, called in the loop's thread."""

        async def called():
            return function(*arguments)

        return self.run(called())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(HANG_SECONDS)

    def wait(self, predicate):
        """Returns once the predicate, called in the loop's thread now and then, holds."""
        held = concurrent.futures.Future()

        def look():
            if predicate():
                held.set_result(None)
            else:
                self.loop.call_later(0.002, look)

        self.loop.call_soon_threadsafe(look)
        held.result(HANG_SECONDS)

    def serve(self, corefile=COREFILE, *, host="127.0.53.1", place=None, published=True, **options):
        place = place or bind(host)
        config, problems = configure(corefile)
        assert problems == ()

        async def started():
            server = DnsServer(config, **options)
            await server.start([place.udp], [place.tcp])
            if published:
                server.publish(make_snapshot())
            return server

        address = place.address
        server = self.run(started())
        self.servers.append(server)
        return Served(self, server, address)

    def owned(self, sock, address):
        sock.settimeout(HANG_SECONDS)
        self.stack.enter_context(sock).connect(address)
        return sock

    def upstream(self, behave, *, host="127.0.54.1", place=None):
        """A DNS server that does what the test says."""
        return self.stack.enter_context(Upstream(behave, place or bind(host)))

    def stop(self):
        for server in self.servers:
            self.run(server.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(HANG_SECONDS)
        self.loop.close()


class Asked(NamedTuple):
    """A query that an upstream got."""

    packet: bytes
    record: DNSRecord
    proto: str
    client: tuple
    connection: int

    @property
    def name(self):
        return str(self.record.q.qname).rstrip(".")


class Upstream:
    """`behave(asked)` yields what to send back, bytes or dnslib records; "close" and "reset" end a TCP connection."""

    def __init__(self, behave, place):
        self.behave = behave
        self.place = place
        self.address = place.address
        self.asked = []
        self.connections = 0
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, name="upstream")

    @property
    def text(self):
        return f"{self.address[0]}:{self.address[1]}"

    @property
    def names(self):
        return [each.name for each in self.asked]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._woken, b"x")
        self._thread.join(HANG_SECONDS)
        for each in self.place:
            each.close()
        os.close(self._wake)
        os.close(self._woken)

    def _run(self):
        streams = {}
        with contextlib.ExitStack() as stack:
            while True:
                ready, _, _ = select.select([self._wake, self.place.udp, self.place.tcp, *streams], [], [])
                if self._wake in ready:
                    return
                for sock in ready:
                    self._handle(sock, streams, stack)

    def _handle(self, sock, streams, stack):
        if sock is self.place.udp:
            packet, client = sock.recvfrom(65535)
            for answer in self._answers(packet, "udp", client, 0):
                sock.sendto(answer, client)  # nobody tells a socket without a peer that a client is gone
        elif sock is self.place.tcp:
            self.connections += 1
            accepted, client = sock.accept()
            streams[stack.enter_context(accepted)] = self.connections, client
        elif not self._read(sock, *streams[sock]):
            sock.close()
            del streams[sock]

    def _read(self, sock, connection, client):
        """Whether the connection stands after what came was answered."""
        data = _received(sock)
        if not data:
            return False
        for answer in self._answers(data[2:], "tcp", client, connection):
            if answer == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if answer in {"close", "reset"} or not _is_sent(sock, len(answer).to_bytes(2) + answer):
                return False
        return True

    def _answers(self, packet, proto, client, connection):
        asked = Asked(packet, DNSRecord.parse(packet), proto, client, connection)
        self.asked.append(asked)
        for answer in self.behave(asked) or ():
            yield bytes(answer.pack()) if isinstance(answer, DNSRecord) else answer


def _received(sock):
    """What came; nothing once the client is gone, who may leave while an answer is on its way to him."""
    try:
        return sock.recv(65537)
    except ConnectionResetError:
        return b""


def _is_sent(sock, packet):
    """False when the client is gone."""
    try:
        sock.sendall(packet)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


def addresses(asked, *found, ttl=300):
    """A good answer with these addresses."""
    reply = asked.record.reply(ra=1, aa=0)
    for each in found:
        data = AAAA(each) if ":" in each else A(each)
        reply.add_answer(RR(asked.record.q.qname, QTYPE.reverse["AAAA" if ":" in each else "A"], rdata=data, ttl=ttl))
    return reply


def denial(asked):
    """NXDOMAIN, with the SOA that says how long."""
    reply = asked.record.reply(ra=1, aa=0)
    reply.header.rcode = 3
    reply.add_auth(RR("example", QTYPE.SOA, rdata=SOA("ns.example", "mail.example", (1, 2, 3, 4, 60)), ttl=900))
    return reply


@pytest.fixture(name="question")
def question_fixture():
    return question


@pytest.fixture(name="snapshot")
def snapshot_fixture():
    return make_snapshot


@pytest.fixture(name="addresses")
def addresses_fixture():
    return addresses


@pytest.fixture(name="denial")
def denial_fixture():
    return denial


@pytest.fixture(name="bind")
def bind_fixture():
    return bind


@pytest.fixture(name="network")
def network_fixture():
    """The first three numbers of a network that the test has for itself."""
    with own_network() as network:
        yield network


@pytest.fixture
def nowhere(network):
    """Gives places where nobody listens, and nobody else comes to: an address and a port, another one each time."""
    return lambda: (f"{network}.2", free_port(f"{network}.2"))


@contextlib.contextmanager
def running(new_loop, caplog):
    with contextlib.ExitStack() as stack:
        lab = DnsLab(new_loop, stack)
        try:
            yield lab
        finally:
            lab.stop()
    assert lab.loop_errors == []
    bugs = [each.getMessage() for each in caplog.get_records("call") if each.exc_info]
    assert bugs == []


@pytest.fixture(params=["asyncio", "uvloop"])
def dns_lab(request, caplog):
    """Starts DNS servers, on both event loops in turn."""
    caplog.set_level(logging.INFO)
    with running(uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop, caplog) as lab:
        yield lab


@pytest.fixture
def plain_dns_lab(caplog):
    """Starts DNS servers on asyncio's loop only, for what takes long or costs much."""
    caplog.set_level(logging.INFO)
    with running(asyncio.new_event_loop, caplog) as lab:
        yield lab
