"""A node's DNS server follows the Corefile among the manifests, and the file that it was given, without closing."""

import socket

import msgspec
import pytest
from dnslib import QTYPE, DNSRecord

from clusterless.agent.starterror import StartError
from clusterless.configuration.settings import Settings
from clusterless.node.nodedns import NodeDns, load_config
from controlplane.options import ClusterOptions
from controlplane.writtencorefile import WrittenCorefile
from proxy.addresses import LocalSockets
from proxy.hostfacts import HostFacts

WEB = "web.default.svc.cluster.local"


def corefile(ttl):
    return WrittenCorefile(f". {{\n kubernetes cluster.local {{\n ttl {ttl}\n }}\n}}\n", "dns.yaml", 7)


@pytest.fixture
def node(plain_dns_lab, nowhere, snapshot):
    """Runs the DNS server of a node: `publish(corefile)` gives it a snapshot, `ttl()` asks it."""
    host, port = nowhere()
    settings = Settings(filenames=(), cluster=ClusterOptions(), dns_bind_addresses=(f"{host}:{port}",))
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(10)
    asking.connect((host, port))

    class Node:
        def __init__(self):
            self.generation = 0

        async def start(self):
            self.dns = NodeDns(settings, load_config(settings), LocalSockets(), HostFacts())

        def publish(self, written):
            self.generation += 1
            made = msgspec.structs.replace(snapshot(generation=self.generation), corefile=written)
            plain_dns_lab.run(self.dns.publish(made))

        def ttl(self):
            asking.send(DNSRecord.question(WEB).pack())
            (record,) = DNSRecord.parse(asking.recv(512)).rr
            assert QTYPE[record.rtype] == "A"
            return record.ttl

    made = Node()
    plain_dns_lab.run(made.start())
    yield made
    plain_dns_lab.run(made.dns.close())
    asking.close()


def test_the_manifests_corefile_is_in_force_while_it_is_there(node):
    node.publish(None)
    assert node.ttl() == 30
    node.publish(corefile(7))
    assert node.ttl() == 7
    node.publish(corefile(9))
    assert node.ttl() == 9
    node.publish(None)
    assert node.ttl() == 30


def test_a_wrong_one_leaves_the_one_before_in_force_and_is_told_and_counted(node, caplog):
    node.publish(corefile(7))
    node.publish(msgspec.structs.replace(corefile(7), text=". {\n nonsense\n}\n"))
    assert node.ttl() == 7
    (refused,) = [each for each in caplog.records if each.getMessage().startswith("Corefile is refused")]
    assert refused.kv["reason"] == "dns.yaml:7 Corefile:2 - Error during parsing: Unknown directive 'nonsense'"
    assert node.dns.counters.reload_failed == 1
    node.publish(corefile(8))
    assert node.ttl() == 8


def test_a_corefile_on_the_command_line_comes_first(tmp_path):
    path = tmp_path / "Corefile"
    path.write_text("nonsense {\n whoami\n}\n")
    settings = Settings(filenames=(), cluster=ClusterOptions(), corefile=str(path))
    with pytest.raises(StartError, match="Unknown directive 'whoami'"):
        load_config(settings, corefile(7))
