import msgspec
import pytest

from controlplane.objects import NamespacedName, Service
from proxy.loadbalancer import Balanced, BalancedNode
from proxy.loadbalancerevents import events

WEB = NamespacedName("default", "web")
N1, N2 = BalancedNode("n1", ("10.240.0.1",)), BalancedNode("n2", ("10.240.0.2",))
ENSURING = ("Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
ENSURED = ("Normal", "EnsuredLoadBalancer", "Ensured load balancer")
UPDATED = ("Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")
UNAVAILABLE = ("Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
DELETING = ("Normal", "DeletingLoadBalancer", "Deleting load balancer")
DELETED = ("Normal", "DeletedLoadBalancer", "Deleted load balancer")
FAILED = ("Warning", "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: it is so")


def service(ip="", annotations=None, **spec):
    raw = {
        "metadata": {"namespace": "default", "name": "web", "annotations": annotations or {}},
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": ip}] if ip else []}},
    }
    return msgspec.convert(raw, Service)


def balanced(made=None, nodes=(N1, N2), addresses=("203.0.113.1",), **more):
    return Balanced(service=made or service(), nodes=nodes, addresses=addresses, **more)


AS_BEFORE = balanced()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, AS_BEFORE, [ENSURING, ENSURED], id="a new Service"),
        pytest.param(AS_BEFORE, AS_BEFORE, [], id="nothing changed"),
        pytest.param(AS_BEFORE, balanced(service("203.0.113.1")), [], id="its status is our own work"),
        pytest.param(AS_BEFORE, balanced(service(sessionAffinity="ClientIP")), [ENSURING, ENSURED], id="its spec"),
        pytest.param(AS_BEFORE, balanced(service(annotations={"a": "b"})), [ENSURING, ENSURED], id="an annotation"),
        pytest.param(AS_BEFORE, balanced(addresses=("203.0.113.2",)), [ENSURING, ENSURED], id="its address"),
        pytest.param(AS_BEFORE, balanced(nodes=(N1,)), [UPDATED], id="a node went"),
        pytest.param(AS_BEFORE, balanced(nodes=()), [UNAVAILABLE], id="all nodes went"),
        pytest.param(None, balanced(nodes=()), [ENSURING, UNAVAILABLE, ENSURED], id="new, without nodes"),
        pytest.param(None, balanced(addresses=(), failure="it is so"), [ENSURING, FAILED], id="it cannot be balanced"),
        pytest.param(
            None,
            balanced(unmet_wish="203.0.113.9 is taken"),
            [ENSURING, ("Warning", "LoadbalancerIP", "203.0.113.9 is taken"), ENSURED],
            id="its wish cannot be met",
        ),
        pytest.param(AS_BEFORE, None, [DELETING, DELETED], id="a Service that goes"),
    ],
)
def test_events(before, after, expected):
    found = events({WEB: before} if before else {}, {WEB: after} if after else {})
    assert list(found) == [(WEB, *each) for each in expected]
