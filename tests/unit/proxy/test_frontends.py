import msgspec
import pytest

from controlplane.objects import EndpointSlice, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.frontends import FrontendCache, frontends_of
from proxy.model import FrontendKey, Protocol
from proxy.nodeview import NodeView
from proxy.options import ProxyOptions

NODE = NodeView(name="n1", node_port_addresses=("192.168.0.1",))
OPTIONS = ProxyOptions()


def service(name, cluster_ip, port=80, **spec):
    spec = {"type": "ClusterIP", "clusterIP": cluster_ip, "ports": [{"port": port}], **spec}
    return msgspec.convert({"metadata": {"namespace": "default", "name": name}, "spec": spec}, Service)


def piece(address):
    return msgspec.convert(
        {"addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": [{"addresses": [address]}]}, EndpointSlice
    )


def snapshot(*services, slices=None):
    return Snapshot(
        generation=1,
        options=ClusterOptions(),
        namespaces={},
        nodes={},
        pods={},
        services={each.key: each for each in services},
        slices=slices or {},
    )


def owners(found):
    return {f"{key.address}:{key.port}": frontend.service.name for key, frontend in found.items()}


def test_all_services_together():
    found = frontends_of(snapshot(service("a", "10.96.0.1"), service("b", "10.96.0.2")), NODE, OPTIONS)
    assert owners(found) == {"10.96.0.1:80": "a", "10.96.0.2:80": "b"}


@pytest.mark.parametrize(
    ("services", "winner", "loser"),
    [
        pytest.param(
            [service("b", "10.96.0.2", externalIPs=["1.2.3.4"]), service("a", "10.96.0.1", externalIPs=["1.2.3.4"])],
            ("1.2.3.4", 80, "a"),
            "b",
            id="the first by namespace and name",
        ),
        pytest.param(
            [service("a", "10.96.0.1", externalIPs=["10.96.0.2"]), service("b", "10.96.0.2")],
            ("10.96.0.2", 80, "b"),
            "a",
            id="nobody takes a clusterIP",
        ),
        pytest.param(
            [
                service("a", "10.96.0.1", externalIPs=["192.168.0.1"], ports=[{"port": 30080}]),
                service("b", "10.96.0.2", ports=[{"port": 80, "nodePort": 30080}]),
            ],
            ("192.168.0.1", 30080, "b"),
            "a",
            id="a nodePort before an externalIP",
        ),
    ],
)
def test_a_contested_key_has_one_winner_and_says_so(services, winner, loser):
    address, port, name = winner
    key = FrontendKey(address, port, Protocol.TCP)
    for order in (services, services[::-1]):
        found = FrontendCache().update(snapshot(*order), NODE, OPTIONS)
        assert found.frontends[key].service.name == name
        (conflict,) = found.conflicts
        assert conflict.message == (
            f"{key} belongs to default/{name}; default/{loser} has it too, and gets no connections there"
        )


def test_the_loser_takes_over_when_the_winner_goes():
    cache = FrontendCache()
    first, second = (service(name, f"10.96.0.{i}", externalIPs=["1.2.3.4"]) for i, name in enumerate("ab", 1))
    cache.update(snapshot(first, second), NODE, OPTIONS)
    found = cache.update(snapshot(second), NODE, OPTIONS)
    assert owners(found.frontends) == {"10.96.0.2:80": "b", "1.2.3.4:80": "b"}
    assert found.conflicts == ()


A, B = service("a", "10.96.0.1"), service("b", "10.96.0.2")
KEY_A, KEY_B = (FrontendKey(f"10.96.0.{i}", 80, Protocol.TCP) for i in (1, 2))


def test_frontends_of_an_unchanged_service_keep_their_identity():
    cache = FrontendCache()
    before = cache.update(snapshot(A, B), NODE, OPTIONS).frontends
    changed = msgspec.structs.replace(B, metadata=msgspec.structs.replace(B.metadata, labels={"x": "y"}))
    after = cache.update(snapshot(A, changed), NODE, OPTIONS).frontends
    assert after[KEY_A] is before[KEY_A]
    assert after[KEY_B] is not before[KEY_B]


@pytest.mark.parametrize(
    ("before", "after", "is_kept"),
    [
        ([piece("10.0.0.1")], [piece("10.0.0.1")], False),  # equal, but who says so?
        ([piece("10.0.0.1")], [], False),
        ([], [piece("10.0.0.1")], False),
    ],
)
def test_a_change_of_slices_is_seen(before, after, is_kept):
    cache = FrontendCache()
    one = cache.update(snapshot(A, slices={A.key: tuple(before)}), NODE, OPTIONS).frontends
    other = cache.update(snapshot(A, slices={A.key: tuple(after)}), NODE, OPTIONS).frontends
    assert (one[KEY_A] is other[KEY_A]) is is_kept
    assert len(other[KEY_A].internal) == len(after)


def test_the_same_slices_in_a_new_tuple_are_no_change():
    cache, piece_of_a = FrontendCache(), piece("10.0.0.1")
    one, other = (
        cache.update(snapshot(A, slices={A.key: tuple([piece_of_a])}), NODE, OPTIONS).frontends  # noqa: C409
        for _ in range(2)
    )
    assert one[KEY_A] is other[KEY_A]


@pytest.mark.parametrize(
    ("node", "options"), [(NodeView(name="n2"), OPTIONS), (NODE, ProxyOptions(allow_external_ips=False))]
)
def test_another_node_or_other_options_change_everything(node, options):
    cache = FrontendCache()
    made = service("a", "10.96.0.1", externalIPs=["1.2.3.4"], ports=[{"port": 80, "nodePort": 30080}])
    before = cache.update(snapshot(made), NODE, OPTIONS).frontends
    assert len(before) == 3
    assert len(cache.update(snapshot(made), node, options).frontends) == 2
