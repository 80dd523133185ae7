import pytest

from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName, Verdict
from proxy.sources import allowed_sources, inside_sources, intersection

HERE, THERE = (Endpoint("10.244.0.5", 80, "n1"),), (Endpoint("10.244.1.5", 80, "n2"),)
INSIDE = ("10.244.0.0/16", "fd00:244::/48", "127.0.0.0/8", "::1/128", "10.240.0.4/32")
INSIDE_V4 = ("10.244.0.0/16", "127.0.0.0/8", "10.240.0.4/32")


def frontend(internal, external, kind=FrontendKind.LOAD_BALANCER, address="203.0.113.10", ranges=()):
    return Frontend(
        FrontendKey(address, 80, Protocol.TCP),
        kind,
        ServicePortName("default", "web", "http", Protocol.TCP),
        internal,
        external,
        Verdict.DROP,
        source_ranges=ranges,
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(frontend(HERE, HERE), None, id="everybody is served"),
        pytest.param(frontend((), ()), (), id="nobody is served"),
        pytest.param(frontend((), (), ranges=("10.0.0.0/8",)), (), id="nobody, whatever the ranges"),
        pytest.param(frontend(HERE, HERE, ranges=("10.0.0.0/8",)), ("10.0.0.0/8",), id="source ranges"),
        pytest.param(frontend((), HERE), None, id="outside only: who is inside is not told by address"),
        pytest.param(frontend(THERE, ()), INSIDE_V4, id="inside only"),
        pytest.param(frontend(THERE, (), FrontendKind.NODE_PORT), INSIDE_V4, id="inside only, at a nodePort"),
        pytest.param(frontend(THERE, (), FrontendKind.CLUSTER_IP), None, id="a clusterIP is inside by itself"),
        pytest.param(
            frontend(THERE, (), address="2001:db8::1"), ("fd00:244::/48", "::1/128"), id="of the frontend's family"
        ),
        pytest.param(
            frontend(THERE, (), ranges=("10.244.1.0/24", "10.240.0.0/12", "198.51.100.0/24")),
            ("10.240.0.4/32", "10.244.0.0/16"),
            id="inside and in the source ranges",
        ),
        pytest.param(frontend(THERE, (), ranges=("198.51.100.0/24",)), (), id="inside, all out of the source ranges"),
    ],
)
def test_whose_packets_a_frontend_takes(made, expected):
    assert allowed_sources(made, INSIDE) == expected


def test_inside_are_pods_and_the_node_itself():
    made = inside_sources(["10.244.0.0/16"], {"10.240.0.4", "fd00:1::1"})
    assert made == ("10.244.0.0/16", "127.0.0.0/8", "::1/128", "10.240.0.4/32", "fd00:1::1/128")


@pytest.mark.parametrize(
    ("some", "others", "expected"),
    [
        (["10.0.0.0/8"], ["10.1.0.0/16"], ("10.1.0.0/16",)),
        (["10.1.0.0/16"], ["10.0.0.0/8"], ("10.1.0.0/16",)),
        (["10.1.0.0/16"], ["10.2.0.0/16"], ()),
        (["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"], ("10.0.0.0/8",)),
        (["10.0.0.0/9", "10.128.0.0/9"], ["0.0.0.0/0"], ("10.0.0.0/8",)),
        (["fd00::/16"], ["fd00::1/128", "fe00::/16"], ("fd00::1/128",)),
        ([], ["10.0.0.0/8"], ()),
    ],
)
def test_intersection(some, others, expected):
    assert intersection(some, others) == expected
