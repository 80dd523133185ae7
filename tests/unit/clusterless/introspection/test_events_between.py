"""What is told of a change: every row is two states of the manifests, and the events of the step between them."""

import pytest

from clusterless.introspection.events import events_between
from controlplane.objects import NamespacedName

from .conftest import endpoints, node, service

WEB = service()


def told(cluster, before, after):
    first = cluster.apply(*before)
    return [(e.subject.kind, e.type.value, e.reason, e.message) for e in events_between(first, cluster.apply(*after))]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([WEB], [WEB], [], id="nothing"),
        pytest.param(
            [],
            [service(clusterIP="10.96.0.20"), endpoints("10.0.0.1", "10.0.0.2", not_ready=["10.0.0.2"])],
            [("Normal", "Created", "Created ClusterIP Service at 10.96.0.20, ports 80/TCP, 1 ready endpoints")],
            id="a new Service",
        ),
        pytest.param(
            [],
            [service(clusterIP="None")],
            [("Normal", "Created", "Created headless Service, ports 80/TCP, 0 ready endpoints")],
            id="a new headless Service",
        ),
        pytest.param(
            [],
            [service(type="ExternalName", externalName="db.example.com", ports=[])],
            [("Normal", "Created", "Created ExternalName Service to db.example.com")],
            id="a new external name",
        ),
        pytest.param([WEB], [], [("Normal", "Deleted", "Deleted ClusterIP Service")], id="a Service that is gone"),
        pytest.param(
            [service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])],
            [WEB],
            [
                ("Normal", "Type", "NodePort -> ClusterIP"),
                ("Normal", "Ports", "80:30080/TCP -> 80/TCP"),
                ("Normal", "ExternalTrafficPolicy", "Cluster -> <none>"),
            ],
            id="another type",
        ),
        pytest.param(
            [WEB],
            [service(selector={"app": "web"}, sessionAffinity="ClientIP")],
            [
                ("Normal", "Selector", "<none> -> app=web"),
                ("Normal", "SessionAffinity", "None -> ClientIP"),
                ("Normal", "Updated", "Updated spec.sessionAffinityConfig"),
            ],
            id="other fields",
        ),
        pytest.param(
            [WEB],
            [service(ports=[{"port": 80, "targetPort": 8080}])],
            [("Normal", "Updated", "Updated spec.ports")],
            id="a target port, which the list of ports does not show",
        ),
        pytest.param(
            [service(externalIPs=["192.0.2.7"])],
            [service(externalIPs=["192.0.2.7", "192.0.2.8"])],
            [("Normal", "ExternalIP", "[192.0.2.7] -> [192.0.2.7 192.0.2.8]")],
            id="lists are as Go prints them",
        ),
        pytest.param(
            [WEB, endpoints("10.0.0.1")],
            [WEB, endpoints("10.0.0.1", "10.0.0.2")],
            [("Normal", "EndpointsAdded", "In rotation: 10.0.0.2 (2 of 2 ready)")],
            id="an endpoint that comes",
        ),
        pytest.param(
            [WEB, endpoints("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")],
            [WEB, endpoints("10.0.0.1", "10.0.0.2", "10.0.0.3", not_ready=["10.0.0.2"], terminating=["10.0.0.3"])],
            [
                ("Normal", "EndpointsRemoved", "Out of rotation, not ready: 10.0.0.2 (1 of 3 ready)"),
                ("Normal", "EndpointsRemoved", "Out of rotation, terminating: 10.0.0.3 (1 of 3 ready)"),
                ("Normal", "EndpointsRemoved", "Out of rotation, gone: 10.0.0.4 (1 of 3 ready)"),
            ],
            id="endpoints that go, by cause",
        ),
        pytest.param(
            [WEB, endpoints("10.0.0.1")],
            [WEB, endpoints("10.0.0.1", not_ready=["10.0.0.1"])],
            [
                ("Normal", "EndpointsRemoved", "Out of rotation, not ready: 10.0.0.1 (0 of 1 ready)"),
                ("Warning", "NoReadyEndpoints", "No endpoint is ready: new connections are refused"),
            ],
            id="the last endpoint",
        ),
        pytest.param(
            [WEB, endpoints("10.0.0.1")],
            [WEB, endpoints("10.0.0.1", terminating=["10.0.0.1"])],
            [
                ("Normal", "EndpointsRemoved", "Out of rotation, terminating: 10.0.0.1 (0 of 1 ready)"),
                (
                    "Warning",
                    "NoReadyEndpoints",
                    "No endpoint is ready: new connections go to those that are terminating",
                ),
            ],
            id="the last endpoint, which still serves",
        ),
        pytest.param(
            [WEB],
            [WEB, endpoints(*(f"10.0.0.{n}" for n in range(1, 6)))],
            [
                (
                    "Normal",
                    "EndpointsAdded",
                    "In rotation: 10.0.0.1, 10.0.0.2, 10.0.0.3 + 2 more... (5 of 5 ready)",
                )
            ],
            id="many endpoints at once",
        ),
    ],
)
def test_a_change_of_a_service_is_told(cluster, before, after, expected):
    assert told(cluster, before, after) == [("Service", *each) for each in expected]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            [node("n1")],
            [node("n1"), node("n2")],
            [("Normal", "RegisteredNode", "Node n2 event: Registered Node n2 in Controller")],
        ),
        (
            [node("n1"), node("n2")],
            [node("n1")],
            [("Normal", "RemovingNode", "Node n2 event: Removing Node n2 from Controller")],
        ),
        (
            [node("n1")],
            [node("n1", ready="False")],
            [("Warning", "NodeNotReady", "Node n1 status is now: NodeNotReady")],
        ),
        (
            [node("n1", ready="Unknown")],
            [node("n1")],
            [("Normal", "NodeReady", "Node n1 status is now: NodeReady")],
        ),
    ],
)
def test_a_change_of_a_node_is_told_in_the_node_controllers_words(cluster, before, after, expected):
    assert told(cluster, before, after) == [("Node", *each) for each in expected]


def test_a_pod_that_comes_is_scheduled(cluster):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-0"},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }
    (event,) = told(cluster, [node("n1")], [node("n1"), pod])
    assert event == ("Pod", "Normal", "Scheduled", "Successfully assigned default/web-0 to n1")


def test_what_is_refused_is_told_with_its_place_once(cluster):
    broken = service(ports=[{"port": 99999, "targetPort": 80}])
    first = cluster.apply(broken)
    (event,) = events_between(None, first)
    assert (event.type, event.reason) == ("Warning", "FailedValidation")
    assert event.subject[1:] == NamespacedName("default", "web")
    assert event.message.startswith(
        'all.yaml:1: The Service "web" is invalid: spec.ports[0].port: Invalid value: 99999'
    )
    assert list(events_between(first, cluster.apply(broken))) == []


def test_the_first_snapshot_tells_of_problems_only(cluster):
    assert list(events_between(None, cluster.apply(WEB, endpoints("10.0.0.1"), node("n1")))) == []
