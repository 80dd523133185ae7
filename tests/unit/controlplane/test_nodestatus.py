"""What was observed of a node's machine, in the Node's status."""

from controlplane.build import Builder
from controlplane.clusterstate import ClusterState
from controlplane.documents import Document, Reading
from controlplane.nodestatus import with_observed
from controlplane.objects import Condition, Node, NodeAddress, NodeStatus, ObjectMeta
from controlplane.options import ClusterOptions

WRITTEN = (NodeAddress(type="InternalIP", address="10.0.0.1"), NodeAddress(type="Hostname", address="a"))
PRESSURE = Condition(type="DiskPressure", status="False")
NODE = Node(
    metadata=ObjectMeta(name="a"),
    status=NodeStatus(addresses=WRITTEN, conditions=(Condition(type="Ready", status="True"), PRESSURE)),
)


def test_an_observed_address_stands_behind_the_written_one():
    status = with_observed(NODE, ["fd00::1"], unreachable=False).status
    assert [address.address for address in status.addresses] == ["10.0.0.1", "fd00::1", "a"]
    assert status.conditions == NODE.status.conditions


def test_a_node_that_nobody_hears_of_is_neither_ready_nor_not():
    conditions = with_observed(NODE, (), unreachable=True).status.conditions
    assert [(each.type, each.status) for each in conditions] == [("DiskPressure", "False"), ("Ready", "Unknown")]
    assert conditions[1].reason == "NodeStatusUnknown"


def test_the_snapshot_shows_it_as_long_as_it_lasts():
    raw = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}
    reading = Reading((Document(source="nodes.yaml", raw=raw, digest="1"),))
    builder = Builder(ClusterOptions(), ClusterState(unreachable=("a", "gone")))
    first = builder.build(reading, 1).snapshot.nodes["a"]
    assert [each.status for each in first.status.conditions if each.type == "Ready"] == ["Unknown"]
    assert builder.build(reading, 1).snapshot.nodes["a"] is first
    builder.adopt(ClusterState())
    again = builder.build(reading, 1).snapshot.nodes["a"]
    assert "Unknown" not in [each.status for each in again.status.conditions]
