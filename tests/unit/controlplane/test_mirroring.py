"""Endpoints become slices as the mirroring controller makes them.

The cases are those of `pkg/controller/endpointslicemirroring` (reconciler_test.go, utils_test.go) and of
`pkg/api/v1/endpoints/util_test.go` (TestPackSubsets).
"""

import re

import pytest

from controlplane.mirroring import mirrored_slices, mirroring_warnings, orphan_endpoints_warnings, should_mirror
from controlplane.objects import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    NamespacedName,
    ObjectMeta,
    ObjectReference,
    OwnerReference,
    Service,
    ServiceSpec,
)
from controlplane.subsets import repack

HTTP = EndpointPort(name="http", port=80, protocol="TCP")
HTTPS = EndpointPort(name="https", port=443, protocol="TCP")
READY = EndpointConditions(ready=True)
NOT_READY = EndpointConditions(ready=False)


def addresses(*ips: str) -> tuple[EndpointAddress, ...]:
    return tuple(EndpointAddress(ip=ip) for ip in ips)


def subset(ready=(), not_ready=(), ports=(HTTP,)) -> EndpointSubset:
    return EndpointSubset(addresses=addresses(*ready), not_ready_addresses=addresses(*not_ready), ports=tuple(ports))


def endpoints(*subsets: EndpointSubset, name="db", namespace="shop", labels=None, annotations=None) -> Endpoints:
    metadata = ObjectMeta(name=name, namespace=namespace, labels=labels or {}, annotations=annotations or {})
    return Endpoints(metadata=metadata, subsets=subsets)


def service(name="db", namespace="shop", **spec) -> Service:
    return Service(metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(**spec))


def shape(slices):
    return sorted(
        (
            piece.address_type,
            [port.port for port in piece.ports],
            [(endpoint.addresses[0], endpoint.conditions.ready) for endpoint in piece.endpoints],
        )
        for piece in slices
    )


@pytest.mark.parametrize(
    ("item", "owner", "expected"),
    [
        (endpoints(), service(), True),
        (endpoints(), None, False),
        (endpoints(), service(selector={"app": "db"}), False),
        (endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}), service(), False),
        (endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "false"}), service(), True),
        (endpoints(annotations={"control-plane.alpha.kubernetes.io/leader": "{}"}), service(), False),
    ],
)
def test_endpoints_are_mirrored_for_a_service_without_selector_unless_they_say_no(item, owner, expected):
    assert should_mirror(item, owner) is expected


@pytest.mark.parametrize(
    ("subsets", "expected"),
    [
        ([], []),
        ([subset()], []),
        ([subset(["10.0.0.1"])], [("IPv4", [80], [("10.0.0.1", True)])]),
        ([subset(["10.0.0.2", "10.0.0.1"])], [("IPv4", [80], [("10.0.0.1", True), ("10.0.0.2", True)])]),
        ([subset(["10.0.0.1"], ["10.0.0.2"])], [("IPv4", [80], [("10.0.0.1", True), ("10.0.0.2", False)])]),
        (
            [subset(["10.0.0.1", "fd00::1"])],
            [("IPv4", [80], [("10.0.0.1", True)]), ("IPv6", [80], [("fd00::1", True)])],
        ),
        (
            [subset(["10.0.0.1"]), subset(["10.0.0.2"], ports=[HTTPS])],
            [("IPv4", [80], [("10.0.0.1", True)]), ("IPv4", [443], [("10.0.0.2", True)])],
        ),
        # repacked: the same addresses for two ports are one slice
        (
            [subset(["10.0.0.1"]), subset(["10.0.0.1"], ports=[HTTPS])],
            [("IPv4", [80, 443], [("10.0.0.1", True)])],
        ),
        ([subset(["10.0.0.1"], ["10.0.0.1"])], [("IPv4", [80], [("10.0.0.1", False)])]),
        ([subset(["10.0.0.1"], ports=[])], [("IPv4", [], [("10.0.0.1", True)])]),
        ([subset(["nowhere", "10.0.0.1"])], [("IPv4", [80], [("10.0.0.1", True)])]),
        ([subset(["fd00:0:0::1"])], [("IPv6", [80], [("fd00::1", True)])]),
    ],
)
def test_there_is_a_slice_for_each_family_and_set_of_ports(subsets, expected):
    assert shape(mirrored_slices(endpoints(*subsets), service())) == sorted(expected)


def test_an_endpoint_keeps_what_its_address_said_of_it():
    target = ObjectReference(kind="Pod", namespace="shop", name="db-0", uid="1")
    address = EndpointAddress(ip="10.0.0.1", hostname="db-0", node_name="a", target_ref=target)
    (piece,) = mirrored_slices(endpoints(EndpointSubset(addresses=(address,), ports=(HTTP,))), service())
    assert piece.endpoints == (
        Endpoint(addresses=("10.0.0.1",), conditions=READY, hostname="db-0", target_ref=target, node_name="a"),
    )


def test_a_slice_is_labelled_and_annotated_as_the_endpoints():
    item = endpoints(
        subset(["10.0.0.1"]),
        labels={"team": "shop", "kubernetes.io/service-name": "other"},
        annotations={
            "note": "kept",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "endpoints.kubernetes.io/last-change-trigger-time": "2024-01-01T00:00:00Z",
        },
    )
    (piece,) = mirrored_slices(item, service())
    assert piece.metadata.labels == {
        "team": "shop",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    assert piece.metadata.annotations == {"note": "kept"}
    assert piece.metadata.owner_references == (OwnerReference(kind="Endpoints", name="db", controller=True),)
    assert piece.metadata.namespace == "shop"
    assert re.fullmatch("db-[bcdfghjklmnpqrstvwxz2456789]{5}", piece.metadata.name)


def test_slices_are_sorted_and_named_alike_every_time():
    item = endpoints(subset(["10.0.0.1", "fd00::1"]), subset(["10.0.0.2"], ports=[HTTPS]))
    slices = mirrored_slices(item, service())
    assert slices == mirrored_slices(item, service())
    assert [s.metadata.name for s in slices] == sorted({s.metadata.name for s in slices})


def test_a_thousand_addresses_of_a_subset_count_the_ready_ones_first():
    many = [f"10.0.{i // 250}.{i % 250 + 1}" for i in range(1003)]
    item = endpoints(subset(many[3:], many[:3]))
    (piece,) = mirrored_slices(item, service())
    assert len(piece.endpoints) == 1000
    assert all(endpoint.conditions == READY for endpoint in piece.endpoints)
    assert mirroring_warnings(item) == [
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped"
    ]
    assert mirroring_warnings(endpoints(subset(many[:1000]))) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ()),
        ([subset(["1.2.3.4"]), subset(["1.2.3.4"])], (subset(["1.2.3.4"]),)),
        ([subset(["1.2.3.4"]), subset(["5.6.7.8"])], (subset(["1.2.3.4", "5.6.7.8"]),)),
        ([subset(["1.2.3.4"]), subset([], ["1.2.3.4"])], (subset([], ["1.2.3.4"]),)),
        (
            [subset(["1.2.3.4"], ports=[HTTP, HTTPS]), subset(["5.6.7.8"])],
            (subset(["1.2.3.4", "5.6.7.8"]), subset(["1.2.3.4"], ports=[HTTPS])),
        ),
        ([subset(["1.2.3.4"], ports=[]), subset(["1.2.3.4"])], (subset(["1.2.3.4"]),)),
    ],
)
def test_subsets_are_brought_to_one_form(given, expected):
    assert repack(given) == expected


def test_one_address_of_two_objects_is_two_addresses():
    refs = [ObjectReference(kind="Pod", uid=uid) for uid in ("1", "2")]
    both = tuple(EndpointAddress(ip="1.2.3.4", target_ref=ref) for ref in refs)
    assert repack([EndpointSubset(addresses=both, ports=(HTTP,))])[0].addresses == both


def a_slice(*ips: str) -> EndpointSlice:
    return EndpointSlice(endpoints=tuple(Endpoint(addresses=(ip,)) for ip in ips))


DB = NamespacedName("shop", "db")


@pytest.mark.parametrize(
    ("item", "services", "slices", "warned"),
    [
        (endpoints(name="db-endpoints"), [service()], {}, True),
        (endpoints(name="db-endpoints"), [service(cluster_ip="None")], {}, True),
        (endpoints(name="db-endpoints"), [service()], {DB: (a_slice(),)}, True),
        (endpoints(name="db-endpoints"), [service()], {DB: (a_slice("10.0.0.1"),)}, False),
        (endpoints(name="db-endpoints"), [service(selector={"app": "db"})], {}, False),
        (endpoints(name="db-endpoints"), [service(type="ExternalName")], {}, False),
        (endpoints(name="db-endpoints"), [service(namespace="other")], {}, False),
        (endpoints(name="db-endpoints"), [service(), service("cache")], {}, False),
        (endpoints(name="db"), [service()], {}, False),
        (endpoints(name="x", labels={"endpointslice.kubernetes.io/skip-mirror": "true"}), [service()], {}, False),
        (endpoints(name="x", namespace="default"), [service("kubernetes", "default")], {}, False),
        (
            endpoints(name="x", namespace="default"),
            [service("kubernetes", "default"), service(namespace="default")],
            {},
            True,
        ),
    ],
)
def test_endpoints_under_a_wrong_name_are_told_with_the_service_they_are_likely_for(item, services, slices, warned):
    found = orphan_endpoints_warnings([item], {s.key: s for s in services}, slices)
    assert [key for key, _, _ in found] == ([item.key] if warned else [])


def test_of_several_services_that_wait_the_one_with_the_nearest_name_is_told():
    services = {s.key: s for s in (service(), service("sessions"))}
    ((_, message, _),) = orphan_endpoints_warnings([endpoints(name="session")], services, {})
    assert 'while Service "sessions" has neither' in message


def test_the_warning_names_both_and_says_what_to_do():
    ((_, message, hint),) = orphan_endpoints_warnings([endpoints(name="db-endpoints")], {DB: service()}, {})
    assert message == (
        'Endpoints "db-endpoints" belongs to no Service: none in namespace "shop" has that name, '
        'while Service "db" has neither a selector nor endpoints'
    )
    assert hint == 'Endpoints serve the Service of the same name: if these are meant for it, name them "db"'
