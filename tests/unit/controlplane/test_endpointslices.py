"""Slices are those of the endpoint slice controller.

The cases are those of `k8s.io/endpointslice`: utils_test.go (TestNewEndpointSlice, TestPodToEndpoint,
TestGetEndpointPorts, TestSetEndpointSliceLabels), reconciler_test.go, trafficdist_test.go, and of kubernetes
`test/e2e/network/endpointslice.go`.
"""

import re

import msgspec
import pytest

from controlplane.endpointslices import PodIndex, slices_for
from controlplane.objects import (
    Condition,
    Container,
    ContainerPort,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    NamedHint,
    Node,
    ObjectMeta,
    ObjectReference,
    OwnerReference,
    Pod,
    PodIP,
    PodSpec,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
)

HTTP = ServicePort(name="http", protocol="TCP", port=80, target_port=8080)


def service(name: str = "web", labels=None, annotations=None, **spec) -> Service:
    fields = {
        "type": "ClusterIP",
        "cluster_ip": "10.96.0.20",
        "ip_families": ("IPv4",),
        "selector": {"app": "web"},
        "ports": (HTTP,),
        **spec,
    }
    metadata = ObjectMeta(name=name, namespace="shop", labels=labels or {}, annotations=annotations or {})
    return Service(metadata=metadata, spec=ServiceSpec(**fields))


def pod(name="web-0", ips=("10.244.0.5",), *, ready=True, deleted="", phase="Running", ports=(), **spec) -> Pod:
    containers = (Container(ports=tuple(ports)),)
    return Pod(
        metadata=ObjectMeta(
            name=name, namespace="shop", labels={"app": "web"}, uid=f"u-{name}", deletion_timestamp=deleted
        ),
        spec=PodSpec(**{"node_name": "a", "containers": containers, **spec}),
        status=PodStatus(
            phase=phase,
            pod_ips=tuple(PodIP(ip=ip) for ip in ips),
            conditions=(Condition(type="Ready", status="True" if ready else "False"),),
        ),
    )


def node(name: str, zone: str = "") -> Node:
    return Node(metadata=ObjectMeta(name=name, labels={"topology.kubernetes.io/zone": zone} if zone else {}))


NODES = {"a": node("a", "z1"), "b": node("b")}


def only(slices):
    (piece,) = slices
    return piece


def test_a_ready_pod_is_an_endpoint_with_all_that_is_known_of_it():
    piece = only(slices_for(service(), [pod()], NODES))
    assert (piece.api_version, piece.kind, piece.address_type) == ("discovery.k8s.io/v1", "EndpointSlice", "IPv4")
    assert piece.ports == (EndpointPort(name="http", port=8080, protocol="TCP"),)
    assert re.fullmatch("web-[bcdfghjklmnpqrstvwxz2456789]{5}", piece.metadata.name)
    assert piece.metadata.generate_name == "web-"
    assert piece.metadata.namespace == "shop"
    assert piece.metadata.owner_references == (OwnerReference(kind="Service", name="web", controller=True),)
    (endpoint,) = piece.endpoints
    assert endpoint.addresses == ("10.244.0.5",)
    assert endpoint.conditions == EndpointConditions(ready=True, serving=True, terminating=False)
    assert endpoint.target_ref == ObjectReference(kind="Pod", namespace="shop", name="web-0", uid="u-web-0")
    assert (endpoint.node_name, endpoint.zone, endpoint.hostname, endpoint.hints) == ("a", "z1", None, None)


def test_a_slice_is_labelled_as_the_services_and_never_by_labels_that_users_reserved():
    labels = {
        "app": "web",
        "kubernetes.io/service-name": "other",
        "endpointslice.kubernetes.io/managed-by": "me",
        "service.kubernetes.io/headless": "yes",
    }
    assert only(slices_for(service(labels=labels), [], NODES)).metadata.labels == {
        "app": "web",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }


@pytest.mark.parametrize("cluster_ip", ["None", ""])
def test_slices_of_a_service_without_cluster_ip_are_labelled_headless(cluster_ip):
    piece = only(slices_for(service(cluster_ip=cluster_ip), [pod()], NODES))
    assert piece.metadata.labels["service.kubernetes.io/headless"] == ""


@pytest.mark.parametrize(
    ("publish", "ready", "deleted", "expected"),
    [
        (False, True, False, (True, True, False)),
        (False, False, False, (False, False, False)),
        (False, True, True, (False, True, True)),
        (False, False, True, (False, False, True)),
        (True, True, False, (True, True, False)),
        (True, False, False, (True, False, False)),
        (True, True, True, (True, True, True)),
        (True, False, True, (True, False, True)),
    ],
)
def test_conditions_follow_readiness_termination_and_publish_not_ready_addresses(publish, ready, deleted, expected):
    one = pod(ready=ready, deleted="2024-01-01T00:00:00Z" if deleted else "")
    piece = only(slices_for(service(publish_not_ready_addresses=publish), [one], NODES))
    conditions = piece.endpoints[0].conditions
    assert (conditions.ready, conditions.serving, conditions.terminating) == expected


@pytest.mark.parametrize(
    ("one", "publish", "included"),
    [
        (pod(phase="Succeeded"), False, False),
        (pod(phase="Failed"), True, False),
        (pod(ips=()), False, False),
        (pod(ips=()), True, False),
        (pod(node_name="gone"), False, False),
        (pod(node_name="gone"), True, True),
        (pod(node_name=""), False, True),
        (pod(phase="Pending", ready=False), False, True),
    ],
)
def test_a_pod_has_a_place_in_a_slice_while_it_has_an_address_and_has_not_ended(one, publish, included):
    piece = only(slices_for(service(publish_not_ready_addresses=publish), [one], NODES))
    assert bool(piece.endpoints) is included


def test_an_endpoint_without_known_node_has_neither_zone_nor_node_name():
    (endpoint,) = only(slices_for(service(), [pod(node_name="")], NODES)).endpoints
    assert (endpoint.node_name, endpoint.zone) == (None, None)
    (endpoint,) = only(slices_for(service(), [pod(node_name="b")], NODES)).endpoints
    assert (endpoint.node_name, endpoint.zone) == ("b", None)


@pytest.mark.parametrize(
    ("hostname", "subdomain", "expected"),
    [("db-0", "web", "db-0"), ("db-0", "other", None), ("db-0", "", None), ("", "web", None)],
)
def test_the_hostname_is_set_where_the_subdomain_is_the_service(hostname, subdomain, expected):
    piece = only(slices_for(service(), [pod(hostname=hostname, subdomain=subdomain)], NODES))
    assert piece.endpoints[0].hostname == expected


def test_there_is_a_slice_for_each_family_of_the_service():
    dual = pod(ips=("10.244.0.5", "fd00:0:0::5"))
    slices = slices_for(service(ip_families=("IPv4", "IPv6")), [dual, pod("web-1", ips=("10.244.0.6",))], NODES)
    by_family = {s.address_type: [e.addresses for e in s.endpoints] for s in slices}
    assert by_family == {"IPv4": [("10.244.0.5",), ("10.244.0.6",)], "IPv6": [("fd00::5",)]}
    assert [s.metadata.name for s in slices] == sorted(s.metadata.name for s in slices)


@pytest.mark.parametrize(
    ("cluster_ip", "families"),
    [("10.96.0.20", {"IPv4"}), ("fd00::20", {"IPv6"}), ("None", {"IPv4", "IPv6"}), ("", {"IPv4", "IPv6"})],
)
def test_a_service_that_names_no_families_has_those_of_its_cluster_ip(cluster_ip, families):
    slices = slices_for(service(cluster_ip=cluster_ip, ip_families=()), [pod()], NODES)
    assert {s.address_type for s in slices} == families


def test_what_matches_nothing_has_an_empty_slice_for_each_family():
    slices = slices_for(service(ip_families=("IPv4", "IPv6")), [], NODES)
    assert [(s.endpoints, s.ports) for s in slices] == [((), ()), ((), ())]


@pytest.mark.parametrize("spec", [{"selector": {}}, {"type": "ExternalName", "external_name": "example.org"}])
def test_without_selector_and_for_an_external_name_there_are_no_slices(spec):
    assert slices_for(service(**spec), [pod()], NODES) == ()


def test_a_slice_holds_a_hundred_endpoints():
    pods = [pod(f"web-{i:03}", ips=(f"10.244.{i // 200}.{i % 200 + 2}",)) for i in range(250)]
    slices = slices_for(service(), pods, NODES)
    assert sorted(len(s.endpoints) for s in slices) == [50, 100, 100]
    assert len({s.metadata.name for s in slices}) == 3
    assert len({e.addresses for s in slices for e in s.endpoints}) == 250


def test_names_of_slices_stay_while_endpoints_come_and_go():
    (none,), (one,), (many,) = (slices_for(service(), [pod(f"p{i}") for i in range(n)], NODES) for n in (0, 1, 9))
    assert none.metadata.name == one.metadata.name == many.metadata.name


def test_the_outcome_is_the_same_every_time():
    pods = [pod("web-0"), pod("web-1", ips=("10.244.0.6",))]
    assert slices_for(service(), pods, NODES) == slices_for(service(), pods, NODES)


NAMED = ServicePort(name="http", protocol="TCP", port=80, target_port="web")


def container_port(number: int, name: str = "web", protocol: str = "TCP") -> ContainerPort:
    return ContainerPort(name=name, container_port=number, protocol=protocol)


def test_pods_on_which_a_named_port_differs_are_in_different_slices():
    pods = [
        pod("web-0", ports=[container_port(8080)]),
        pod("web-1", ips=("10.244.0.6",), ports=[container_port(9090)]),
        pod("web-2", ips=("10.244.0.7",), ports=[container_port(8080)]),
    ]
    slices = slices_for(service(ports=(NAMED,)), pods, NODES)
    found = {s.ports[0].port: [e.target_ref.name for e in s.endpoints] for s in slices}
    assert found == {8080: ["web-0", "web-2"], 9090: ["web-1"]}
    assert len({s.metadata.name for s in slices}) == 2


SIDECAR = Container(restart_policy="Always", ports=(container_port(7070),))
INIT = Container(ports=(container_port(6060),))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pod(ports=[container_port(8080), container_port(8081)]), [8080]),
        (pod(ports=[container_port(5353, protocol="UDP"), container_port(8080)]), [8080]),
        (pod(ports=[container_port(8080, protocol="")]), [8080]),
        (pod(ports=[container_port(8080, name="other")]), []),
        (pod(init_containers=(INIT, SIDECAR)), [7070]),
        (pod(init_containers=(INIT,)), []),
    ],
)
def test_a_named_port_is_the_first_of_its_name_and_protocol(one, expected):
    piece = only(slices_for(service(ports=(NAMED,)), [one], NODES))
    assert [port.port for port in piece.ports] == expected
    assert len(piece.endpoints) == 1  # the address is there even without a port, as in a cluster


def test_ports_keep_the_services_order_names_protocols_and_application_protocols():
    udp = ServicePort(name="dns", protocol="UDP", port=53, target_port=5353)
    grpc = ServicePort(name="grpc", protocol="TCP", port=443, target_port="web", app_protocol="kubernetes.io/h2c")
    piece = only(slices_for(service(ports=(udp, grpc)), [pod(ports=[container_port(8443)])], NODES))
    assert piece.ports == (
        EndpointPort(name="dns", port=5353, protocol="UDP"),
        EndpointPort(name="grpc", port=8443, protocol="TCP", app_protocol="kubernetes.io/h2c"),
    )


def test_a_headless_service_without_ports_has_endpoints_without_ports():
    piece = only(slices_for(service(cluster_ip="None", ports=()), [pod()], NODES))
    assert piece.ports == ()
    assert len(piece.endpoints) == 1


ZONE = EndpointHints(for_zones=(NamedHint(name="z1"),))
ZONE_AND_NODE = EndpointHints(for_zones=(NamedHint(name="z1"),), for_nodes=(NamedHint(name="a"),))
NODE_ONLY = EndpointHints(for_nodes=(NamedHint(name="b"),))


@pytest.mark.parametrize(
    ("distribution", "one", "annotations", "expected"),
    [
        (None, pod(), {}, None),
        ("PreferClose", pod(), {}, ZONE),
        ("PreferSameZone", pod(), {}, ZONE),
        ("PreferSameZone", pod(node_name="b"), {}, None),
        ("PreferSameNode", pod(), {}, ZONE_AND_NODE),
        ("PreferSameNode", pod(node_name="b"), {}, NODE_ONLY),
        ("PreferSameNode", pod(node_name=""), {}, None),
        ("PreferSameZone", pod(ready=False), {}, None),
        ("PreferSameMoon", pod(), {}, None),
        ("PreferClose", pod(), {"service.kubernetes.io/topology-mode": "Auto"}, None),
        ("PreferClose", pod(), {"service.kubernetes.io/topology-aware-hints": "auto"}, None),
        ("PreferClose", pod(), {"service.kubernetes.io/topology-mode": "Disabled"}, ZONE),
        (
            "PreferClose",
            pod(),
            {
                "service.kubernetes.io/topology-aware-hints": "Disabled",
                "service.kubernetes.io/topology-mode": "Auto",
            },
            ZONE,  # the older spelling takes precedence
        ),
    ],
)
def test_ready_endpoints_are_hinted_as_traffic_distribution_asks(distribution, one, annotations, expected):
    wanted = service(traffic_distribution=distribution, annotations=annotations)
    assert only(slices_for(wanted, [one], NODES)).endpoints[0].hints == expected


def labelled(name: str, namespace: str = "shop", **labels: str) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace=namespace, labels=labels))


INDEX = PodIndex(
    [
        labelled("c", app="web", tier="front"),
        labelled("a", app="web", tier="back"),
        labelled("b", app="db"),
        labelled("d", namespace="other", app="web", tier="front"),
        labelled("e"),
    ]
)


@pytest.mark.parametrize(
    ("namespace", "selector", "expected"),
    [
        ("shop", {"app": "web"}, ["a", "c"]),
        ("shop", {"app": "web", "tier": "front"}, ["c"]),
        ("shop", {"tier": "front", "app": "db"}, []),
        ("shop", {"app": "none"}, []),
        ("shop", {}, []),
        ("other", {"app": "web"}, ["d"]),
        ("nowhere", {"app": "web"}, []),
    ],
)
def test_the_index_finds_the_pods_of_a_namespace_that_have_all_labels(namespace, selector, expected):
    assert [found.metadata.name for found in INDEX.matching(namespace, selector)] == expected


def test_the_index_gives_equal_questions_the_same_answer():
    first = INDEX.matching("shop", {"app": "web", "tier": "front"})
    assert INDEX.matching("shop", {"tier": "front", "app": "web"}) is first


def test_slices_are_made_from_a_pod_that_was_told_its_status_by_its_single_address():
    written = msgspec.structs.replace(pod(), status=PodStatus(phase="Running", pod_ip="10.244.0.9"))
    (endpoint,) = only(slices_for(service(), [written], NODES)).endpoints
    assert endpoint.addresses == ("10.244.0.9",)
