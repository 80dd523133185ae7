"""What is known of pods and nodes, as the control plane keeps it for its agents."""

from controlplane.clusterstate import ClusterState, StoredPod
from controlplane.objects import NamespacedName, ObjectMeta, OwnerReference, Pod, PodIP, PodSpec, PodStatus
from lab.facts import Facts, elsewhere, moved, observed, restored, users_of, without_pod

A, B = NamespacedName("default", "a"), NamespacedName("shop", "b")
STATE = ClusterState(
    pods={
        "default/a": StoredPod(node="node-1", ips=("10.244.0.2",), running=True),
        "shop/b": StoredPod(node="node-2", ips=("10.244.1.2",), running=True),
    }
)


def readiness(state: ClusterState) -> dict[str, tuple[bool, bool]]:
    return {key: (record.ready, record.terminating) for key, record in state.pods.items()}


def pod(key: NamespacedName, owner: str = "", **spec: object) -> Pod:
    owners = (OwnerReference(kind=owner, name="owner", controller=True),) if owner else ()
    return Pod(
        metadata=ObjectMeta(namespace=key.namespace, name=key.name, owner_references=owners), spec=PodSpec(**spec)
    )


def test_a_pod_is_ready_when_it_runs_is_not_held_back_and_its_node_is_reached():
    both = frozenset({A, B})
    assert readiness(observed(STATE, Facts(running=both))) == {"default/a": (True, False), "shop/b": (True, False)}
    assert not readiness(observed(STATE, Facts(running=frozenset({B}))))["default/a"][0]
    assert not readiness(observed(STATE, Facts(running=both, held_back=frozenset({A}))))["default/a"][0]
    silent = observed(STATE, Facts(running=both, unreachable=frozenset({"node-2"})))
    assert readiness(silent) == {"default/a": (True, False), "shop/b": (False, False)}
    assert silent.unreachable == ("node-2",)


def test_a_terminating_pod_serves_as_long_as_it_runs():
    state = observed(STATE, Facts(running=frozenset({A, B}), terminating=frozenset({A})))
    assert readiness(state)["default/a"] == (True, True)


def test_facts_go_with_those_whom_they_are_about():
    facts = Facts(running=frozenset({A, B}), held_back=frozenset({A}), unreachable=frozenset({"node-1", "node-9"}))
    assert facts.only({B}, {"node-1"}) == Facts(running=frozenset({B}), unreachable=frozenset({"node-1"}))
    assert facts.without(A) == Facts(running=frozenset({B}), unreachable=facts.unreachable)


def test_a_deleted_pod_of_a_statefulset_is_to_be_placed_anew_and_any_other_name_does_not_come_back():
    stateful = without_pod(STATE, pod(A, "StatefulSet"))
    assert (stateful.pods["default/a"].node, stateful.pods["default/a"].ips) == ("", ("10.244.0.2",))
    assert stateful.deleted == ()
    for owner in ("ReplicaSet", "DaemonSet", ""):
        state = without_pod(STATE, pod(A, owner))
        assert (set(state.pods), state.deleted) == ({"shop/b"}, ("default/a",))
        assert restored(state, {A}).deleted == ()


def test_a_pod_that_was_placed_anew_has_moved():
    after = ClusterState(pods={**STATE.pods, "shop/b": StoredPod(node="node-2", ips=("10.244.1.3",))})
    assert moved(STATE, after) == {B}
    assert moved(ClusterState(), after) == frozenset()
    assert moved(STATE, elsewhere(STATE, [A])) == {A}


def test_who_has_an_address_is_found_but_for_those_who_share_their_nodes():
    status = PodStatus(pod_ips=(PodIP(ip="10.244.0.254"),))
    pods = {
        A: Pod(metadata=ObjectMeta(name="a"), status=status),
        B: Pod(metadata=ObjectMeta(name="b"), spec=PodSpec(host_network=True), status=status),
    }
    assert users_of(["10.244.0.254"], pods) == [A]
    assert users_of(["10.244.0.1"], pods) == []
