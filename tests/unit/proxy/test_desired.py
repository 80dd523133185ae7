import msgspec

from controlplane.objects import EndpointSlice, Node, Pod, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.desired import DesiredMaker, Surroundings
from proxy.hostfacts import HostAddress, HostFacts
from proxy.model import FrontendKey, FrontendState, Protocol
from proxy.nodeview import NodeView
from proxy.options import ProxyOptions

AROUND = Surroundings(
    node=NodeView(name="n1", primary_addresses=("192.168.0.1",), node_port_addresses=("192.168.0.1",)),
    facts=HostFacts((HostAddress("192.168.0.1", 24, "eth0"),)),
    options=ProxyOptions(service_ranges=("10.96.0.0/12",), external_ip_ranges=("203.0.113.0/24",)),
)


def service(name="web", cluster_ip="10.96.0.7", port=80, **spec):
    spec = {"type": "ClusterIP", "clusterIP": cluster_ip, "ports": [{"port": port}], **spec}
    return msgspec.convert({"metadata": {"namespace": "default", "name": name}, "spec": spec}, Service)


def piece(*endpoints):
    return msgspec.convert(
        {
            "addressType": "IPv4",
            "ports": [{"port": endpoints[0][1]}],
            "endpoints": [{"addresses": [address]} for address, _ in endpoints],
        },
        EndpointSlice,
    )


def snapshot(*services, endpoints=None, nodes=None, pods=None, generation=7):
    return Snapshot(
        generation=generation,
        options=ClusterOptions(),
        namespaces={},
        nodes=nodes or {},
        pods=pods or {},
        services={each.key: each for each in services},
        slices={service(name).key: (piece(*each),) for name, each in (endpoints or {}).items()},
    )


def key(address, port=80, protocol=Protocol.TCP):
    return FrontendKey(address, port, protocol)


def make(*services, around=AROUND, **more):
    return DesiredMaker().make(snapshot(*services, **more), around)


def test_cluster_ips_are_claimed_and_served():
    desired = make(service())
    assert (set(desired.frontends), desired.claims, desired.generation) == ({key("10.96.0.7")}, {"10.96.0.7"}, 7)


def test_an_own_address_is_served_without_a_claim():
    desired = make(service(externalIPs=["192.168.0.1"]))
    assert set(desired.frontends) == {key("10.96.0.7"), key("192.168.0.1")}
    assert desired.claims == {"10.96.0.7"}


def test_an_external_ip_outside_all_ranges_is_not_served():
    desired = make(service(externalIPs=["8.8.8.8"]))
    assert set(desired.frontends) == {key("10.96.0.7")}
    assert desired.elsewhere[key("8.8.8.8")].state is FrontendState.FAILED


NODES = {
    name: msgspec.convert(
        {
            "metadata": {"name": name},
            "status": {
                "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]
            },
        },
        Node,
    )
    for name, address in (("n1", "203.0.113.1"), ("n2", "203.0.113.2"))
}


def test_another_node_serves_its_own_address():
    desired = make(service(externalIPs=["203.0.113.2"]), nodes=NODES)
    assert desired.elsewhere[key("203.0.113.2")] == (
        FrontendState.SERVED_ELSEWHERE,
        "203.0.113.2 is the address of Node n2",
    )


def test_this_node_s_addresses_are_not_another_s():
    assert key("203.0.113.1") in make(service(externalIPs=["203.0.113.1"]), nodes=NODES).frontends


def test_a_new_node_takes_its_address_back():
    maker, made = DesiredMaker(), service(externalIPs=["203.0.113.2"])
    assert "203.0.113.2" in maker.make(snapshot(made), AROUND).claims
    assert maker.make(snapshot(made, nodes=NODES), AROUND).claims == {"10.96.0.7"}


def test_a_pod_s_address_is_never_claimed():
    status = {"podIP": "203.0.113.8", "podIPs": [{"ip": "203.0.113.8"}, {"ip": "203.0.113.9"}]}
    pods = [
        msgspec.convert({"metadata": {"namespace": "default", "name": name}, "status": each}, Pod)
        for name, each in (("p", status), ("pending", {}))
    ]
    desired = make(service(externalIPs=["203.0.113.8", "203.0.113.9"]), pods={pod.key: pod for pod in pods})
    assert [str(k) for k in desired.elsewhere] == ["203.0.113.8:80/TCP", "203.0.113.9:80/TCP"]


def test_a_resolver_s_address_is_never_claimed():
    around = msgspec.structs.replace(AROUND, resolvers=frozenset({"203.0.113.53"}))
    assert key("203.0.113.53") in make(service(externalIPs=["203.0.113.53"]), around=around).elsewhere


def test_the_dns_server_s_port_is_left_out_but_its_address_is_claimed():
    around = msgspec.structs.replace(AROUND, served_by_dns=frozenset({key("10.96.0.7", 53), key("192.0.2.1", 53)}))
    desired = make(service(port=53), around=around)
    assert (dict(desired.frontends), desired.claims) == ({}, {"10.96.0.7"})
    assert desired.elsewhere == {
        key("10.96.0.7", 53): (FrontendState.SERVED_ELSEWHERE, "served here by the DNS server")
    }


def test_decisions_follow_the_surroundings():
    maker, made = DesiredMaker(), snapshot(service())
    assert maker.make(made, AROUND).claims
    elsewhere = msgspec.structs.replace(AROUND, options=ProxyOptions(service_ranges=("172.30.0.0/16",)))
    assert maker.make(made, elsewhere).claims == set()
    assert maker.make(made, AROUND).claims


def test_an_endpoint_that_is_our_own_frontend_is_refused():
    desired = make(
        service("a", "10.96.0.1"),
        service("b", "10.96.0.2"),
        endpoints={"a": [("10.96.0.2", 80), ("10.244.0.5", 80)], "b": [("10.244.0.5", 80)]},
    )
    assert [str(e) for e in desired.frontends[key("10.96.0.1")].internal] == ["10.244.0.5:80"]
    assert [(loop.service.name, str(loop.endpoint)) for loop in desired.loops] == [("a", "10.96.0.2:80")]


def test_an_address_of_ours_is_a_fine_endpoint_at_another_port():
    desired = make(service(), endpoints={"web": [("10.96.0.7", 8080)]})
    assert [str(e) for e in desired.frontends[key("10.96.0.7")].internal] == ["10.96.0.7:8080"]
    assert desired.loops == ()


def test_an_endpoint_that_another_host_serves_is_no_loop():
    desired = make(
        service("a", "10.96.0.1", externalIPs=["203.0.113.2"]),
        service("b", "10.96.0.2"),
        endpoints={"b": [("203.0.113.2", 80)]},
        nodes=NODES,
    )
    assert desired.loops == ()


def test_conflicts_are_reported():
    desired = make(
        service("a", "10.96.0.1", externalIPs=["192.168.0.1"]), service("b", "10.96.0.2", externalIPs=["192.168.0.1"])
    )
    assert [(each.winner.name, each.loser.name) for each in desired.conflicts] == [("a", "b")]


def test_unchanged_frontends_keep_their_identity():
    maker, made = DesiredMaker(), service()
    before, after = (maker.make(snapshot(made, generation=n), AROUND) for n in (1, 2))
    assert before.frontends[key("10.96.0.7")] is after.frontends[key("10.96.0.7")]
