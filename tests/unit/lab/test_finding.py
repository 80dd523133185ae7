"""Whom users mean when they name a host: as in kubectl, and what they are told when there is nobody."""

import pytest

from controlplane.builtin import KUBERNETES_SERVICE
from controlplane.objects import (
    Endpoint,
    EndpointSlice,
    NamespacedName,
    ObjectMeta,
    ObjectReference,
    OwnerReference,
    Pod,
)
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from lab.finding import NotFoundError, find, find_node, find_pod
from lab.topology import FABRIC, Host, Role, Topology

WEB, DB, OTHER = (
    NamespacedName("default", "web-6dfb95d4d4-abcde"),
    NamespacedName("default", "db-0"),
    NamespacedName("shop", "cart-0"),
)


def pod(key: NamespacedName, owner: str, name: str, **labels: str) -> Pod:
    owners = (OwnerReference(kind=owner, name=name, controller=True),)
    return Pod(metadata=ObjectMeta(namespace=key.namespace, name=key.name, labels=labels, owner_references=owners))


def host(name: str, role: Role, address: str, key: NamespacedName | None = None) -> Host:
    return Host(name=name, role=role, addresses=(address,), router=FABRIC, gateways=(), hostname=name, pod=key)


TOPOLOGY = Topology(
    (
        host("node-1", Role.NODE, "10.240.0.1"),
        *(
            host(f"{key.namespace}.{key.name}", Role.POD, f"10.244.0.{n}", key)
            for n, key in enumerate((WEB, DB, OTHER))
        ),
        host("outside", Role.OUTSIDE, "198.51.100.10"),
    )
)
TARGET = Endpoint(addresses=("10.244.0.1",), target_ref=ObjectReference(kind="Pod", namespace="default", name="db-0"))
SNAPSHOT = Snapshot(
    generation=1,
    options=ClusterOptions(),
    namespaces={},
    nodes={},
    pods={
        WEB: pod(WEB, "ReplicaSet", "web-6dfb95d4d4", **{"pod-template-hash": "6dfb95d4d4"}),
        DB: pod(DB, "StatefulSet", "db"),
        OTHER: pod(OTHER, "StatefulSet", "cart"),
    },
    services={},
    slices={NamespacedName("default", "db"): (EndpointSlice(endpoints=(TARGET,)),), KUBERNETES_SERVICE: ()},
)


@pytest.mark.parametrize(
    ("text", "namespace", "expected"),
    [
        ("node-1", "default", "node-1"),
        ("node/node-1", "default", "node-1"),
        ("10.240.0.1", "default", "node-1"),
        ("outside", "shop", "outside"),
        ("db-0", "default", "default.db-0"),
        ("pod/db-0", "default", "default.db-0"),
        ("default.db-0", "shop", "default.db-0"),
        ("cart-0", "shop", "shop.cart-0"),
        ("shop/cart-0", "default", "shop.cart-0"),
        ("deploy/web", "default", "default.web-6dfb95d4d4-abcde"),
        ("rs/web-6dfb95d4d4", "default", "default.web-6dfb95d4d4-abcde"),
        ("StatefulSet/cart", "shop", "shop.cart-0"),
        ("svc/db", "default", "default.db-0"),
    ],
)
def test_a_host_is_found(text: str, namespace: str, expected: str):
    assert find(text, namespace, TOPOLOGY, SNAPSHOT).name == expected


@pytest.mark.parametrize(
    ("text", "namespace", "told"),
    [
        ("web", "default", 'pods "web" not found; did you mean web-6dfb95d4d4-abcde?'),
        ("cart-0", "default", 'pods "cart-0" not found; there is shop/cart-0 (-n NAMESPACE)'),
        ("db-O", "default", 'pods "db-O" not found; did you mean db-0?'),
        ("xyz", "shop", 'pods "xyz" not found; there are cart-0, node-1, outside'),
        ("node/node-7", "default", 'nodes "node/node-7" not found; did you mean node-1?'),
        ("deploy/db", "default", 'no pod of deploy "db" found in namespace "default"'),
        ("svc/kubernetes", "default", 'no pod of svc "kubernetes" found in namespace "default"'),
    ],
)
def test_who_is_not_there_is_told_with_who_may_be_meant(text: str, namespace: str, told: str):
    with pytest.raises(NotFoundError) as missed:
        find(text, namespace, TOPOLOGY, SNAPSHOT)
    assert str(missed.value) == told


def test_a_node_is_no_pod_and_a_pod_no_node():
    with pytest.raises(NotFoundError, match='pods "node-1" not found: node-1 is a node'):
        find_pod("node-1", "default", TOPOLOGY, SNAPSHOT)
    with pytest.raises(NotFoundError, match='nodes "db-0" not found; there are node-1'):
        find_node("db-0", TOPOLOGY)
    assert find_node("node/node-1", TOPOLOGY).name == "node-1"


def test_of_many_hosts_some_are_named_and_the_others_counted():
    many = Topology(tuple(host(f"node-{number}", Role.NODE, f"10.240.0.{number}") for number in range(10, 30)))
    with pytest.raises(NotFoundError, match=r'nodes "x" not found; there are node-10, .*, node-21 and 8 more$'):
        find_node("x", many)
