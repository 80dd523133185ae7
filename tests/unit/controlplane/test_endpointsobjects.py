"""The Endpoints that stand beside the EndpointSlices of Services with a selector."""

from typing import Any

import pytest

from controlplane.endpointsobjects import all_endpoints, endpoints_of
from controlplane.objects import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    ObjectMeta,
    ObjectReference,
    Service,
    ServicePort,
    ServiceSpec,
)

HTTP = EndpointPort(name="http", port=8080, protocol="TCP")
READY = EndpointConditions(ready=True, serving=True, terminating=False)
NOT_READY = EndpointConditions(ready=False, serving=False, terminating=False)
GOING = EndpointConditions(ready=False, serving=True, terminating=True)


def service(**spec: Any) -> Service:
    fields = {"type": "ClusterIP", "selector": {"app": "web"}, "ip_families": ("IPv4",), "cluster_ip": "10.96.0.7"}
    ports = (ServicePort(name="http", port=80, protocol="TCP"),)
    return Service(
        metadata=ObjectMeta(name="web", namespace="default"), spec=ServiceSpec(**{**fields, "ports": ports, **spec})
    )


def endpoint(address: str, conditions: EndpointConditions = READY, **fields: Any) -> Endpoint:
    return Endpoint(addresses=(address,), conditions=conditions, **fields)


def piece(*endpoints: Endpoint, ports: tuple[EndpointPort, ...] = (HTTP,), family: str = "IPv4") -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(namespace="default"), address_type=family, endpoints=endpoints, ports=ports
    )


def subsets(*slices: EndpointSlice, **spec: Any) -> list[tuple[list[str], list[str], list[int | None]]]:
    made = endpoints_of(service(**spec), slices)
    return [
        ([a.ip for a in each.addresses], [a.ip for a in each.not_ready_addresses], [p.port for p in each.ports])
        for each in made.subsets
    ]


def test_addresses_are_ready_or_not_and_share_their_ports():
    assert subsets(piece(endpoint("10.0.0.2"), endpoint("10.0.0.1"), endpoint("10.0.0.3", NOT_READY))) == [
        (["10.0.0.1", "10.0.0.2"], ["10.0.0.3"], [8080])
    ]


def test_slices_of_one_port_become_one_subset():
    assert subsets(piece(endpoint("10.0.0.1")), piece(endpoint("10.0.0.2"))) == [(["10.0.0.1", "10.0.0.2"], [], [8080])]


def test_pods_with_other_numbers_for_a_port_have_a_subset_of_their_own():
    other = EndpointPort(name="http", port=9090, protocol="TCP")
    assert subsets(piece(endpoint("10.0.0.1")), piece(endpoint("10.0.0.2"), ports=(other,))) == [
        (["10.0.0.1"], [], [8080]),
        (["10.0.0.2"], [], [9090]),
    ]


def test_who_is_about_to_go_is_left_out_unless_the_service_publishes_who_is_not_ready():
    assert subsets(piece(endpoint("10.0.0.1"), endpoint("10.0.0.2", GOING))) == [(["10.0.0.1"], [], [8080])]
    going = endpoint("10.0.0.2", EndpointConditions(ready=True, serving=True, terminating=True))
    published = subsets(piece(endpoint("10.0.0.1"), going), publish_not_ready_addresses=True)
    assert published == [(["10.0.0.1", "10.0.0.2"], [], [8080])]


def test_they_have_the_services_first_family_alone():
    slices = (piece(endpoint("fd00::1"), family="IPv6"), piece(endpoint("10.0.0.1")))
    assert subsets(*slices, ip_families=("IPv6", "IPv4")) == [(["fd00::1"], [], [8080])]


def test_a_service_without_ports_has_addresses_without_ports_and_one_whose_ports_nobody_has_none():
    without = piece(endpoint("10.0.0.1"), ports=())
    assert subsets(without, cluster_ip="None", ports=()) == [(["10.0.0.1"], [], [])]
    assert subsets(without) == []
    assert subsets(piece()) == []


def test_an_address_keeps_what_the_slice_says_of_it():
    reference = ObjectReference(kind="Pod", namespace="default", name="web-0")
    made = endpoints_of(
        service(), [piece(endpoint("10.0.0.1", hostname="web-0", node_name="node-1", target_ref=reference))]
    )
    assert made.subsets[0].addresses == (
        EndpointAddress(ip="10.0.0.1", hostname="web-0", node_name="node-1", target_ref=reference),
    )


@pytest.mark.parametrize(
    ("cluster_ip", "labels"), [("10.96.0.7", {}), ("None", {"service.kubernetes.io/headless": ""})]
)
def test_labels_say_whose_they_are_and_whether_the_service_is_headless(cluster_ip: str, labels: dict[str, str]):
    made = endpoints_of(service(cluster_ip=cluster_ip), [])
    assert made.metadata.labels == {"endpoints.kubernetes.io/managed-by": "endpoint-controller", **labels}


def test_endpoints_that_are_written_stay_and_services_without_a_selector_get_none():
    web, alias = service(), service(type="ExternalName")
    bare = Service(metadata=ObjectMeta(name="bare", namespace="default"), spec=ServiceSpec(type="ClusterIP"))
    mine = Endpoints(
        metadata=ObjectMeta(name="mine", namespace="default"),
        subsets=(EndpointSubset(addresses=(EndpointAddress(ip="10.0.0.9"),)),),
    )
    assert list(all_endpoints({mine.key: mine}, {web.key: web, bare.key: bare}, {})) == [mine.key, web.key]
    assert all_endpoints({}, {alias.key: alias}, {}) == {}
    written = Endpoints(metadata=web.metadata)
    assert all_endpoints({web.key: written}, {web.key: web}, {web.key: (piece(endpoint("10.0.0.1")),)}) == {
        web.key: written
    }


def test_of_more_than_a_thousand_addresses_each_subset_has_its_share_and_ready_ones_go_first():
    other = EndpointPort(name="http", port=9090, protocol="TCP")
    many = [endpoint(f"10.1.{n // 250}.{n % 250}") for n in range(900)]
    more = [endpoint(f"10.2.{n // 250}.{n % 250}") for n in range(300)]
    waiting = [endpoint(f"10.3.{n // 250}.{n % 250}", NOT_READY) for n in range(300)]
    made = endpoints_of(service(), [piece(*many, *waiting), piece(*more, ports=(other,))])
    assert [(len(each.addresses), len(each.not_ready_addresses)) for each in made.subsets] == [(750, 0), (250, 0)]
    assert made.metadata.annotations == {"endpoints.kubernetes.io/over-capacity": "truncated"}
    made = endpoints_of(service(), [piece(*many, *waiting)])
    assert [(len(each.addresses), len(each.not_ready_addresses)) for each in made.subsets] == [(900, 100)]
