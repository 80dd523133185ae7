"""What a partition and a loss of power drop, and where."""

import pytest

from lab.cuts import Drop, Partition, drops_of
from lab.topology import FABRIC, Host, Role, Topology, link_name


def host(name: str, role: Role, address: str, router: str = FABRIC, routes: tuple[str, ...] = ()) -> Host:
    return Host(
        name=name, role=role, addresses=(address,), router=router, gateways=(), hostname=name, node="", routes=routes
    )


TOPOLOGY = Topology(
    (
        host("node-1", Role.NODE, "10.240.0.1", routes=("10.244.1.0/24",)),
        host("node-2", Role.NODE, "10.240.0.2", routes=("10.244.2.0/24",)),
        host("a", Role.POD, "10.244.1.2", "node-1"),
        host("b", Role.POD, "10.244.2.2", "node-2"),
        host("outside", Role.OUTSIDE, "198.51.100.10"),
        host("lb", Role.LOAD_BALANCER, "198.51.100.2", routes=("203.0.113.0/24",)),
    )
)
ALL = {Drop("0.0.0.0/0"), Drop("::/0")}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Pods: each drops what the other sends, when it arrives.
        ("a", "b", {"a": {Drop("10.244.2.2")}, "b": {Drop("10.244.1.2")}}),
        # A node speaks for its pods too, and a load balancer for its Services' addresses.
        (
            "node-1",
            "lb",
            {
                "node-1": {Drop("198.51.100.2"), Drop("203.0.113.0/24")},
                "lb": {Drop("10.240.0.1"), Drop("10.244.1.0/24")},
            },
        ),
        ("outside", "b", {"outside": {Drop("10.244.2.2")}, "b": {Drop("198.51.100.10")}}),
        # Between a pod and its node is one cable.
        (
            "a",
            "node-1",
            {"a": ALL, "node-1": {Drop("0.0.0.0/0", link=link_name("a")), Drop("::/0", link=link_name("a"))}},
        ),
    ],
)
def test_a_partition_drops_on_both_sides(one: str, other: str, expected: dict[str, set[Drop]]):
    for partition in (Partition.between(one, other), Partition.between(other, one)):
        assert drops_of(TOPOLOGY, [partition]) == expected


def test_partitions_of_the_same_host_add_up():
    drops = drops_of(TOPOLOGY, [Partition("a", "b"), Partition("a", "outside")])
    assert drops["a"] == {Drop("10.244.2.2"), Drop("198.51.100.10")}


def test_a_host_that_is_gone_is_no_matter():
    assert drops_of(TOPOLOGY, [Partition("a", "gone")], frozenset({"gone"})) == {}


def test_nothing_comes_to_or_from_a_node_without_power_and_nobody_answers_for_it():
    drops = drops_of(TOPOLOGY, (), frozenset({"node-2"}))
    link = link_name("node-2")
    assert drops == {
        "node-2": ALL,
        FABRIC: {
            Drop("0.0.0.0/0", link=link),
            Drop("::/0", link=link),
            Drop(target="10.240.0.2", link=""),
            Drop(target="10.244.2.0/24", link=""),
        },
    }
