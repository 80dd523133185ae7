import msgspec
import pytest

from controlplane.objects import Node
from proxy.nodeeligibility import LABEL_EXCLUDE, is_eligible, serves_load_balancers

TAINT = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}


def node(labels=None, taints=(), deleted="", ready="True"):
    raw = {
        "metadata": {"name": "n1", "labels": labels or {}, "deletionTimestamp": deleted},
        "spec": {"taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }
    return msgspec.convert(raw, Node)


@pytest.mark.parametrize(
    ("made", "eligible", "balanced"),
    [
        pytest.param(node(), True, True, id="an ordinary node"),
        pytest.param(node(ready="False"), True, True, id="not ready: the health check's business"),
        pytest.param(node(taints=[TAINT]), False, False, id="the autoscaler removes it"),
        pytest.param(node(taints=[{"key": "dedicated"}]), True, True, id="another taint"),
        pytest.param(node(deleted="2026-01-01T00:00:00Z"), False, False, id="being deleted"),
        pytest.param(node({LABEL_EXCLUDE: ""}), True, False, id="excluded without a value"),
        pytest.param(node({LABEL_EXCLUDE: "true"}), True, False, id="excluded"),
        pytest.param(node({LABEL_EXCLUDE: "maybe"}), True, False, id="excluded with a value that is no truth value"),
        pytest.param(node({LABEL_EXCLUDE: "false"}), True, True, id="expressly included"),
        pytest.param(node({LABEL_EXCLUDE: "0"}), True, True, id="expressly included, by a number"),
    ],
)
def test_who_gets_traffic_from_outside(made, eligible, balanced):
    assert (is_eligible(made), serves_load_balancers(made)) == (eligible, balanced)


def test_a_node_without_an_object_is_not_eligible():
    assert not is_eligible(None)
