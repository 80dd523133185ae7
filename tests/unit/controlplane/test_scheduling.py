"""Every pod gets a node and addresses, the same ones everywhere, and keeps them while they are good."""

from collections import Counter
from ipaddress import ip_address, ip_network

import msgspec
import pytest

from controlplane.clusterstate import StoredPod
from controlplane.objects import (
    Condition,
    NamespacedName,
    Node,
    NodeAddress,
    NodeSpec,
    NodeStatus,
    ObjectMeta,
    Pod,
    PodSpec,
    PodStatus,
    Taint,
    Toleration,
)
from controlplane.options import ClusterOptions
from controlplane.podranges import pod_ranges
from controlplane.scheduling import schedule

OPTIONS = ClusterOptions(schedule_pods=True)
DUAL = ClusterOptions(cluster_cidrs=("10.244.0.0/16", "fd00:10:244::/56"))


def node(name: str, cidrs=(), *, labels=None, taints=(), unschedulable=False, addresses=()) -> Node:
    return Node(
        metadata=ObjectMeta(name=name, labels=labels or {}),
        spec=NodeSpec(pod_cidrs=tuple(cidrs), taints=tuple(taints), unschedulable=unschedulable),
        status=NodeStatus(addresses=tuple(NodeAddress(type="InternalIP", address=a) for a in addresses)),
    )


def cluster(*nodes: Node) -> dict[str, Node]:
    return {n.metadata.name: n for n in nodes}


def pod(name: str, ip: str = "", phase: str = "", namespace: str = "shop", **spec) -> Pod:
    metadata = ObjectMeta(name=name, namespace=namespace)
    return Pod(metadata=metadata, spec=PodSpec(**spec), status=PodStatus(pod_ip=ip, phase=phase))


def place(one: Pod, nodes: dict[str, Node], stored=None, options=OPTIONS) -> StoredPod | None:
    return schedule([one], nodes, stored or {}, options).get(one.key)


def as_stored(placed: dict[NamespacedName, StoredPod]) -> dict[str, StoredPod]:
    return {str(key): record for key, record in placed.items()}


TWO = cluster(node("a", ["10.244.7.0/24"]), node("b", ["10.244.8.0/24"]))


def test_pods_are_spread_evenly_and_each_gets_an_address_of_its_nodes_range():
    placed = schedule([pod(f"web-{i}") for i in range(10)], TWO, {}, OPTIONS)
    assert Counter(record.node for record in placed.values()) == {"a": 5, "b": 5}
    ranges = {"a": ip_network("10.244.7.0/24"), "b": ip_network("10.244.8.0/24")}
    for record in placed.values():
        (ip,) = record.ips
        assert ip_address(ip) in ranges[record.node]
        assert record.running
    assert len({record.ips for record in placed.values()}) == 10
    assert list(placed) == sorted(placed)


def test_the_outcome_does_not_depend_on_the_order_of_the_input():
    pods = [pod(f"web-{i}", namespace=f"ns-{i % 3}") for i in range(40)]
    forth = schedule(pods, TWO, {}, OPTIONS)
    back = schedule(pods[::-1], dict(reversed(TWO.items())), {}, OPTIONS)
    assert list(forth.items()) == list(back.items())


def test_an_address_is_where_the_hash_of_the_name_points():
    assert place(pod("web"), TWO) == StoredPod(node="a", ips=("10.244.7.146",), running=True)


def test_without_anything_that_runs_pods_they_are_placed_and_do_not_run():
    record = place(pod("web"), TWO, options=ClusterOptions())
    assert record is not None
    assert not record.running


def test_a_pod_keeps_its_place_and_what_is_known_of_it():
    record = StoredPod(node="b", ips=("10.244.8.200",), running=True, ready=False, terminating=True)
    assert place(pod("web"), TWO, {"shop/web": record}) == record


def test_new_pods_leave_the_others_where_they_are():
    before = schedule([pod(f"m-{i}") for i in range(20)], TWO, {}, OPTIONS)
    after = schedule([pod(f"m-{i}") for i in range(20)] + [pod("a-first")], TWO, as_stored(before), OPTIONS)
    assert {key: after[key] for key in before} == before
    assert list(after) == sorted(after)


@pytest.mark.parametrize(
    ("record", "spec"),
    [
        (StoredPod(node="gone", ips=("10.244.7.9",)), {}),
        (StoredPod(node="a", ips=("10.244.8.9",)), {}),  # of the other node's range
        (StoredPod(node="a", ips=("10.244.7.1",)), {}),  # the gateway
        (StoredPod(node="a", ips=("10.244.7.255",)), {}),
        (StoredPod(node="a", ips=()), {}),
        (StoredPod(node="a", ips=("nowhere",)), {}),
        (StoredPod(node="a", ips=("10.244.7.9",)), {"node_name": "b"}),
    ],
)
def test_a_pod_whose_place_is_no_longer_good_gets_another(record, spec):
    assert place(pod("web", **spec), TWO, {"shop/web": record}) == place(pod("web", **spec), TWO)


def test_two_pods_never_keep_the_same_address():
    record = StoredPod(node="a", ips=("10.244.7.9",))
    placed = schedule([pod("x"), pod("y")], TWO, {"shop/x": record, "shop/y": record}, OPTIONS)
    assert placed[NamespacedName("shop", "x")] == record
    assert placed[NamespacedName("shop", "y")].ips != record.ips


def test_a_written_address_is_given_to_nobody_else():
    wanted = place(pod("web"), TWO)
    assert wanted is not None
    (ip,) = wanted.ips
    placed = schedule([pod("web"), pod("z", ip=ip, node_name="b")], TWO, {}, OPTIONS)
    assert list(placed) == [NamespacedName("shop", "web")]
    assert placed[NamespacedName("shop", "web")].ips != (ip,)
    kept = schedule([pod("web"), pod("z", ip=ip)], TWO, {"shop/web": wanted}, OPTIONS)
    assert kept[NamespacedName("shop", "web")].ips != (ip,)


def test_pods_with_written_addresses_count_for_their_node():
    written = [pod(f"z-{i}", ip=f"10.244.7.{100 + i}", node_name="a") for i in range(3)]
    placed = schedule([*written, *(pod(f"web-{i}") for i in range(3))], TWO, {}, OPTIONS)
    assert {record.node for record in placed.values()} == {"b"}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_finished_pods_need_no_place(phase):
    assert place(pod("job", phase=phase), TWO) is None


DEDICATED = Taint(key="dedicated", value="db", effect="NoSchedule")
PICKY = cluster(
    node("cordoned", unschedulable=True, labels={"disk": "ssd"}),
    node("dedicated", taints=[DEDICATED], labels={"disk": "ssd"}),
    node("plain"),
)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "plain"),
        ({"node_selector": {"disk": "ssd"}}, None),
        ({"node_selector": {"disk": "none"}}, None),
        ({"node_name": "cordoned"}, "cordoned"),  # a bound pod never sees the scheduler
        ({"node_name": "gone"}, None),
        (
            {
                "node_selector": {"disk": "ssd"},
                "tolerations": (Toleration(key="dedicated", value="db", effect="NoSchedule"),),
            },
            "dedicated",
        ),
        (
            {
                "node_selector": {"disk": "ssd"},
                "tolerations": (Toleration(key="dedicated", operator="Equal", value="x"),),
            },
            None,
        ),
        ({"node_selector": {"disk": "ssd"}, "tolerations": (Toleration(key="dedicated", operator="Lt"),)}, None),
        ({"node_selector": {"disk": "ssd"}, "tolerations": (Toleration(key="other", operator="Exists"),)}, None),
        (
            {"node_selector": {"disk": "ssd"}, "tolerations": (Toleration(effect="NoExecute", operator="Exists"),)},
            None,
        ),
        (
            {
                "node_selector": {"disk": "ssd"},
                "tolerations": (Toleration(key="node.kubernetes.io/unschedulable", operator="Exists"),),
            },
            "cordoned",
        ),
    ],
)
def test_a_pod_goes_only_where_selector_and_taints_let_it(spec, expected):
    record = place(pod("web", **spec), PICKY)
    assert (record.node if record else None) == expected


def test_pods_on_the_hosts_network_have_the_hosts_addresses():
    nodes = cluster(node("a", addresses=["192.0.2.1", "2001:db8::1", "192.0.2.2"]))
    daemon = pod("agent", host_network=True)
    record = place(daemon, nodes)
    assert record == StoredPod(node="a", ips=("192.0.2.1", "2001:db8::1"), running=True)
    moved = cluster(node("a", addresses=["192.0.2.9"]))
    assert place(daemon, moved, {"shop/agent": record}) == StoredPod(node="a", ips=("192.0.2.9",), running=True)


def test_a_full_node_takes_no_more_pods_but_those_of_the_hosts_network():
    nodes = cluster(node("a", ["10.244.0.0/30"], addresses=["192.0.2.1"]), node("b", ["10.244.1.0/24"]))
    pods = [pod(f"web-{i}", node_name="a") for i in range(3)]
    host = pod("web-9", node_name="a", host_network=True)
    placed = schedule([*pods, host, pod("x-1"), pod("x-2"), pod("x-3")], nodes, {}, OPTIONS)
    assert [key.name for key, record in placed.items() if record.node == "a"] == ["web-0", "web-9"]
    assert placed[NamespacedName("shop", "web-0")].ips == ("10.244.0.2",)
    assert {placed[NamespacedName("shop", f"x-{i}")].node for i in (1, 2, 3)} == {"b"}


def test_a_node_without_addresses_to_give_takes_nobody():
    assert place(pod("web"), cluster(node("a", ["10.244.0.0/31"]))) is None
    assert place(pod("web"), cluster(node("a")), options=msgspec.structs.replace(OPTIONS, cluster_cidrs=())) is None


def test_a_dual_stack_cluster_gives_an_address_of_each_family_the_primary_first():
    record = place(pod("web"), cluster(node("a")), options=DUAL)
    assert record is not None
    first, second = map(ip_address, record.ips)
    assert first in ip_network("10.244.0.0/24")
    assert second in ip_network("fd00:10:244::/112")  # the lowest addresses only
    assert place(pod("web"), cluster(node("a")), {"shop/web": record}, DUAL) == record


def test_the_whole_range_of_a_node_is_used_but_network_gateway_and_broadcast():
    placed = schedule([pod(f"web-{i}") for i in range(300)], cluster(node("a")), {}, OPTIONS)
    numbers = sorted(int(record.ips[0].rsplit(".")[-1]) for record in placed.values())
    assert numbers == list(range(2, 255))


@pytest.mark.parametrize(
    ("nodes", "cidrs", "expected"),
    [
        ([node("b"), node("a")], ["10.244.0.0/16"], {"a": ("10.244.0.0/24",), "b": ("10.244.1.0/24",)}),
        (
            [node("a"), node("b", ["10.244.0.0/24"])],
            ["10.244.0.0/16"],
            {"a": ("10.244.1.0/24",), "b": ("10.244.0.0/24",)},
        ),
        (
            [node("a"), node("b", ["fd00:10:244:1::/64"])],
            ["10.244.0.0/16", "fd00:10:244::/56"],
            {"a": ("10.244.0.0/24", "fd00:10:244::/64"), "b": ("10.244.1.0/24", "fd00:10:244:1::/64")},
        ),
        ([node("a", ["nonsense"])], ["10.244.0.0/16"], {"a": ("10.244.0.0/24",)}),
        ([node("a"), node("b")], ["10.244.0.0/24"], {"a": ("10.244.0.0/28",), "b": ("10.244.0.16/28",)}),
        ([node("a"), node("b")], ["10.244.0.1/32"], {"a": ("10.244.0.1/32",), "b": ()}),
    ],
)
def test_nodes_without_a_range_get_the_next_free_piece_of_the_clusters(nodes, cidrs, expected):
    assert pod_ranges(cluster(*nodes), ClusterOptions(cluster_cidrs=tuple(cidrs))) == expected


def test_the_older_singular_field_of_a_node_counts_too():
    written = Node(metadata=ObjectMeta(name="a"), spec=NodeSpec(pod_cidr="10.9.0.0/24"))
    assert pod_ranges(cluster(written), OPTIONS) == {"a": ("10.9.0.0/24",)}


def test_nodes_keep_pods_off_while_they_are_not_ready():
    down = msgspec.structs.replace(
        node("a"), status=NodeStatus(conditions=(Condition(type="Ready", status="Unknown"),))
    )
    assert place(pod("web"), cluster(down)) is None
    assert place(pod("web", tolerations=(Toleration(operator="Exists"),)), cluster(down)) is not None


def test_a_pod_that_lost_its_place_gets_another_address():
    before = place(pod("web"), TWO)
    assert before is not None
    lost = {"shop/web": StoredPod(ips=before.ips)}
    after = place(pod("web"), TWO, lost)
    assert after is not None
    assert after.running
    assert after.ips != before.ips
