"""Pods that something outside runs: which of the wanted Pods they are, and what Services see of them."""

import json

import msgspec
import pytest

from controlplane.build import Builder
from controlplane.clusterstate import ClusterState, FoundPod
from controlplane.documents import Document, Reading
from controlplane.objects import ContainerPort, NamespacedName
from controlplane.options import ClusterOptions
from controlplane.podstatus import is_ready, is_terminating

NOW = 1_700_000_000
OPTIONS = ClusterOptions(hostname="here", node_addresses=("192.0.2.1",))
WEB = NamespacedName("default", "web")


def document(kind, name, version="v1", **fields):
    raw = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **fields.pop("metadata", {})}, **fields}
    return Document(source="a.yaml", raw=raw, digest=json.dumps(raw), index=len(kind + name))


def service(**spec):
    return document("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}], **spec})


def workload(kind, name, replicas, app="web", **spec):
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    selector = {"matchLabels": {"app": app}}
    return document(
        kind, name, "apps/v1", spec={"replicas": replicas, "selector": selector, "template": template, **spec}
    )


def pod(name, status=None, **spec):
    return document(
        "Pod",
        name,
        metadata={"labels": {"app": "web"}},
        spec={"containers": [{"name": "a", "image": "a"}], **spec},
        status=status or {},
    )


def node(name):
    return document("Node", name, status={"addresses": [{"type": "InternalIP", "address": "10.240.0.4"}]})


def found(name="web-1", ip="172.18.0.5", app="web", **fields):
    return FoundPod(namespace="default", name=name, labels={"app": app}, ips=(ip,), **{"ready": True, **fields})


def build(documents, *pods):
    return Builder(OPTIONS, ClusterState(found=pods)).build(Reading(tuple(documents)), NOW)


def endpoints(snapshot):
    """The Service's endpoints: pod, address and whether it is ready."""
    return sorted(
        (endpoint.target_ref.name, *endpoint.addresses, endpoint.conditions.ready)
        for piece in snapshot.slices_of(WEB)
        for endpoint in piece.endpoints
    )


def test_what_nobody_wrote_is_a_pod_of_its_own():
    snapshot = build([service()], found("shop-web-1"), found("shop-db-1", "172.18.0.6", app="db")).snapshot
    assert endpoints(snapshot) == [("shop-web-1", "172.18.0.5", True)]
    assert {key.name for key in snapshot.pods} == {"shop-web-1", "shop-db-1"}


def test_it_runs_on_the_only_node_there_is():
    made = build([], found()).snapshot.pods[NamespacedName("default", "web-1")]
    assert (made.spec.node_name, made.status.host_ip) == ("here", "192.0.2.1")


@pytest.mark.parametrize(("said", "expected"), [("", ""), ("n2", "n2")])
def test_among_several_nodes_it_runs_where_its_label_says(said, expected):
    snapshot = build([service(), node("n1"), node("n2")], found(node=said)).snapshot
    assert snapshot.pods[NamespacedName("default", "web-1")].spec.node_name == expected
    assert endpoints(snapshot) == [("web-1", "172.18.0.5", True)]


@pytest.mark.parametrize(
    ("fields", "ready", "terminating"),
    [({}, True, False), ({"ready": False}, False, False), ({"terminating": True}, True, True)],
)
def test_its_status_is_what_runs(fields, ready, terminating):
    made = build([], found(**fields)).snapshot.pods[NamespacedName("default", "web-1")]
    assert (made.status.phase, is_ready(made), is_terminating(made)) == ("Running", ready, terminating)


def test_a_written_pod_of_its_name_has_its_status():
    snapshot = build([service(), pod("web-1", hostname="one")], found()).snapshot
    made = snapshot.pods[NamespacedName("default", "web-1")]
    assert (made.spec.hostname, made.status.pod_ip) == ("one", "172.18.0.5")
    assert len(snapshot.pods) == 1


def test_a_written_address_wins():
    snapshot = build([service(), pod("web-1", {"podIP": "10.0.0.9"})], found()).snapshot
    assert endpoints(snapshot) == [("web-1", "10.0.0.9", True)]


def test_a_stateful_sets_pod_is_bound_by_its_name():
    snapshot = build([workload("StatefulSet", "web", 2, serviceName="web")], found("web-1")).snapshot
    addresses = {key.name: made.status.pod_ip for key, made in snapshot.pods.items()}
    assert addresses == {"web-0": "", "web-1": "172.18.0.5"}
    assert snapshot.pods[NamespacedName("default", "web-1")].spec.subdomain == "web"


def test_a_deployments_pods_are_bound_by_their_labels():
    """Two containers for three replicas: the third Pod stays Pending, and is no endpoint."""
    containers = found("shop-web-1"), found("shop-web-2", "172.18.0.6")
    snapshot = build([service(), workload("Deployment", "web", 3)], *containers).snapshot
    assert sorted(address for _, address, _ in endpoints(snapshot)) == ["172.18.0.5", "172.18.0.6"]
    assert sorted(made.status.phase for made in snapshot.pods.values()) == ["Pending", "Running", "Running"]
    assert all(key.name.startswith("web-") for key in snapshot.pods)


def test_more_containers_than_replicas_are_pods_of_their_own():
    containers = found("shop-web-1"), found("shop-web-2", "172.18.0.6")
    snapshot = build([workload("Deployment", "web", 1)], *containers).snapshot
    assert sorted(made.status.pod_ip for made in snapshot.pods.values()) == ["172.18.0.5", "172.18.0.6"]
    assert NamespacedName("default", "shop-web-2") in snapshot.pods


def test_a_name_counts_before_labels():
    """The Deployment does not take what the StatefulSet's Pod is called."""
    workloads = workload("Deployment", "front", 1), workload("StatefulSet", "web", 1)
    snapshot = build(workloads, found("web-0"), found("x", "172.18.0.6")).snapshot
    assert snapshot.pods[NamespacedName("default", "web-0")].status.pod_ip == "172.18.0.5"


def test_a_named_target_port_is_found():
    ports = (ContainerPort(name="http", container_port=8080, protocol="TCP"),)
    snapshot = build([service(ports=[{"port": 80, "targetPort": "http"}])], found(ports=ports)).snapshot
    assert [port.port for piece in snapshot.slices_of(WEB) for port in piece.ports] == [8080]


def test_what_did_not_change_stays_the_same_object():
    builder = Builder(OPTIONS, ClusterState(found=(found("a"), found("b", "172.18.0.6"))))
    reading = Reading((service(),))
    first = builder.build(reading, NOW)
    builder.adopt(msgspec.structs.replace(first.state, found=(found("a"), found("b", "172.18.0.6", ready=False))))
    second = builder.build(reading, NOW)
    kept, changed = NamespacedName("default", "a"), NamespacedName("default", "b")
    assert second.snapshot.pods[kept] is first.snapshot.pods[kept]
    assert second.snapshot.pods[changed] != first.snapshot.pods[changed]


def test_what_is_gone_is_gone():
    builder = Builder(OPTIONS, ClusterState(found=(found(),)))
    first = builder.build(Reading((service(),)), NOW)
    builder.adopt(msgspec.structs.replace(first.state, found=()))
    assert endpoints(builder.build(Reading((service(),)), NOW).snapshot) == []


def test_it_is_part_of_the_state_that_others_read():
    state = build([], found()).state
    assert msgspec.json.decode(msgspec.json.encode(state), type=ClusterState) == state
