"""Descriptions, line by line, where configs/ has no example of it."""

from datetime import UTC, datetime

import pytest

from clusterless.kubectl.describers.description import description
from clusterless.kubectl.objectview import ObjectView
from controlplane.encode import Encodable
from controlplane.objects import (
    Condition,
    Container,
    ContainerPort,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    EnvVar,
    Event,
    EventSeries,
    EventSource,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    Node,
    NodeSpec,
    ObjectMeta,
    ObjectReference,
    Pod,
    PodSpec,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    Taint,
    Toleration,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
META = ObjectMeta(name="web", namespace="default", labels={"kubernetes.io/service-name": "web"})


def lines(obj: Encodable, view: ObjectView | None = None) -> list[str]:
    return description(obj, view or ObjectView(), NOW)


def fields(obj: Encodable, view: ObjectView | None = None) -> dict[str, str]:
    """The first value of each field."""
    pairs = [line.split(":", 1) for line in lines(obj, view) if ":" in line]
    return {name.strip(): value.strip() for name, value in reversed(pairs)}


def test_a_service_with_everything():
    service = Service(
        metadata=META,
        spec=ServiceSpec(
            type="LoadBalancer",
            selector={"tier": "a", "app": "web"},
            cluster_ip="10.96.0.7",
            cluster_ips=("10.96.0.7", "fd00::7"),
            ip_families=("IPv4", "IPv6"),
            ip_family_policy="PreferDualStack",
            external_ips=("10.0.0.1", "10.0.0.2"),
            load_balancer_ip="203.0.113.9",
            ports=(
                ServicePort(port=80, protocol="TCP", target_port=8080, node_port=30080, app_protocol="http"),
                ServicePort(name="dns", port=53, protocol="UDP", target_port="dns"),
            ),
            session_affinity="ClientIP",
            external_traffic_policy="Local",
            internal_traffic_policy="Cluster",
            health_check_node_port=31000,
            load_balancer_source_ranges=("10.0.0.0/8",),
            traffic_distribution="PreferClose",
        ),
        status=ServiceStatus(
            load_balancer=LoadBalancerStatus(
                ingress=(
                    LoadBalancerIngress(ip="203.0.113.9", ip_mode="Proxy"),
                    LoadBalancerIngress(hostname="lb.example"),
                )
            )
        ),
    )
    endpoints = tuple(Endpoint(addresses=(f"10.244.0.{n}",)) for n in range(1, 6))
    waiting = Endpoint(addresses=("10.244.0.9",), conditions=EndpointConditions(ready=False))
    piece = EndpointSlice(metadata=META, endpoints=(*endpoints, waiting), ports=(EndpointPort(port=8080),))
    assert lines(service, ObjectView(slices={service.key: (piece,)})) == [
        "Name:                        web",
        "Namespace:                   default",
        "Labels:                      kubernetes.io/service-name=web",
        "Annotations:                 <none>",
        "Selector:                    app=web,tier=a",
        "Type:                        LoadBalancer",
        "IP Family Policy:            PreferDualStack",
        "IP Families:                 IPv4,IPv6",
        "IP:                          10.96.0.7",
        "IPs:                         10.96.0.7,fd00::7",
        "External IPs:                10.0.0.1,10.0.0.2",
        "Desired LoadBalancer IP:     203.0.113.9",
        "LoadBalancer Ingress:        203.0.113.9 (Proxy), lb.example",
        "Port:                        <unset>  80/TCP",
        "TargetPort:                  8080/TCP",
        "AppProtocol:                 http",
        "NodePort:                    <unset>  30080/TCP",
        "Endpoints:                   10.244.0.1:8080,10.244.0.2:8080,10.244.0.3:8080 + 2 more...",
        "Port:                        dns  53/UDP",
        "TargetPort:                  dns/UDP",
        "Endpoints:                   ",
        "Session Affinity:            ClientIP",
        "External Traffic Policy:     Local",
        "Internal Traffic Policy:     Cluster",
        "HealthCheck NodePort:        31000",
        "LoadBalancer Source Ranges:  10.0.0.0/8",
        "Traffic Distribution:        PreferClose",
        "Events:                      <none>",
    ]


def test_a_service_without_slices_has_no_endpoints():
    service = Service(metadata=META, spec=ServiceSpec(ports=(ServicePort(port=80, protocol="TCP"),)))
    assert fields(service)["Endpoints"] == "<none>"


def test_long_annotations_stand_below_their_keys_and_are_cut():
    annotations = {
        "short": "a b",
        "long": "x" * 200,
        "lines": "one\ntwo\n",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    namespace = Namespace(metadata=ObjectMeta(name="n", annotations=annotations), status={"phase": "Active"})
    assert lines(namespace) == [
        "Name:         n",
        "Labels:       <none>",
        "Annotations:  lines:",
        "                one",
        "                two",
        "              long:",
        "                " + "x" * 138 + "...",
        "              short: a b",
        "Status:       Active",
    ]


def test_a_slice_without_anything():
    assert lines(EndpointSlice(metadata=META, address_type="IPv6"))[4:] == [
        "AddressType:  IPv6",
        "Ports: <unset>",
        "Endpoints: <none>",
        "Events:  <none>",
    ]


def test_what_an_endpoint_does_not_say_is_unset():
    piece = EndpointSlice(
        metadata=META, endpoints=(Endpoint(addresses=("10.0.0.1",)),), ports=(EndpointPort(protocol="TCP"),)
    )
    assert lines(piece)[5:-1] == [
        "Ports:",
        "  Name     Port     Protocol",
        "  ----     ----     --------",
        "  <unset>  <unset>  TCP",
        "Endpoints:",
        "  - Addresses:  10.0.0.1",
        "    Conditions:",
        "      Ready:   <unset>",
        "    Hostname:  <unset>",
        "    NodeName:  <unset>",
        "    Zone:      <unset>",
    ]


def test_containers_of_a_pod():
    app = Container(
        name="app",
        image="shop/web:1",
        ports=(
            ContainerPort(name="http", container_port=8080, protocol="TCP"),
            ContainerPort(container_port=9090, protocol="UDP", host_port=90),
        ),
        env=(EnvVar(name="GREETING", value="hello\nthere"),),
    )
    pod = Pod(metadata=META, spec=PodSpec(containers=(app,), init_containers=(Container(name="setup", image="s"),)))
    described = lines(pod)
    start = described.index("Init Containers:")
    assert described[start : described.index("Node-Selectors:  <none>")] == [
        "Init Containers:",
        "  setup:",
        "    Image:        s",
        "    Port:         <none>",
        "    Host Port:    <none>",
        "    Environment:  <none>",
        "Containers:",
        "  app:",
        "    Image:       shop/web:1",
        "    Ports:       8080/TCP (http), 9090/UDP",
        "    Host Ports:  0/TCP, 90/UDP",
        "    Environment:",
        "      GREETING:  hello",
        "                 there",
    ]


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (ObjectMeta(name="p"), "Running"),
        (ObjectMeta(name="p", deletion_timestamp="2026-01-01T11:59:00Z"), "Terminating (lasts 60s)"),
        (ObjectMeta(name="p", deletion_timestamp="soon"), "Terminating"),
    ],
)
def test_status_of_a_pod(metadata: ObjectMeta, text: str):
    assert fields(Pod(metadata=metadata, status=PodStatus(phase="Running")))["Status"] == text


def test_a_pod_that_nobody_runs():
    described = fields(Pod(metadata=META))
    assert (described["Node"], described["IP"], described["IPs"]) == ("<none>", "", "<none>")


@pytest.mark.parametrize(
    ("toleration", "text"),
    [
        (Toleration(key="a", operator="Equal", value="b", effect="NoSchedule"), "a=b:NoSchedule"),
        (
            Toleration(key="a", operator="Exists", effect="NoExecute", toleration_seconds=300),
            "a:NoExecute op=Exists for 300s",
        ),
        (Toleration(operator="Exists"), "op=Exists"),
        (Toleration(key="a"), "a"),
    ],
)
def test_tolerations(toleration: Toleration, text: str):
    assert fields(Pod(metadata=META, spec=PodSpec(tolerations=(toleration,))))["Tolerations"] == text


def test_a_node_with_taints_roles_and_an_age():
    node = Node(
        metadata=ObjectMeta(
            name="n", labels={"node-role.kubernetes.io/edge": ""}, creation_timestamp="2026-01-01T10:00:00Z"
        ),
        spec=NodeSpec(
            pod_cidr="10.244.0.0/24",
            pod_cidrs=("10.244.0.0/24", "fd00::/64"),
            unschedulable=True,
            taints=(Taint(key="b", effect="NoSchedule"), Taint(key="a", value="x", effect="NoExecute")),
        ),
    )
    assert lines(node)[1:] == [
        "Roles:              edge",
        "Labels:             node-role.kubernetes.io/edge=",
        "Annotations:        <none>",
        "CreationTimestamp:  Thu, 01 Jan 2026 10:00:00 +0000",
        "Taints:             a=x:NoExecute",
        "                    b:NoSchedule",
        "Unschedulable:      true",
        "Addresses:",
        "PodCIDR:              10.244.0.0/24",
        "PodCIDRs:             10.244.0.0/24,fd00::/64",
        "Non-terminated Pods:  (0 in total)",
        "Events:               <none>",
    ]


def event(**more: object) -> Event:
    about = ObjectReference(kind="Pod", namespace="default", name="web")
    given = {
        "type": "Normal",
        "reason": "Ready",
        "message": "is ready\n",
        "source": EventSource(component="clusterless"),
    }
    return Event(involved_object=about, **{**given, **more})  # type: ignore[arg-type]


def test_events_stand_at_the_end_the_last_one_last():
    events = (
        event(first_timestamp="2026-01-01T11:50:00Z", last_timestamp="2026-01-01T11:59:00Z", count=3, type="Warning"),
        event(first_timestamp="2026-01-01T11:55:00Z", last_timestamp="2026-01-01T11:55:00Z", count=1),
        event(
            event_time="2026-01-01T11:00:00Z",
            last_timestamp="2026-01-01T12:00:00Z",
            source=EventSource(),
            reporting_component="other",
            series=EventSeries(count=9, last_observed_time="2026-01-01T11:59:58Z"),
        ),
    )
    pod = Pod(metadata=META, status=PodStatus(conditions=(Condition(type="Ready", status="True"),)))
    described = lines(pod, ObjectView(events=events))
    assert described[described.index("Events:") :] == [
        "Events:",
        "  Type     Reason  Age                From         Message",
        "  ----     ------  ----               ----         -------",
        "  Normal   Ready   5m                 clusterless  is ready",
        "  Warning  Ready   60s (x3 over 10m)  clusterless  is ready",
        "  Normal   Ready   2s (x9 over 60m)   other        is ready",
    ]
