import msgspec
import pytest

from controlplane.objects import Node
from proxy.hostfacts import HostAddress, HostFacts
from proxy.nodeview import NodeView, node_view
from proxy.options import ProxyOptions

FACTS = HostFacts(
    (
        HostAddress("127.0.0.1", 8, "lo"),
        HostAddress("::1", 128, "lo"),
        HostAddress("fe80::9", 64, "eth0"),
        HostAddress("192.168.0.9", 24, "eth0"),
        HostAddress("192.168.1.9", 24, "eth1"),
    )
)
NODE = msgspec.convert(
    {
        "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a"}},
        "status": {
            "addresses": [
                {"type": "ExternalIP", "address": "203.0.113.1"},
                {"type": "InternalIP", "address": "192.168.0.1"},
                {"type": "InternalIP", "address": "fd00::1"},
            ]
        },
    },
    Node,
)


def test_the_node_is_what_its_object_says():
    assert node_view({"n1": NODE}, "n1", FACTS, ProxyOptions()) == NodeView(
        name="n1",
        zone="a",
        primary_addresses=("192.168.0.1", "fd00::1"),
        node_port_addresses=("192.168.0.1", "fd00::1", "127.0.0.1", "::1"),
    )


@pytest.mark.parametrize("nodes", [{}, {"n1": msgspec.convert({"metadata": {"name": "n1"}}, Node)}])
def test_without_addresses_in_an_object_the_node_has_the_host_s(nodes):
    view = node_view(nodes, "n1", FACTS, ProxyOptions())
    assert (view.zone, view.primary_addresses) == ("", ("192.168.0.9",))


def test_without_an_object_the_bind_address_comes_first():
    view = node_view({}, "n1", FACTS, ProxyOptions(node_ip="192.168.1.9"))
    assert view.primary_addresses == ("192.168.1.9",)


def test_the_bind_address_stands_for_the_address_of_its_family():
    view = node_view({"n1": NODE}, "n1", FACTS, ProxyOptions(node_ip="192.168.1.9"))
    assert view.primary_addresses == ("192.168.1.9", "fd00::1")


def test_localhost_node_ports_can_be_switched_off():
    view = node_view({"n1": NODE}, "n1", FACTS, ProxyOptions(localhost_node_ports=False))
    assert view.node_port_addresses == ("192.168.0.1", "fd00::1")


def test_own_is_the_addresses_alone():
    assert FACTS.own == {"127.0.0.1", "::1", "fe80::9", "192.168.0.9", "192.168.1.9"}
