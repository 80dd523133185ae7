import msgspec
import pytest

from controlplane.objects import NamespacedName, Node, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.loadbalancer import (
    ANNOTATION_SOURCE_RANGES,
    NO_ADDRESS,
    NO_NODE_PORTS,
    HealthTarget,
    frontends,
    health_targets,
    load_balancers,
)
from proxy.model import Endpoint, FrontendKind, Verdict

WEB = NamespacedName("default", "web")
RANGE = ("203.0.113.0/24", "2001:db8:1::/64")
VIP, VIP_V6 = "203.0.113.10", "2001:db8:1::10"
HTTP = {"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}


def service(name="web", ports=(HTTP,), ingress=(VIP,), annotations=None, **spec):
    settings = {
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.7",
        "clusterIPs": ["10.96.0.7"],
        "ipFamilies": ["IPv4"],
        "ports": ports,
        **spec,
    }
    raw = {
        "metadata": {"namespace": "default", "name": name, "annotations": annotations or {}},
        "spec": settings,
        "status": {"loadBalancer": {"ingress": [{"ip": ip, "ipMode": "VIP"} for ip in ingress]}},
    }
    return msgspec.convert(raw, Service)


def node(name, *addresses, labels=None):
    raw = {
        "metadata": {"name": name, "labels": labels or {}},
        "status": {"addresses": [{"type": "InternalIP", "address": each} for each in addresses]},
    }
    return msgspec.convert(raw, Node)


N1, N2 = node("n1", "10.240.0.1", "fd00::1"), node("n2", "10.240.0.2")
EXCLUDED = node("n3", "10.240.0.3", labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})


def decided(*services, nodes=(N1, N2), before=None, reserved=()):
    snapshot = Snapshot(
        generation=1,
        options=ClusterOptions(),
        namespaces={},
        nodes={each.metadata.name: each for each in nodes},
        pods={},
        services={each.key: each for each in services},
        slices={},
    )
    return load_balancers(snapshot, RANGE, before or {}, reserved)


def all_frontends(made, healthy=None):
    return list(frontends(made, health_targets(made) if healthy is None else healthy))


def only(*services, **more):
    (frontend,) = all_frontends(decided(*services, **more))
    return frontend


def target(name, address, port=10256, path="/healthz"):
    return HealthTarget(name, address, port, path)


def test_connections_go_to_the_node_ports_of_the_nodes():
    frontend = only(service())
    assert str(frontend.key) == "203.0.113.10:80/TCP"
    assert frontend.kind is FrontendKind.LOAD_BALANCER
    assert str(frontend.service) == "default/web:http"
    assert frontend.external == (Endpoint("10.240.0.1", 30080, "n1"), Endpoint("10.240.0.2", 30080, "n2"))
    assert frontend.internal is frontend.external


def test_excluded_nodes_and_nodes_without_an_address_are_not_used():
    frontend = only(service(), nodes=(N1, EXCLUDED, node("n4")))
    assert [each.node for each in frontend.external] == ["n1"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(service(type="NodePort"), id="another type"),
        pytest.param(service(loadBalancerClass="example.com/other"), id="another implementation's"),
    ],
)
def test_services_of_others_are_left_alone(made):
    assert decided(made) == ({}, {})


def test_a_service_without_a_status_is_given_an_address():
    made = decided(service(ingress=()))
    assert made.given.keys() == {WEB}
    assert made.balanced[WEB].addresses == made.given[WEB]
    assert made.balanced[WEB].failure == ""


def test_addresses_of_nodes_are_not_given():
    wish = service(ingress=(), loadBalancerIP="203.0.113.77")
    made = decided(wish, nodes=(node("n1", "203.0.113.77"),))
    assert made.balanced[WEB].unmet_wish == "203.0.113.77 is taken"


@pytest.mark.parametrize(
    ("made", "failure"),
    [
        pytest.param(service(ports=({**HTTP, "nodePort": 0},), ingress=()), NO_NODE_PORTS, id="no nodePort"),
        pytest.param(service(ingress=(), ipFamilies=[], clusterIPs=[]), NO_ADDRESS, id="no family"),
        pytest.param(service(ports=(HTTP, {**HTTP, "name": "x", "port": 81, "nodePort": 0})), "", id="one has it"),
    ],
)
def test_why_a_service_is_not_balanced(made, failure):
    found = decided(made)
    assert found.balanced[WEB].failure == failure
    assert len(all_frontends(found)) == (0 if failure else 1)


def test_the_nodes_are_asked_for_their_proxy_s_health():
    made = decided(service(), service("shop", ingress=("203.0.113.11",)))
    assert health_targets(made) == {target("n1", "10.240.0.1"), target("n2", "10.240.0.2")}


def test_with_external_traffic_policy_local_they_are_asked_for_their_endpoints():
    made = decided(service(externalTrafficPolicy="Local", healthCheckNodePort=30999))
    assert health_targets(made) == {
        target("n1", "10.240.0.1", 30999, "/"),
        target("n2", "10.240.0.2", 30999, "/"),
    }


def test_only_healthy_nodes_are_used_and_without_any_connections_are_refused():
    made = decided(service())
    (frontend,) = all_frontends(made, {target("n2", "10.240.0.2")})
    assert [each.node for each in frontend.external] == ["n2"]
    (frontend,) = all_frontends(made, frozenset())
    assert frontend.is_rejected
    assert frontend.verdict is Verdict.REJECT


def test_each_family_goes_to_the_nodes_that_have_it():
    made = decided(service(ingress=(VIP, VIP_V6), clusterIPs=["10.96.0.7", "fd00:96::7"], ipFamilies=["IPv4", "IPv6"]))
    found = {str(each.key): [str(e) for e in each.external] for each in all_frontends(made)}
    assert found == {
        "203.0.113.10:80/TCP": ["10.240.0.1:30080", "10.240.0.2:30080"],
        "[2001:db8:1::10]:80/TCP": ["[fd00::1]:30080"],
    }


@pytest.mark.parametrize(
    ("spec", "annotation", "expected"),
    [
        ({}, "", ()),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8", "fd00::/8"]}, "", ("10.0.0.0/8",)),
        ({"loadBalancerSourceRanges": ["0.0.0.0/0"]}, "", ()),
        ({}, "10.0.0.0/8, 192.0.2.0/24", ("10.0.0.0/8", "192.0.2.0/24")),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, "192.0.2.0/24", ("10.0.0.0/8",)),
    ],
)
def test_source_ranges(spec, annotation, expected):
    made = service(annotations={ANNOTATION_SOURCE_RANGES: annotation} if annotation else None, **spec)
    assert only(made).source_ranges == expected


def test_session_affinity():
    assert only(service()).affinity_seconds == 0
    assert only(service(sessionAffinity="ClientIP")).affinity_seconds == 10800


def test_tcp_and_udp_of_one_port():
    udp = {**HTTP, "name": "udp", "protocol": "UDP", "nodePort": 30081}
    found = {str(each.key): each.external[0].port for each in all_frontends(decided(service(ports=(HTTP, udp))))}
    assert found == {"203.0.113.10:80/TCP": 30080, "203.0.113.10:80/UDP": 30081}
