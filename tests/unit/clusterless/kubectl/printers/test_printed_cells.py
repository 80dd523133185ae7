"""Each column of kubectl's tables, rule by rule."""

from datetime import UTC, datetime

import pytest

from clusterless.introspection.resources import ENDPOINTS, EVENTS, NAMESPACES, NODES, PODS, SERVICES, SLICES, Resource
from clusterless.kubectl.printers.printer import Printer, Showing
from clusterless.kubectl.printers.table import PRINTERS
from controlplane.objects import (
    Condition,
    Container,
    Endpoint,
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    Event,
    EventSeries,
    EventSource,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    Node,
    NodeAddress,
    NodeSpec,
    NodeStatus,
    ObjectMeta,
    ObjectReference,
    Pod,
    PodIP,
    PodSpec,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from controlplane.podstatus import TERMINATING

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
META = ObjectMeta(name="web", namespace="default", creation_timestamp="2026-01-01T11:55:00Z")
BARE = ObjectMeta(name="web")


def cells(resource: Resource, obj: object, *, wide: bool = True) -> dict[str, str]:
    printer: Printer = PRINTERS[resource]
    row = printer.row(obj, Showing(NOW, is_wide=wide))
    return dict(zip(printer.headings(is_wide=wide), row, strict=True))


def service(*, ingress: tuple[LoadBalancerIngress, ...] = (), **spec: object) -> Service:
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
    return Service(metadata=META, spec=ServiceSpec(**{"type": "ClusterIP", **spec}), status=status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resource", "headings", "wide"),
    [
        (SERVICES, "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE", "SELECTOR"),
        (SLICES, "NAME ADDRESSTYPE PORTS ENDPOINTS AGE", ""),
        (ENDPOINTS, "NAME ENDPOINTS AGE", ""),
        (PODS, "NAME READY STATUS RESTARTS AGE", "IP NODE NOMINATED-NODE READINESS-GATES"),
        (
            NODES,
            "NAME STATUS ROLES AGE VERSION",
            "INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
        ),
        (NAMESPACES, "NAME STATUS AGE", ""),
    ],
)
def test_the_headings_are_those_of_kubectl(resource: Resource, headings: str, wide: str):
    printer = PRINTERS[resource]
    assert " ".join(printer.headings(is_wide=False)) == headings
    shown = [heading.replace(" ", "-") for heading in printer.headings(is_wide=True)]
    assert " ".join(shown) == f"{headings} {wide}".strip()


def test_wide_columns_of_events_stand_between_the_others():
    assert PRINTERS[EVENTS].headings(is_wide=False) == ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")
    assert PRINTERS[EVENTS].headings(is_wide=True) == (
        "LAST SEEN",
        "TYPE",
        "REASON",
        "OBJECT",
        "SUBOBJECT",
        "SOURCE",
        "MESSAGE",
        "FIRST SEEN",
        "COUNT",
        "NAME",
    )


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"cluster_ips": ("10.96.0.7", "fd00::7")}, "10.96.0.7"),
        ({"cluster_ips": ("None",)}, "None"),
        ({"cluster_ips": (), "type": "ExternalName"}, "<none>"),
    ],
)
def test_cluster_ip(spec: dict[str, object], text: str):
    assert cells(SERVICES, service(**spec))["CLUSTER-IP"] == text


IPS = (LoadBalancerIngress(ip="203.0.113.20"), LoadBalancerIngress(ip="203.0.113.10"))


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        (service(), "<none>"),
        (service(external_ips=("10.0.0.1", "10.0.0.2")), "10.0.0.1,10.0.0.2"),
        (service(type="NodePort"), "<none>"),
        (service(type="NodePort", external_ips=("10.0.0.1",)), "10.0.0.1"),
        (service(type="LoadBalancer"), "<pending>"),
        (service(type="LoadBalancer", external_ips=("10.0.0.1",)), "10.0.0.1"),
        (service(type="LoadBalancer", ingress=IPS), "203.0.113.10,203.0.113.20"),
        (service(type="LoadBalancer", ingress=IPS[:1], external_ips=("10.0.0.1",)), "203.0.113.20,10.0.0.1"),
        (service(type="LoadBalancer", ingress=(LoadBalancerIngress(hostname="lb.example"),)), "lb.example"),
        (service(type="ExternalName", external_name="db.example"), "db.example"),
        (service(type="Unheard"), "<unknown>"),
    ],
)
def test_external_ip(obj: Service, text: str):
    assert cells(SERVICES, obj)["EXTERNAL-IP"] == text


def test_load_balancer_addresses_are_cut_short_unless_wide():
    obj = service(type="LoadBalancer", ingress=IPS)
    assert cells(SERVICES, obj, wide=False)["EXTERNAL-IP"] == "203.0.113.10,..."


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ((), "<none>"),
        ((ServicePort(port=80, protocol="TCP"),), "80/TCP"),
        ((ServicePort(port=80, protocol="TCP", node_port=30080),), "80:30080/TCP"),
        ((ServicePort(port=53, protocol="UDP"), ServicePort(port=53, protocol="TCP")), "53/UDP,53/TCP"),
    ],
)
def test_ports(ports: tuple[ServicePort, ...], text: str):
    assert cells(SERVICES, service(ports=ports))["PORT(S)"] == text


def test_a_selector_is_sorted():
    assert cells(SERVICES, service(selector={"tier": "a", "app": "web"}))["SELECTOR"] == "app=web,tier=a"
    assert cells(SERVICES, service())["SELECTOR"] == "<none>"


def test_an_age_is_unknown_where_nobody_saw_the_object_come():
    assert cells(SERVICES, service())["AGE"] == "5m"
    assert cells(NAMESPACES, Namespace(metadata=BARE))["AGE"] == "<unknown>"


def piece(*addresses: str, ports: tuple[EndpointPort, ...] = ()) -> EndpointSlice:
    endpoints = tuple(Endpoint(addresses=(address,)) for address in addresses)
    return EndpointSlice(metadata=META, address_type="IPv4", endpoints=endpoints, ports=ports)


@pytest.mark.parametrize(
    ("addresses", "text"),
    [
        ((), "<unset>"),
        (("10.0.0.1",), "10.0.0.1"),
        (("10.0.0.1", "10.0.0.2", "10.0.0.3"), "10.0.0.1,10.0.0.2,10.0.0.3"),
        (tuple(f"10.0.0.{n}" for n in range(1, 6)), "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more..."),
    ],
)
def test_endpoints_of_a_slice(addresses: tuple[str, ...], text: str):
    assert cells(SLICES, piece(*addresses))["ENDPOINTS"] == text


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ((), "<unset>"),
        ((EndpointPort(port=80), EndpointPort(port=443)), "80,443"),
        ((EndpointPort(name="http"),), "http"),
        ((EndpointPort(),), "*"),
        (tuple(EndpointPort(port=n) for n in range(1, 5)), "1,2,3 + 1 more..."),
    ],
)
def test_ports_of_a_slice(ports: tuple[EndpointPort, ...], text: str):
    assert cells(SLICES, piece(ports=ports))["PORTS"] == text


ADDRESSES = tuple(EndpointAddress(ip=f"10.0.0.{n}") for n in range(1, 4))


@pytest.mark.parametrize(
    ("subsets", "text"),
    [
        ((), "<none>"),
        ((EndpointSubset(addresses=ADDRESSES[:1], ports=(EndpointPort(port=80),)),), "10.0.0.1:80"),
        ((EndpointSubset(addresses=ADDRESSES[:1]),), "10.0.0.1"),
        ((EndpointSubset(not_ready_addresses=ADDRESSES, ports=(EndpointPort(port=80),)),), ""),
        ((EndpointSubset(addresses=(EndpointAddress(ip="fd00::1"),), ports=(EndpointPort(port=80),)),), "[fd00::1]:80"),
        (
            (EndpointSubset(addresses=ADDRESSES, ports=(EndpointPort(port=80), EndpointPort(port=443))),),
            "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 3 more...",
        ),
    ],
)
def test_endpoints_with_their_ports(subsets: tuple[EndpointSubset, ...], text: str):
    assert cells(ENDPOINTS, Endpoints(metadata=META, subsets=subsets))["ENDPOINTS"] == text


READY = (Condition(type="Ready", status="True"),)


def pod(*, metadata: ObjectMeta = META, containers: int = 1, **status: object) -> Pod:
    spec = PodSpec(node_name="node-1", containers=tuple(Container(name=f"c{n}") for n in range(containers)))
    return Pod(metadata=metadata, spec=spec, status=PodStatus(**status))  # type: ignore[arg-type]


DELETED = ObjectMeta(name="web", deletion_timestamp="2026-01-01T11:59:00Z")


@pytest.mark.parametrize(
    ("obj", "ready", "status"),
    [
        (pod(phase="Running", conditions=READY), "1/1", "Running"),
        (pod(phase="Running", containers=2), "0/2", "Running"),
        (pod(phase="Pending"), "0/1", "Pending"),
        (pod(phase="Succeeded"), "0/1", "Succeeded"),
        (pod(phase="Running", conditions=READY, metadata=DELETED), "1/1", "Terminating"),
        (pod(phase="Running", conditions=(*READY, Condition(type=TERMINATING, status="True"))), "1/1", "Terminating"),
        (pod(phase="Failed", metadata=DELETED), "0/1", "Failed"),
    ],
)
def test_readiness_and_status_of_a_pod(obj: Pod, ready: str, status: str):
    shown = cells(PODS, obj)
    assert (shown["READY"], shown["STATUS"], shown["RESTARTS"]) == (ready, status, "0")


def test_a_sidecar_counts_among_the_containers_and_an_init_container_does_not():
    spec = PodSpec(
        containers=(Container(name="app"),),
        init_containers=(Container(name="setup"), Container(name="mesh", restart_policy="Always")),
    )
    assert cells(PODS, Pod(metadata=META, spec=spec, status=PodStatus(conditions=READY)))["READY"] == "2/2"


def test_where_a_pod_runs():
    shown = cells(PODS, pod(phase="Running", pod_ips=(PodIP(ip="10.244.0.2"), PodIP(ip="fd00::2"))))
    assert (shown["IP"], shown["NODE"]) == ("10.244.0.2", "node-1")
    shown = cells(PODS, Pod(metadata=META))
    assert (shown["IP"], shown["NODE"], shown["NOMINATED NODE"]) == ("<none>", "<none>", "<none>")


@pytest.mark.parametrize(
    ("conditions", "unschedulable", "text"),
    [
        (READY, False, "Ready"),
        ((Condition(type="Ready", status="False"),), False, "NotReady"),
        ((Condition(type="Ready", status="Unknown"),), False, "NotReady"),
        ((), False, "Unknown"),
        (READY, True, "Ready,SchedulingDisabled"),
    ],
)
def test_status_of_a_node(conditions: tuple[Condition, ...], unschedulable: bool, text: str):
    node = Node(metadata=BARE, spec=NodeSpec(unschedulable=unschedulable), status=NodeStatus(conditions=conditions))
    assert cells(NODES, node)["STATUS"] == text


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({}, "<none>"),
        ({"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}, "control-plane,worker"),
        ({"kubernetes.io/role": "edge"}, "edge"),
        ({"node-role.kubernetes.io/": ""}, "<none>"),
    ],
)
def test_roles_of_a_node(labels: dict[str, str], text: str):
    assert cells(NODES, Node(metadata=ObjectMeta(name="n", labels=labels)))["ROLES"] == text


def test_what_is_known_of_a_nodes_host():
    status = NodeStatus(
        addresses=(NodeAddress(type="Hostname", address="n"), NodeAddress(type="InternalIP", address="10.0.0.4")),
        node_info={"kubeletVersion": "v1.36.0", "osImage": "Debian"},
    )
    shown = cells(NODES, Node(metadata=BARE, status=status))
    assert (shown["VERSION"], shown["INTERNAL-IP"], shown["EXTERNAL-IP"]) == ("v1.36.0", "10.0.0.4", "<none>")
    assert (shown["OS-IMAGE"], shown["KERNEL-VERSION"]) == ("Debian", "<unknown>")


EVENT = Event(
    metadata=ObjectMeta(name="web.17", namespace="default"),
    involved_object=ObjectReference(kind="Service", namespace="default", name="web", field_path="spec.ports"),
    reason="PortConflict",
    message="two lines\nof text",
    type="Warning",
    source=EventSource(component="clusterless", host="node-1"),
    first_timestamp="2026-01-01T11:50:00Z",
    last_timestamp="2026-01-01T11:59:30Z",
    count=3,
)


def test_an_event():
    assert cells(EVENTS, EVENT) == {
        "LAST SEEN": "30s",
        "TYPE": "Warning",
        "REASON": "PortConflict",
        "OBJECT": "service/web",
        "SUBOBJECT": "spec.ports",
        "SOURCE": "clusterless, node-1",
        "MESSAGE": "two lines...",
        "FIRST SEEN": "10m",
        "COUNT": "3",
        "NAME": "web.17",
    }


def test_an_event_of_the_new_api_has_a_time_and_a_series():
    event = Event(metadata=META, event_time="2026-01-01T11:58:00.5Z", reporting_component="clusterless")
    shown = cells(EVENTS, event)
    assert (shown["LAST SEEN"], shown["FIRST SEEN"], shown["COUNT"]) == ("119s", "119s", "1")
    assert shown["SOURCE"] == "clusterless"
    again = Event(metadata=META, series=EventSeries(count=7, last_observed_time="2026-01-01T11:59:59Z"))
    assert (cells(EVENTS, again)["LAST SEEN"], cells(EVENTS, again)["COUNT"]) == ("1s", "7")
