from clusterless.introspection.frontendevents import (
    balancer_event,
    contest_events,
    failure_events,
    health_events,
    loop_events,
)
from controlplane.objects import NamespacedName
from proxy.desired import Desired
from proxy.frontends import Conflict
from proxy.loadbalancer import HealthTarget
from proxy.loadbalancerevents import Event, EventType
from proxy.loops import Loop
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName

WEB = ServicePortName("default", "web", "", Protocol.TCP)
API = ServicePortName("default", "api", "", Protocol.TCP)
KEYS = [FrontendKey("10.96.0.1", port, Protocol.TCP) for port in range(80, 86)]


def desired(*keys, service=WEB):
    return Desired(frontends={key: Frontend(key, FrontendKind.CLUSTER_IP, service, (), ()) for key in keys})


def told(events):
    return [(e.subject.name, e.type.value, e.reason, e.message) for e in events]


def test_frontends_that_fail_are_told_once_by_service_and_reason():
    failures = {**dict.fromkeys(KEYS[:5], "address already in use"), KEYS[5]: "permission denied"}
    assert told(failure_events({KEYS[0]: "address already in use"}, failures, desired(*KEYS))) == [
        (
            "web",
            "Warning",
            "FailedToOpenFrontend",
            "Not served at 10.96.0.1:81/TCP, 10.96.0.1:82/TCP, 10.96.0.1:83/TCP + 1 more...: address already in use",
        ),
        ("web", "Warning", "FailedToOpenFrontend", "Not served at 10.96.0.1:85/TCP: permission denied"),
    ]
    assert told(failure_events(failures, failures, desired(*KEYS))) == []


def test_a_frontend_that_opens_after_all_is_told_and_one_that_is_gone_is_not():
    before = {KEYS[0]: "address already in use", KEYS[1]: "address already in use"}
    assert told(failure_events(before, {}, desired(KEYS[0]))) == [
        ("web", "Normal", "OpenedFrontend", "Served at 10.96.0.1:80/TCP after all")
    ]


def test_a_contested_address_is_told_of_the_loser_until_it_is_its_own():
    conflict = Conflict(KEYS[0], winner=API, loser=WEB)
    other = Conflict(KEYS[0], winner=API._replace(name="third"), loser=WEB)
    assert told(contest_events((), (conflict,))) == [
        (
            "web",
            "Warning",
            "FrontendContested",
            "10.96.0.1:80/TCP belongs to default/api; default/web has it too, and gets no connections there",
        )
    ]
    assert [each[2] for each in told(contest_events((conflict,), (other,)))] == ["FrontendContested"]
    assert told(contest_events((conflict,), ())) == [
        ("web", "Normal", "FrontendUncontested", "10.96.0.1:80/TCP is no longer contested by default/api")
    ]


def test_an_endpoint_that_would_loop_is_told():
    loop = Loop(WEB, Endpoint("10.96.0.1", 80))
    ((name, kind, reason, message),) = told(loop_events((), (loop,)))
    assert (name, kind, reason) == ("web", "Warning", "EndpointLoop")
    assert message.startswith("Endpoint 10.96.0.1:80 is a frontend of this node")
    assert told(loop_events((loop,), (loop,))) == []


def test_a_node_is_out_of_the_load_balancer_and_in_again():
    one, two = (HealthTarget(name, f"192.0.2.{number}", 10256, "/healthz") for number, name in ((1, "n1"), (2, "n2")))
    assert told(health_events((one, two), (two,), (one, two))) == [
        ("n1", "Warning", "NodeUnhealthy", "Out of rotation: health check http://192.0.2.1:10256/healthz fails")
    ]
    assert told(health_events((two,), (one, two), (one, two))) == [
        ("n1", "Normal", "NodeHealthy", "In rotation: health check http://192.0.2.1:10256/healthz is good")
    ]
    assert told(health_events((one, two), (two,), (two,))) == [], "nobody asks it any more"


def test_what_the_load_balancer_says_keeps_its_words():
    said = Event(NamespacedName("default", "web"), EventType.WARNING, "UnAvailableLoadBalancer", "There are none")
    event = balancer_event(said)
    assert event.subject == ("Service", "default", "web")
    assert (event.reason, event.message, event.component) == (said.reason, said.message, "service-controller")
