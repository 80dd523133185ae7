"""A server block with `bind` answers on its addresses only, and no other block there, also after a reload."""

import shutil
import socket
import subprocess

import pytest
from dnslib import DNSRecord

from clusterless.configuration.settings import Settings
from clusterless.node.nodedns import NodeDns
from controlplane.options import ClusterOptions
from dns.config import configure
from proxy.addresses import LocalSockets
from proxy.hostfacts import HostFacts
from tests.places import free_port

FREE, FIRST, SECOND, NEITHER = "127.0.53.20", "127.0.53.21", "127.0.53.22", "127.0.53.23"
WEB = "web.default.svc.cluster.local"


@pytest.fixture
def port():
    """One that nobody else has or is given, on all of these addresses: only this file has them."""
    return free_port(FREE)


@pytest.fixture
def node(plain_dns_lab, port, snapshot):
    """The DNS server of a node, on one address beside those of the Corefile: `follow(corefile)`, `ttls()`."""
    if shutil.which("dig") is None:
        pytest.skip("dig is not installed")
    settings = Settings(filenames=(), cluster=ClusterOptions(), dns_bind_addresses=(FREE,))

    class Node:
        dns = None

        def follow(self, *blocks):
            plain_dns_lab.run(self.followed(*blocks))

        async def followed(self, *blocks):
            """Blocks are of a TTL to know them by, and their addresses."""
            text = "".join(block(port, *each) for each in blocks)
            config, problems = configure(text)
            assert problems == ()
            if self.dns is None:
                self.dns = NodeDns(settings, config, LocalSockets(), HostFacts())
                await self.dns.publish(snapshot())
            else:
                await self.dns.reload(config)

        def ttls(self, transport="+notcp"):
            """By address, what dig sees of the TTL there; nothing where nobody listens."""
            seen = {host: ttl(host, port, transport) for host in (FREE, FIRST, SECOND, NEITHER)}
            return {host: each for host, each in seen.items() if each}

    made = Node()
    yield made
    plain_dns_lab.run(made.dns.close())


def block(port, ttl, *addresses):
    bound = f" bind {' '.join(addresses)}\n" if addresses else ""
    zone = "cluster.local" if addresses else "."
    return f"{zone}:{port} {{\n{bound} kubernetes cluster.local {{\n ttl {ttl}\n }}\n}}\n"


def ttl(host, port, transport):
    command = ["dig", f"@{host}", "-p", str(port), transport, "+tries=1", "+time=8", "+noall", "+answer", WEB]
    words = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.split()
    return words[1] if words[:1] == [f"{WEB}."] else ""


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_block_answers_on_its_addresses_only_and_no_other_there(node, transport):
    node.follow((7,), (8, FIRST), (9, SECOND))
    assert node.ttls(transport) == {FREE: "7", FIRST: "8", SECOND: "9"}


def test_a_port_whose_blocks_are_all_bound_is_closed_elsewhere(node):
    node.follow((8, FIRST), (9, SECOND))
    assert node.ttls() == {FIRST: "8", SECOND: "9"}


def test_a_query_that_only_a_block_elsewhere_could_answer_is_refused(node, port):
    node.follow((7,), (8, FIRST))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect((FIRST, port))
        sock.send(DNSRecord.question("elsewhere.example").pack())
        assert DNSRecord.parse(sock.recv(512)).header.rcode == 5


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([(4,), (5, SECOND)], {FREE: "4", SECOND: "5"}),
        ([(4,), (5, FIRST), (6, SECOND)], {FREE: "4", FIRST: "5", SECOND: "6"}),
        ([(4, FREE), (5, FIRST)], {FREE: "4", FIRST: "5"}),
        ([(4, FIRST, SECOND)], {FIRST: "4", SECOND: "4"}),
        ([(4,)], {FREE: "4"}),
    ],
)
def test_after_a_reload_each_address_has_the_right_blocks(node, blocks, expected):
    node.follow((7,), (8, FIRST))
    node.follow(*blocks)
    assert node.ttls() == expected
    node.follow((7,), (8, FIRST))
    assert node.ttls() == {FREE: "7", FIRST: "8"}


def test_a_reload_that_moves_one_address_loses_no_query_to_another(node, plain_dns_lab, port):
    node.follow((7,), (8, FIRST))

    async def asked_while_it_reloads(sock):
        sock.send(DNSRecord.question(WEB).pack())  # is read by the server when this gives way to it
        await node.followed((4,), (5, SECOND))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect((FREE, port))
        plain_dns_lab.run(asked_while_it_reloads(sock))
        assert DNSRecord.parse(sock.recv(512)).rr[0].ttl == 4
