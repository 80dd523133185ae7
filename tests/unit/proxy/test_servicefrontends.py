import msgspec
import pytest

from controlplane.objects import EndpointPort, EndpointSlice, Service
from proxy.model import Endpoint, FrontendKey, FrontendKind, Protocol, ServicePortName, Verdict
from proxy.nodeview import NodeView
from proxy.options import ProxyOptions
from proxy.servicefrontends import frontends_of_service

NODE = NodeView(
    name="n1",
    primary_addresses=("192.168.0.1", "fd00:1::1"),
    node_port_addresses=("192.168.0.1", "127.0.0.1", "fd00:1::1"),
)
OPTIONS = ProxyOptions()
HERE = Endpoint("10.244.0.5", 8080, "n1")
THERE = Endpoint("10.244.1.5", 8080, "n2")


def service(ports=({"name": "http", "port": 80},), ingress=(), labels=None, **spec):
    raw = {
        "metadata": {"namespace": "default", "name": "web", "labels": labels or {}},
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": ports, **spec},
        "status": {"loadBalancer": {"ingress": ingress}},
    }
    return msgspec.convert(raw, Service)


def slices(*endpoints, name="http", family="IPv4", conditions=None):
    raw = {
        "addressType": family,
        "ports": [{"name": name, "port": 8080}],
        "endpoints": [
            {"addresses": [each.address], "nodeName": each.node, "conditions": conditions or {}} for each in endpoints
        ],
    }
    return (msgspec.convert(raw, EndpointSlice),)


BOTH = slices(HERE, THERE)
REMOTE = slices(THERE)


def frontends(made, pieces=BOTH):
    return {(str(f.key), f.kind): f for f in frontends_of_service(made, pieces, NODE, OPTIONS)}


def addresses(made, options=OPTIONS):
    return [(str(f.key), f.kind.value) for f in frontends_of_service(made, BOTH, NODE, options)]


def only(made, kind, pieces=BOTH):
    return next(f for f in frontends_of_service(made, pieces, NODE, OPTIONS) if f.kind is kind)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(service(clusterIP="None", clusterIPs=["None"]), id="headless"),
        pytest.param(service(clusterIP="", clusterIPs=[]), id="no clusterIP"),
        pytest.param(service(type="ExternalName"), id="ExternalName, even with a clusterIP"),
        pytest.param(service(labels={"service.kubernetes.io/service-proxy-name": ""}), id="another proxy's, any value"),
    ],
)
def test_skipped_services(made):
    assert frontends(made) == {}


def test_a_headless_label_on_a_service_has_no_effect():
    assert frontends(service(labels={"service.kubernetes.io/headless": ""}))


CLUSTER_IP = ("10.96.0.7:80/TCP", "ClusterIP")
NODE_PORTS = [("192.168.0.1:30080/TCP", "NodePort"), ("127.0.0.1:30080/TCP", "NodePort")]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(service(), [CLUSTER_IP], id="ClusterIP"),
        pytest.param(service(clusterIPs=[]), [CLUSTER_IP], id="clusterIP alone"),
        pytest.param(
            service(ports=[{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]),
            [("10.96.0.7:53/UDP", "ClusterIP"), ("10.96.0.7:53/TCP", "ClusterIP")],
            id="one port in two protocols",
        ),
        pytest.param(
            service(type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30080}]),
            [CLUSTER_IP, *NODE_PORTS],
            id="NodePort, in the clusterIP's family",
        ),
        pytest.param(
            service(externalIPs=["203.0.113.1", "2001:db8::1", "010.9.9.9"]),
            [CLUSTER_IP, ("203.0.113.1:80/TCP", "ExternalIP"), ("10.9.9.9:80/TCP", "ExternalIP")],
            id="externalIPs of the family, canonical",
        ),
        pytest.param(
            service(
                type="LoadBalancer",
                ingress=[
                    {"ip": "198.51.100.1", "ipMode": "VIP"},
                    {"ip": "198.51.100.2"},
                    {"ip": "198.51.100.3", "ipMode": "Proxy"},
                    {"hostname": "lb.example.com"},
                    {"ip": "2001:db8::1"},
                ],
            ),
            [CLUSTER_IP, ("198.51.100.1:80/TCP", "LoadBalancer"), ("198.51.100.2:80/TCP", "LoadBalancer")],
            id="load balancer addresses in mode VIP",
        ),
        pytest.param(service(type="LoadBalancer", loadBalancerIP="198.51.100.9"), [CLUSTER_IP], id="pending"),
        pytest.param(
            service(ingress=[{"ip": "198.51.100.1"}], externalIPs=["198.51.100.1"]),
            [CLUSTER_IP, ("198.51.100.1:80/TCP", "LoadBalancer")],
            id="an address that the Service names twice",
        ),
        pytest.param(
            service(
                clusterIPs=["10.96.0.7", "fd00:10:96:0::7"], ports=[{"name": "http", "port": 80, "nodePort": 30080}]
            ),
            [CLUSTER_IP, *NODE_PORTS, ("[fd00:10:96::7]:80/TCP", "ClusterIP"), ("[fd00:1::1]:30080/TCP", "NodePort")],
            id="dual stack",
        ),
        pytest.param(
            service(clusterIP="fd00::7", clusterIPs=["fd00::7"], externalIPs=["203.0.113.1"]),
            [("[fd00::7]:80/TCP", "ClusterIP")],
            id="a family without a clusterIP has nothing",
        ),
    ],
)
def test_where_a_service_listens(made, expected):
    assert addresses(made) == expected


def test_external_ips_can_be_forbidden():
    made = service(externalIPs=["203.0.113.1"])
    assert addresses(made, ProxyOptions(allow_external_ips=False)) == [CLUSTER_IP]


def test_a_frontend_knows_its_service_port():
    frontend = only(service(), FrontendKind.CLUSTER_IP)
    assert frontend.key == FrontendKey("10.96.0.7", 80, Protocol.TCP)
    assert frontend.service == ServicePortName("default", "web", "http", Protocol.TCP)


@pytest.mark.parametrize("name", ["", "https"])
def test_endpoints_are_joined_by_the_port_s_name(name):
    frontend = only(service(), FrontendKind.CLUSTER_IP, slices(HERE, name=name))
    assert (frontend.internal, frontend.is_rejected) == ((), True)


def test_families_are_worlds_apart():
    made = service(clusterIPs=["10.96.0.7", "fd00::7"])
    found = frontends(made)
    assert found["10.96.0.7:80/TCP", FrontendKind.CLUSTER_IP].internal == (HERE, THERE)
    assert found["[fd00::7]:80/TCP", FrontendKind.CLUSTER_IP].is_rejected


NODE_PORT = {"type": "NodePort", "ports": [{"name": "http", "port": 80, "nodePort": 30080}]}
ITP_LOCAL = {"internalTrafficPolicy": "Local"}
ETP_LOCAL = {"externalTrafficPolicy": "Local"}
EXTERNAL_IP = {"externalIPs": ["203.0.113.1"], **ETP_LOCAL}
UNREADY = slices(HERE, THERE, conditions={"ready": False, "serving": False})
ENDING = slices(THERE, conditions={"ready": False, "terminating": True})
REJECT, DROP = Verdict.REJECT, Verdict.DROP

# The verdict matrix: spec, slices, kind of the destination, endpoints for clients inside and outside (H here, T there)
MATRIX = [
    ("ClusterIP, iTP=Cluster", {}, BOTH, "ClusterIP", "HT", "HT", REJECT),
    ("ClusterIP, iTP=Cluster, no endpoints", {}, (), "ClusterIP", "", "", REJECT),
    ("ClusterIP, iTP=Cluster, none ready", {}, UNREADY, "ClusterIP", "", "", REJECT),
    ("ClusterIP, iTP=Local", ITP_LOCAL, BOTH, "ClusterIP", "H", "H", REJECT),
    ("ClusterIP, iTP=Local, remote", ITP_LOCAL, REMOTE, "ClusterIP", "", "", DROP),
    ("ClusterIP, iTP=Local, none", ITP_LOCAL, (), "ClusterIP", "", "", REJECT),
    ("ClusterIP, iTP=Local, remote terminating", ITP_LOCAL, ENDING, "ClusterIP", "", "", DROP),
    ("ClusterIP, eTP=Local", ETP_LOCAL, REMOTE, "ClusterIP", "T", "T", REJECT),
    ("NodePort, eTP=Cluster", NODE_PORT, REMOTE, "NodePort", "T", "T", REJECT),
    ("NodePort, eTP=Cluster, no endpoints", NODE_PORT, (), "NodePort", "", "", REJECT),
    ("NodePort, iTP=Local is for clusterIPs", NODE_PORT | ITP_LOCAL, REMOTE, "NodePort", "T", "T", REJECT),
    ("NodePort, eTP=Local", NODE_PORT | ETP_LOCAL, BOTH, "NodePort", "HT", "H", REJECT),
    ("NodePort, eTP=Local, remote", NODE_PORT | ETP_LOCAL, REMOTE, "NodePort", "T", "", DROP),
    ("NodePort, eTP=Local, none", NODE_PORT | ETP_LOCAL, (), "NodePort", "", "", REJECT),
    ("externalIP of type ClusterIP, eTP=Local, remote", EXTERNAL_IP, REMOTE, "ExternalIP", "T", "", DROP),
]


@pytest.mark.parametrize(
    ("spec", "pieces", "kind", "expected"), [pytest.param(*row[1:4], row[4:], id=row[0]) for row in MATRIX]
)
def test_the_verdict_matrix(spec, pieces, kind, expected):
    frontend = only(service(**spec), FrontendKind(kind), pieces)
    assert (letters(frontend.internal), letters(frontend.external), frontend.verdict) == expected


def letters(endpoints):
    return "".join({HERE: "H", THERE: "T"}[each] for each in endpoints)


def test_frontends_of_a_port_share_their_lists():
    found = list(frontends(service(**NODE_PORT, externalTrafficPolicy="Cluster")).values())
    assert {id(used) for f in found for used in (f.internal, f.external)} == {id(found[0].internal)}


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, 0),
        ({"sessionAffinity": "None"}, 0),
        ({"sessionAffinity": "ClientIP"}, 10800),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {}}}, 10800),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, 5),
    ],
)
def test_session_affinity(spec, seconds):
    assert only(service(**spec), FrontendKind.CLUSTER_IP).affinity_seconds == seconds


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param([], (), id="no ranges"),
        pytest.param(["203.0.113.0/25"], ("203.0.113.0/25",), id="a range"),
        pytest.param([" 203.0.113.0/25 "], ("203.0.113.0/25",), id="blanks are trimmed"),
        pytest.param(["2001:db8::/32"], (), id="the other family leaves this one unfiltered"),
        pytest.param(["203.0.113.0/25", "0.0.0.0/0"], (), id="a zero prefix allows all"),
        pytest.param(["203.0.113.0/25", "::/0"], ("203.0.113.0/25",), id="a zero prefix of the other family does not"),
        pytest.param(["192.168.0.0/24"], ("192.168.0.0/24", "198.51.100.1/32"), id="the node itself, looped back"),
    ],
)
def test_load_balancer_source_ranges(ranges, expected):
    made = service(ingress=[{"ip": "198.51.100.1"}], loadBalancerSourceRanges=ranges)
    assert only(made, FrontendKind.LOAD_BALANCER).source_ranges == expected


def test_source_ranges_are_for_load_balancer_addresses_only():
    ranges = ["203.0.113.0/25"]
    made = service(
        **NODE_PORT, ingress=[{"ip": "198.51.100.1"}], externalIPs=["1.2.3.4"], loadBalancerSourceRanges=ranges
    )
    limited = [kind for (_, kind), f in frontends(made).items() if f.source_ranges]
    assert limited == [FrontendKind.LOAD_BALANCER]


def test_source_ranges_of_an_ipv6_address():
    made = service(
        clusterIPs=["10.96.0.7", "fd00::7"],
        ingress=[{"ip": "2001:db8::1"}],
        loadBalancerSourceRanges=["fd00:1::/64", "203.0.113.0/25"],
    )
    assert only(made, FrontendKind.LOAD_BALANCER).source_ranges == ("fd00:1::/64", "2001:db8::1/128")


@pytest.mark.parametrize(
    ("protocol", "conditions", "expected"),
    [
        pytest.param(
            "UDP", {"ready": False, "serving": True, "terminating": True}, (THERE,), id="serves while it ends"
        ),
        pytest.param("UDP", {"ready": False, "serving": False}, (), id="merely not ready"),
        pytest.param("UDP", {}, (), id="chosen anyway"),
        pytest.param("TCP", {"ready": False, "serving": True, "terminating": True}, (), id="TCP needs none"),
    ],
)
def test_udp_flows_to_an_endpoint_that_still_serves_may_live(protocol, conditions, expected):
    ports = [{"name": "dns", "port": 53, "protocol": protocol}]
    endpoints = [
        {"addresses": [HERE.address], "nodeName": HERE.node},
        {"addresses": [THERE.address], "nodeName": THERE.node, "conditions": conditions},
    ]
    raw = {
        "addressType": "IPv4",
        "ports": [{"name": "dns", "port": 8080, "protocol": protocol}],
        "endpoints": endpoints,
    }
    frontend = only(service(ports=ports), FrontendKind.CLUSTER_IP, (msgspec.convert(raw, EndpointSlice),))
    assert frontend.draining == expected


def test_udp_flows_that_another_policy_allowed_may_live():
    ports = [{"name": "http", "port": 80, "protocol": "UDP"}]
    pieces = tuple(
        msgspec.structs.replace(each, ports=(EndpointPort(name="http", port=8080, protocol="UDP"),)) for each in BOTH
    )
    frontend = only(service(ports=ports, internalTrafficPolicy="Local"), FrontendKind.CLUSTER_IP, pieces)
    assert (frontend.internal, frontend.draining) == ((HERE,), (THERE,))
