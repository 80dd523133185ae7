"""Objects as the API server would send them."""

import pytest

from controlplane.encode import encoded
from controlplane.objects import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Event,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    Node,
    ObjectMeta,
    Pod,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)

META = ObjectMeta(name="web", namespace="default")
NAMES = {"name": "web", "namespace": "default"}


def test_a_service_has_its_fields_under_the_names_of_its_manifest():
    port = ServicePort(port=80, protocol="TCP", target_port="http")
    service = Service(
        metadata=META, spec=ServiceSpec(cluster_ip="10.96.0.7", cluster_ips=("10.96.0.7",), ports=(port,))
    )
    assert encoded(service) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": NAMES,
        "spec": {
            "clusterIP": "10.96.0.7",
            "clusterIPs": ["10.96.0.7"],
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": "http"}],
        },
        "status": {"loadBalancer": {}},
    }


def test_what_is_a_pointer_in_go_is_written_when_it_is_set_to_nothing():
    spec = ServiceSpec(allocate_load_balancer_node_ports=False, publish_not_ready_addresses=False)
    assert encoded(Service(metadata=META, spec=spec))["spec"] == {"allocateLoadBalancerNodePorts": False}


def test_the_addresses_of_a_load_balancer_are_its_status():
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="203.0.113.9"),)))
    assert encoded(Service(metadata=META, status=status))["status"] == {
        "loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}
    }


def test_a_slice_without_endpoints_says_null():
    assert encoded(EndpointSlice(metadata=META, address_type="IPv4")) == {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": NAMES,
        "addressType": "IPv4",
        "endpoints": None,
        "ports": None,
    }


def test_an_endpoint_has_conditions_and_a_port_a_name_although_they_are_empty():
    piece = EndpointSlice(
        metadata=META,
        address_type="IPv4",
        endpoints=(Endpoint(addresses=("10.0.0.1",)),),
        ports=(EndpointPort(port=8080, protocol="TCP"),),
    )
    fields = encoded(piece)
    assert fields["endpoints"] == [{"addresses": ["10.0.0.1"], "conditions": {}}]
    assert fields["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (Pod(metadata=META), {"spec": {"containers": []}, "status": {}}),
        (Node(metadata=ObjectMeta(name="web")), {"spec": {}, "status": {}}),
        (Namespace(metadata=ObjectMeta(name="web")), {"spec": {}, "status": {}}),
    ],
)
def test_spec_and_status_are_there_although_they_are_empty(obj: Pod | Node | Namespace, expected: dict[str, object]):
    fields = encoded(obj)
    assert {name: fields[name] for name in ("spec", "status")} == expected
    assert (fields["apiVersion"], fields["kind"]) == ("v1", type(obj).__name__)


def test_an_event_is_a_core_event():
    fields = encoded(Event(metadata=META, reason="Refused", type="Warning"))
    assert (fields["apiVersion"], fields["kind"], fields["reason"]) == ("v1", "Event", "Refused")
