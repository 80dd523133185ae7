"""Workloads make the Pods that their controllers make, under names that never change by chance."""

import re

import pytest

from controlplane.generatednames import generated_name
from controlplane.objects import (
    Condition,
    Container,
    LabelSelector,
    LabelSelectorRequirement,
    Node,
    NodeSpec,
    NodeStatus,
    ObjectMeta,
    OwnerReference,
    Pod,
    PodSpec,
    PodStatus,
    PodTemplate,
    StatefulSetOrdinals,
    Taint,
    Toleration,
    Workload,
    WorkloadSpec,
)
from controlplane.ownership import WrittenPods
from controlplane.workloads import Departed, pods_of

SAFE = "[bcdfghjklmnpqrstvwxz2456789]"


def template(image: str = "nginx", **spec) -> PodTemplate:
    return PodTemplate(
        metadata=ObjectMeta(labels={"app": "web"}, annotations={"team": "shop"}),
        spec=PodSpec(containers=(Container(name="web", image=image),), **spec),
    )


def workload(kind: str, name: str = "web", namespace: str = "shop", pod_template=None, metadata=None, **spec):
    return Workload(
        api_version="apps/v1",
        kind=kind,
        metadata=metadata or ObjectMeta(name=name, namespace=namespace),
        spec=WorkloadSpec(template=pod_template or template(), **spec),
    )


def node(name: str, labels=None, taints=(), unschedulable=False, ready="") -> Node:
    conditions = (Condition(type="Ready", status=ready),) if ready else ()
    return Node(
        metadata=ObjectMeta(name=name, labels=labels or {}),
        spec=NodeSpec(taints=tuple(taints), unschedulable=unschedulable),
        status=NodeStatus(conditions=conditions),
    )


def names(pods) -> list[str]:
    return [pod.metadata.name for pod in pods]


def test_pods_of_a_deployment_belong_to_its_replica_set_and_bear_the_template_hash():
    pods = pods_of(workload("Deployment", replicas=3), ())
    assert len(set(names(pods))) == 3
    revision = pods[0].metadata.labels["pod-template-hash"]
    assert re.fullmatch(f"{SAFE}{{8,10}}", revision)
    for pod in pods:
        assert re.fullmatch(f"web-{revision}-{SAFE}{{5}}", pod.metadata.name)
        assert pod.metadata.generate_name == f"web-{revision}-"
        assert pod.metadata.namespace == "shop"
        assert pod.metadata.labels == {"app": "web", "pod-template-hash": revision}
        assert pod.metadata.annotations == {"team": "shop"}
        assert pod.metadata.owner_references == (
            OwnerReference(kind="ReplicaSet", name=f"web-{revision}", controller=True),
        )
        assert pod.spec.containers[0].image == "nginx"
        assert (pod.api_version, pod.kind) == ("v1", "Pod")


def test_pods_of_a_replica_set_are_named_after_it():
    (pod,) = pods_of(workload("ReplicaSet"), ())
    assert re.fullmatch(f"web-{SAFE}{{5}}", pod.metadata.name)
    assert pod.metadata.labels == {"app": "web"}
    assert pod.metadata.owner_references == (OwnerReference(kind="ReplicaSet", name="web", controller=True),)


def test_pods_of_a_stateful_set_have_an_ordinal_a_hostname_and_the_subdomain_of_its_service():
    pods = pods_of(workload("StatefulSet", name="db", replicas=2, service_name="db-peers"), ())
    assert names(pods) == ["db-0", "db-1"]
    second = pods[1]
    assert (second.spec.hostname, second.spec.subdomain) == ("db-1", "db-peers")
    assert second.metadata.labels["statefulset.kubernetes.io/pod-name"] == "db-1"
    assert second.metadata.labels["apps.kubernetes.io/pod-index"] == "1"
    assert re.fullmatch(f"db-{SAFE}{{8,10}}", second.metadata.labels["controller-revision-hash"])
    assert second.metadata.owner_references == (OwnerReference(kind="StatefulSet", name="db", controller=True),)


def test_ordinals_start_where_the_stateful_set_says():
    pods = pods_of(workload("StatefulSet", name="db", replicas=2, ordinals=StatefulSetOrdinals(start=5)), ())
    assert names(pods) == ["db-5", "db-6"]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet"])
@pytest.mark.parametrize(("replicas", "count"), [(None, 1), (0, 0), (4, 4)])
def test_there_is_one_pod_unless_replicas_says_otherwise(kind, replicas, count):
    assert len(pods_of(workload(kind, replicas=replicas), ())) == count


def test_names_are_the_same_in_every_process():
    assert generated_name("web-", "shop", "0") == "web-s7dqj"
    assert pods_of(workload("Deployment"), ()) == pods_of(workload("Deployment"), ())


def test_scaling_up_keeps_the_names_of_the_pods_that_are_there():
    two = names(pods_of(workload("Deployment", replicas=2), ()))
    assert names(pods_of(workload("Deployment", replicas=5), ()))[:2] == two


def test_names_change_with_the_template_and_differ_between_namespaces():
    before, after = (pods_of(workload("Deployment", pod_template=template(image)), ()) for image in ("a", "b"))
    assert before[0].metadata.labels["pod-template-hash"] != after[0].metadata.labels["pod-template-hash"]
    elsewhere = pods_of(workload("ReplicaSet", namespace="other"), ())
    assert names(elsewhere) != names(pods_of(workload("ReplicaSet"), ()))


def test_all_names_of_a_large_workload_differ():
    # Five characters of 27 collide once in a few thousand names, and then the next best name is taken.
    assert len(set(names(pods_of(workload("ReplicaSet", replicas=20_000), ())))) == 20_000


def test_long_names_are_cut_to_what_a_name_may_hold():
    (pod,) = pods_of(workload("ReplicaSet", name="w" * 70), ())
    assert len(pod.metadata.name) == 63


def test_a_daemon_set_has_one_pod_on_every_node_that_is_selected():
    nodes = [node("b", {"disk": "ssd"}), node("a", {"disk": "ssd"}), node("c")]
    pods = pods_of(workload("DaemonSet", name="agent", pod_template=template(node_selector={"disk": "ssd"})), nodes)
    assert [pod.spec.node_name for pod in pods] == ["a", "b"]
    for pod in pods:
        assert re.fullmatch(f"agent-{SAFE}{{5}}", pod.metadata.name)
        assert re.fullmatch(f"{SAFE}{{8,10}}", pod.metadata.labels["controller-revision-hash"])
        assert pod.metadata.labels["pod-template-generation"] == "1"
        assert pod.metadata.owner_references == (OwnerReference(kind="DaemonSet", name="agent", controller=True),)


def test_a_daemon_set_that_names_a_node_runs_only_there():
    pods = pods_of(workload("DaemonSet", pod_template=template(node_name="b")), [node("a"), node("b")])
    assert [pod.spec.node_name for pod in pods] == ["b"]


def test_a_new_node_does_not_rename_the_daemon_pods_of_the_others():
    before = pods_of(workload("DaemonSet"), [node("b")])
    after = pods_of(workload("DaemonSet"), [node("a"), node("b")])
    assert before[0] in after


CONTROL_PLANE = Taint(key="node-role.kubernetes.io/control-plane", effect="NoSchedule")
TOLERATES_ALL = Toleration(operator="Exists")
NO_NETWORK = Taint(key="node.kubernetes.io/network-unavailable", effect="NoSchedule")


@pytest.mark.parametrize(
    ("host", "tolerations", "host_network", "runs"),
    [
        (node("n", unschedulable=True), (), False, True),
        (node("n", ready="False"), (), False, True),
        (node("n", ready="Unknown"), (), False, True),
        (node("n", taints=[Taint(key="node.kubernetes.io/disk-pressure", effect="NoSchedule")]), (), False, True),
        (node("n", taints=[CONTROL_PLANE]), (), False, False),
        (node("n", taints=[CONTROL_PLANE]), (TOLERATES_ALL,), False, True),
        (node("n", taints=[Taint(key="slow", effect="PreferNoSchedule")]), (), False, True),
        (
            node("n", taints=[NO_NETWORK]),
            (),
            False,
            False,
        ),
        (node("n", taints=[NO_NETWORK]), (), True, True),
    ],
)
def test_daemon_pods_tolerate_what_is_wrong_with_a_node_but_no_taints_of_others(host, tolerations, host_network, runs):
    spec = template(tolerations=tolerations, host_network=host_network)
    assert bool(pods_of(workload("DaemonSet", pod_template=spec), [host])) is runs


def test_a_toleration_that_the_template_has_is_not_added_twice():
    own = Toleration(key="node.kubernetes.io/unschedulable", operator="Exists", effect="NoSchedule")
    (pod,) = pods_of(workload("DaemonSet", pod_template=template(tolerations=(own,))), [node("n")])
    assert pod.spec.tolerations.count(own) == 1


def test_the_generation_of_a_dumped_daemon_set_is_kept():
    metadata = ObjectMeta(name="agent", annotations={"deprecated.daemonset.template.generation": "7"})
    (pod,) = pods_of(workload("DaemonSet", metadata=metadata), [node("n")])
    assert pod.metadata.labels["pod-template-generation"] == "7"


def test_any_other_kind_is_a_mistake_of_the_caller():
    with pytest.raises(AssertionError, match="Job is not a workload"):
        pods_of(workload("Job"), ())


def written(name: str, owner: tuple[str, str] | None = None, labels=None, phase="", **spec) -> Pod:
    owners = (OwnerReference(kind=owner[0], name=owner[1], controller=True),) if owner else ()
    metadata = ObjectMeta(name=name, namespace="shop", labels=labels or {"app": "web"}, owner_references=owners)
    return Pod(metadata=metadata, spec=PodSpec(**spec), status=PodStatus(phase=phase))


SELECTOR = LabelSelector(match_labels={"app": "web"})


@pytest.mark.parametrize(
    ("kind", "pods", "left"),
    [
        ("ReplicaSet", [], 3),
        ("ReplicaSet", [written("web-1", ("ReplicaSet", "web"))], 2),
        ("ReplicaSet", [written("web-1", ("ReplicaSet", "web"), phase="Failed")], 3),
        ("ReplicaSet", [written("web-1", ("ReplicaSet", "other"))], 3),
        ("ReplicaSet", [written("orphan")], 2),
        ("ReplicaSet", [written("orphan", labels={"app": "db"})], 3),
        ("ReplicaSet", [written(f"orphan-{i}") for i in range(5)], 0),
        ("Deployment", [written("orphan")], 3),
        ("Deployment", [written("w", ("ReplicaSet", "web-55d9"), {"pod-template-hash": "55d9"})], 2),
        ("Deployment", [written("w", ("ReplicaSet", "web-55d9"), {"app": "web"})], 3),
        ("StatefulSet", [written("web-1", ("StatefulSet", "web"))], 2),
        ("StatefulSet", [written("web-7", ("StatefulSet", "web"))], 3),
    ],
)
def test_only_the_pods_that_no_manifest_brings_are_made(kind, pods, left):
    wanted = workload(kind, replicas=3, selector=SELECTOR)
    assert len(WrittenPods(pods, [wanted]).missing(wanted, pods_of(wanted, ()))) == left


def test_a_daemon_set_makes_no_pod_where_a_written_one_is():
    wanted = workload("DaemonSet", selector=SELECTOR)
    made = pods_of(wanted, [node("a"), node("b")])
    found = WrittenPods([written("x", ("DaemonSet", "web"), node_name="a")], [wanted]).missing(wanted, made)
    assert [pod.spec.node_name for pod in found] == ["b"]


def test_an_orphan_is_adopted_only_if_the_expressions_hold_too():
    exists = LabelSelectorRequirement(key="tier", operator="Exists")
    wanted = workload("ReplicaSet", selector=LabelSelector(match_labels={"app": "web"}, match_expressions=(exists,)))
    made = pods_of(wanted, ())
    assert WrittenPods([written("orphan")], [wanted]).missing(wanted, made) == made


def test_a_workload_without_selector_adopts_nobody():
    wanted = workload("ReplicaSet")
    made = pods_of(wanted, ())
    assert WrittenPods([written("orphan")], [wanted]).missing(wanted, made) == made


def test_a_replica_set_is_controlled_by_the_deployment_that_is_written_beside_it():
    owner = OwnerReference(kind="Deployment", name="web", controller=True)
    metadata = ObjectMeta(name="web-55d9", namespace="shop", owner_references=(owner,))
    replica_set = workload("ReplicaSet", metadata=metadata)
    deployment = workload("Deployment")
    assert WrittenPods([], [deployment, replica_set]).is_controlled(replica_set)
    assert not WrittenPods([], [deployment, replica_set]).is_controlled(deployment)
    assert not WrittenPods([], [replica_set]).is_controlled(replica_set)


def keys(pods) -> set[str]:
    return {str(pod.key) for pod in pods}


def test_a_replica_sets_pod_is_replaced_under_another_name_and_the_others_keep_theirs():
    one = workload("Deployment", replicas=3)
    before = pods_of(one, ())
    after = pods_of(one, (), Departed(deleted={str(before[1].key)}))
    assert len(after) == 3
    assert keys(before) - keys(after) == {str(before[1].key)}
    again = pods_of(one, (), Departed(deleted=keys(before) | keys(after)))
    assert len(again) == 3
    assert not keys(again) & (keys(before) | keys(after))


def test_a_replica_set_replaces_a_pod_as_soon_as_it_is_being_stopped():
    one = workload("ReplicaSet", replicas=2)
    before = pods_of(one, ())
    during = pods_of(one, (), Departed(stopping={str(before[0].key)}))
    assert keys(during) > keys(before)
    assert len(during) == 3
    assert pods_of(one, (), Departed(deleted={str(before[0].key)})) == tuple(
        pod for pod in during if pod.key != before[0].key
    )


def test_a_daemon_set_replaces_a_pod_on_its_node_when_it_is_gone():
    one, nodes = workload("DaemonSet"), (node("a"), node("b"))
    before = pods_of(one, nodes)
    assert pods_of(one, nodes, Departed(stopping=keys(before))) == before
    after = pods_of(one, nodes, Departed(deleted={str(before[0].key)}))
    assert [pod.spec.node_name for pod in after] == ["a", "b"]
    assert after[0].key != before[0].key
    assert after[1] == before[1]


def test_a_stateful_sets_pod_comes_back_under_its_name():
    one = workload("StatefulSet", name="db", replicas=2)
    assert pods_of(one, (), Departed(stopping={"shop/db-0"})) == pods_of(one, ())
