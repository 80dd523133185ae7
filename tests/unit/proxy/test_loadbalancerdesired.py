from proxy.claims import ClaimPolicy
from proxy.hostfacts import HostAddress, HostFacts
from proxy.loadbalancerdesired import desired_of
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, FrontendState, Protocol, ServicePortName

FACTS = HostFacts((HostAddress("198.51.100.2", 32, "eth0"),))
POLICY = ClaimPolicy(load_balancer_ip_ranges=("203.0.113.0/24",), other_nodes={"203.0.113.4": "n1"})
NODES = (Endpoint("10.240.0.1", 30080, "n1"),)


def frontend(address, name="web"):
    service = ServicePortName("default", name, "http", Protocol.TCP)
    return Frontend(FrontendKey(address, 80, Protocol.TCP), FrontendKind.LOAD_BALANCER, service, NODES, NODES)


def test_addresses_of_the_range_are_claimed_and_the_host_s_own_are_bound():
    ours, own = frontend("203.0.113.10"), frontend("198.51.100.2")
    desired = desired_of(7, [ours, own], FACTS, POLICY)
    assert desired.generation == 7
    assert desired.frontends == {ours.key: ours, own.key: own}
    assert desired.claims == {"203.0.113.10"}


def test_other_addresses_are_not_served_here():
    outside, node = frontend("192.0.2.1"), frontend("203.0.113.4")
    desired = desired_of(1, [outside, node], FACTS, POLICY)
    assert (desired.frontends, desired.claims) == ({}, frozenset())
    assert {status.state for status in desired.elsewhere.values()} == {FrontendState.SERVED_ELSEWHERE}


def test_of_two_with_one_address_and_port_the_first_is_served():
    first, second = frontend("203.0.113.10"), frontend("203.0.113.10", "other")
    desired = desired_of(1, [first, second], FACTS, POLICY)
    assert desired.frontends == {first.key: first}
    assert [(each.winner.name, each.loser.name) for each in desired.conflicts] == [("web", "other")]
