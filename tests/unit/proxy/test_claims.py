import pytest

from proxy.claims import Bind, Claim, ClaimPolicy, Elsewhere, Refused, decide, status_of
from proxy.hostfacts import HostAddress, HostFacts
from proxy.model import FrontendKind, FrontendState

FACTS = HostFacts(
    addresses=(HostAddress("127.0.0.1", 8, "lo"), HostAddress("192.168.0.1", 24, "eth0")),
    gateways=frozenset({"192.168.0.254"}),
)
POLICY = ClaimPolicy(
    service_ranges=("10.96.0.0/12", "127.96.0.0/16", "fd00:10::/108"),
    external_ip_ranges=("203.0.113.0/24", "192.168.0.0/24", "127.97.0.0/16"),
    load_balancer_ip_ranges=("198.51.100.0/24", "169.254.0.0/16", "224.0.0.0/4", "0.0.0.0/8", "10.244.0.0/16"),
    other_nodes={"192.168.0.2": "n2"},
    pods=frozenset({"10.244.0.5"}),
    resolvers=frozenset({"203.0.113.53"}),
)
CLUSTER_IP, EXTERNAL_IP = FrontendKind.CLUSTER_IP, FrontendKind.EXTERNAL_IP
NODE_PORT, LOAD_BALANCER = FrontendKind.NODE_PORT, FrontendKind.LOAD_BALANCER


@pytest.mark.parametrize(
    ("address", "kind", "expected"),
    [
        pytest.param("10.96.0.10", CLUSTER_IP, Claim(), id="a clusterIP inside the range"),
        pytest.param("fd00:10::7", CLUSTER_IP, Claim(), id="an IPv6 clusterIP inside the range"),
        pytest.param("127.96.0.10", CLUSTER_IP, Bind(), id="a range in 127/8 needs no claim"),
        pytest.param(
            "172.30.0.1",
            CLUSTER_IP,
            Refused("172.30.0.1 is not an address of this node, and not in --service-cluster-ip-range"),
            id="a clusterIP outside the ranges",
        ),
        pytest.param("192.168.0.1", CLUSTER_IP, Bind(), id="a clusterIP that the host has"),
        pytest.param("192.168.0.1", EXTERNAL_IP, Bind(), id="an externalIP that this node owns"),
        pytest.param("127.0.0.1", NODE_PORT, Bind(), id="a nodePort on localhost"),
        pytest.param("203.0.113.9", EXTERNAL_IP, Claim(), id="an externalIP inside the range"),
        pytest.param("127.97.0.9", EXTERNAL_IP, Bind(), id="an externalIP inside a range in 127/8"),
        pytest.param(
            "8.8.8.8",
            EXTERNAL_IP,
            Refused("8.8.8.8 is not an address of this node, and not in --external-ip-range"),
            id="an externalIP outside the range",
        ),
        pytest.param(
            "127.0.0.1", EXTERNAL_IP, Refused("127.0.0.1 is a loopback address"), id="localhost as externalIP"
        ),
        pytest.param("::1", LOAD_BALANCER, Refused("::1 is a loopback address"), id="localhost as load balancer"),
        pytest.param(
            "192.168.0.2",
            EXTERNAL_IP,
            Elsewhere("192.168.0.2 is the address of Node n2"),
            id="another Node's, in range",
        ),
        pytest.param(
            "192.168.0.254",
            EXTERNAL_IP,
            Elsewhere("192.168.0.254 is the address of a gateway"),
            id="a gateway's, in range",
        ),
        pytest.param(
            "203.0.113.53",
            EXTERNAL_IP,
            Elsewhere("203.0.113.53 is the address of a resolver"),
            id="a resolver's, in range",
        ),
        pytest.param(
            "10.244.0.5", LOAD_BALANCER, Elsewhere("10.244.0.5 is the address of a Pod"), id="a Pod's, in range"
        ),
        pytest.param("198.51.100.7", LOAD_BALANCER, Claim(), id="a load balancer address inside the range"),
        pytest.param(
            "198.18.0.1",
            LOAD_BALANCER,
            Elsewhere(
                "198.18.0.1 is the load balancer's: "
                "198.18.0.1 is not an address of this node, and not in --load-balancer-ip-range"
            ),
            id="a load balancer address outside the range",
        ),
        pytest.param("169.254.1.1", LOAD_BALANCER, Refused("169.254.1.1 is a link-local address"), id="link-local"),
        pytest.param("fe80::1", LOAD_BALANCER, Refused("fe80::1 is a link-local address"), id="link-local IPv6"),
        pytest.param("224.0.0.5", LOAD_BALANCER, Refused("224.0.0.5 is a multicast address"), id="multicast"),
        pytest.param("0.0.0.0", LOAD_BALANCER, Refused("0.0.0.0 is the unspecified address"), id="unspecified"),
    ],
)
def test_whose_address_is_it(address, kind, expected):
    assert decide(address, kind, FACTS, POLICY) == expected


def test_without_ranges_nothing_is_claimed():
    kinds = (CLUSTER_IP, EXTERNAL_IP, LOAD_BALANCER)
    assert not any(isinstance(decide("203.0.113.9", kind, FACTS, ClaimPolicy()), Claim | Bind) for kind in kinds)


def test_what_is_not_ours_says_so_in_its_status():
    assert status_of(Elsewhere("why")) == (FrontendState.SERVED_ELSEWHERE, "why")
    assert status_of(Refused("why")) == (FrontendState.FAILED, "why")
