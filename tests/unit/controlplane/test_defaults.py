"""Each default of the API server, and that nothing else is touched."""

import msgspec
import pytest

from controlplane.defaults import with_defaults

WEB = [{"port": 80, "protocol": "TCP", "targetPort": 80}]
FILLED = {"type": "ClusterIP", "ports": WEB, "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}


def filled(obj):
    """The fields of the defaulted object, as a manifest would spell them."""
    return msgspec.json.decode(msgspec.json.encode(with_defaults(obj)))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ports": [{"port": 80}]}, FILLED),
        ({"ports": [{"port": 80, "targetPort": ""}]}, FILLED),
        ({"ports": [{"port": 80, "targetPort": "http", "protocol": "UDP"}]},
         {**FILLED, "ports": [{"port": 80, "targetPort": "http", "protocol": "UDP"}]}),
        ({**FILLED, "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, FILLED),
        *(
            ({**FILLED, "sessionAffinity": "ClientIP", **config},
             {**FILLED, "sessionAffinity": "ClientIP",
              "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})
            for config in (
                {},
                {"sessionAffinityConfig": {}},
                {"sessionAffinityConfig": {"clientIP": {}}},
            )
        ),
        ({**FILLED, "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}},
         {**FILLED, "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}),
        ({**FILLED, "sessionAffinity": "Cookie", "sessionAffinityConfig": {}},
         {**FILLED, "sessionAffinity": "Cookie", "sessionAffinityConfig": {}}),
        ({**FILLED, "externalIPs": ["192.0.2.1"]},
         {**FILLED, "externalIPs": ["192.0.2.1"], "externalTrafficPolicy": "Cluster"}),
        ({**FILLED, "type": "NodePort"}, {**FILLED, "type": "NodePort", "externalTrafficPolicy": "Cluster"}),
        ({**FILLED, "type": "LoadBalancer", "externalTrafficPolicy": "Local"},
         {**FILLED, "type": "LoadBalancer", "externalTrafficPolicy": "Local", "allocateLoadBalancerNodePorts": True}),
        ({**FILLED, "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False},
         {**FILLED, "type": "LoadBalancer", "externalTrafficPolicy": "Cluster",
          "allocateLoadBalancerNodePorts": False}),
        ({"type": "ExternalName", "externalName": "a.b", "internalTrafficPolicy": "Cluster"},
         {"type": "ExternalName", "externalName": "a.b", "sessionAffinity": "None"}),
    ],
)  # fmt: skip
def test_service(make, spec, expected):
    assert filled(make("Service", spec=spec))["spec"] == expected


def test_the_addresses_of_a_load_balancer_are_captured_unless_said_otherwise(make):
    ingress = [{"ip": "203.0.113.7"}, {"ip": "203.0.113.8", "ipMode": "Proxy"}, {"hostname": "lb.example"}]
    status = {"loadBalancer": {"ingress": ingress}}
    balancer = make("Service", spec={"type": "LoadBalancer"}, status=status)
    assert [entry.ip_mode for entry in with_defaults(balancer).status.load_balancer.ingress] == ["VIP", "Proxy", None]
    other = make("Service", spec={"type": "NodePort"}, status=status)
    assert with_defaults(other).status == other.status


def test_endpoints_and_slices_speak_tcp(make):
    endpoints = make("Endpoints", subsets=[{"ports": [{"port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}]}])
    assert [port.protocol for port in with_defaults(endpoints).subsets[0].ports] == ["TCP", "UDP"]
    slice_ = with_defaults(make("EndpointSlice", addressType="IPv4", ports=[{"port": 80}]))
    assert [(port.name, port.protocol) for port in slice_.ports] == [("", "TCP")]


def test_pod(make):
    container = {"name": "main", "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]}
    spec = with_defaults(make("Pod", spec={"containers": [container], "initContainers": [container]})).spec
    assert spec.enable_service_links is True
    assert spec.dns_policy == "ClusterFirst"
    for defaulted in (*spec.containers, *spec.init_containers):
        assert [port.protocol for port in defaulted.ports] == ["TCP", "UDP"]


def test_what_a_pod_says_stays(make):
    spec = with_defaults(make("Pod", spec={"enableServiceLinks": False, "dnsPolicy": "None"})).spec
    assert (spec.enable_service_links, spec.dns_policy) == (False, "None")


@pytest.mark.parametrize(
    ("kind", "replicas", "expected"),
    [("Deployment", None, 1), ("StatefulSet", None, 1), ("ReplicaSet", 0, 0), ("DaemonSet", None, None)],
)
def test_workload(make, kind, replicas, expected):
    spec = {"template": {"spec": {"containers": [{"name": "main", "ports": [{"containerPort": 80}]}]}}}
    defaulted = with_defaults(make(kind, spec=spec if replicas is None else {**spec, "replicas": replicas}))
    assert defaulted.spec.replicas == expected
    assert defaulted.spec.template.spec.containers[0].ports[0].protocol == "TCP"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Service", {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "sessionAffinity": "ClientIP"},
                     "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}),
        ("Endpoints", {"subsets": [{"ports": [{"port": 80}]}]}),
        ("EndpointSlice", {"ports": [{"port": 80}]}),
        ("Pod", {"spec": {"containers": [{"ports": [{"containerPort": 80}]}]}}),
        ("Deployment", {"spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}}),
        ("Namespace", {}),
        ("Node", {}),
    ],
)  # fmt: skip
def test_an_object_with_its_defaults_is_not_made_again(make, kind, fields):
    defaulted = with_defaults(make(kind, **fields))
    assert with_defaults(defaulted) is defaulted


def test_a_namespace_lives_and_bears_its_name_as_a_label(make):
    defaulted = with_defaults(make("Namespace", name="shop", metadata={"labels": {"tier": "a"}}))
    assert defaulted.metadata.labels == {"kubernetes.io/metadata.name": "shop", "tier": "a"}
    assert (defaulted.spec, defaulted.status) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    leaving = make("Namespace", status={"phase": "Terminating"})
    assert with_defaults(leaving).status == {"phase": "Terminating"}


def test_a_node_is_ready_unless_its_manifest_speaks_of_conditions(make):
    assert [(each.type, each.status) for each in with_defaults(make("Node")).status.conditions] == [("Ready", "True")]
    written = make("Node", status={"conditions": [{"type": "DiskPressure", "status": "True"}]})
    assert [each.type for each in with_defaults(written).status.conditions] == ["DiskPressure"]
