import pytest

from controlplane.fielderrors import duplicate, forbidden, invalid, required, unsupported
from controlplane.invalidhints import hint_of, holder_hint, written_path

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
PROTOCOLS = ("TCP", "UDP", "SCTP")
IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
LOOPBACK = "may not be in the loopback range (127.0.0.0/8, ::1/128)"


@pytest.mark.parametrize(
    ("path", "spec", "expected"),
    [
        ("spec.clusterIPs[0]", {"clusterIP": "10.0.0.1"}, "spec.clusterIP"),
        ("spec.clusterIPs", {}, "spec.clusterIP"),
        ("spec.clusterIPs[0]", {"clusterIPs": ["10.0.0.1"]}, "spec.clusterIPs[0]"),
        ("spec.clusterIPs[0]", None, "spec.clusterIPs[0]"),
        ("spec.ports[0].port", {"clusterIP": "10.0.0.1"}, "spec.ports[0].port"),
    ],
)
def test_a_mistake_is_looked_for_under_the_name_that_was_written(path, spec, expected):
    assert written_path(path, {"spec": spec}) == expected


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (invalid("spec.clusterIPs[0]", ["10.96.0.9"], "may not change once set"), "delete the object"),
        (forbidden("spec.healthCheckNodePort", "field is immutable"), "delete the object"),
        (forbidden("spec.ports[0].nodePort", "may not be used when `type` is 'ClusterIP'"), "`type: NodePort`"),
        (unsupported("spec.type", "Headless", TYPES), "`clusterIP: None`"),
        (unsupported("spec.type", "None-Selector", TYPES), "a Service without selector"),
        (unsupported("spec.type", "ExternalIP", TYPES), "`externalIPs`"),
        (unsupported("spec.type", "Loadbalancer", TYPES), 'did you mean "LoadBalancer"?'),
        (unsupported("spec.ports[0].protocol", "tcp", PROTOCOLS), 'did you mean "TCP"?'),
        (unsupported("spec.ports[0].protocol", "http", PROTOCOLS), "http is spoken over TCP"),
        (invalid("spec.ports[0].targetPort", "8080", "must contain at least one letter (a-z)"), "without quotes: 8080"),
        (invalid("spec.clusterIPs[0]", "none", IP_TEXT), 'did you mean "None"?'),
        (invalid("subsets[0].addresses[0].ip", "127.0.0.1", LOOPBACK), "--allow-loopback-endpoints"),
    ],
)
def test_hints_say_what_to_change(error, hint):
    assert hint in hint_of(error)


@pytest.mark.parametrize(
    "error",
    [
        required("spec.ports"),
        duplicate("spec.ports[1].name", "http"),
        unsupported("spec.type", "Something", TYPES),
        invalid("spec.ports[0].targetPort", "a--b", "must not contain consecutive hyphens"),
        invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services"),
        invalid("spec.clusterIPs[0]", "10.0.0.256", IP_TEXT),
        invalid("spec.externalIPs[0]", "127.0.0.1", LOOPBACK),
    ],
)
def test_where_the_message_says_it_all_there_is_no_hint(error):
    assert hint_of(error) == ""


TAKEN = "provided port is already allocated"


@pytest.mark.parametrize(
    ("error", "holder"),
    [
        (invalid("spec.ports[0].nodePort", 30080, TAKEN), "front"),
        (invalid("spec.ports[0].nodePort", 30081, TAKEN), ""),
        (
            invalid(
                "spec.clusterIPs", ["10.96.0.2"], "failed to allocate IP 10.96.0.2: provided IP is already allocated"
            ),
            "back",
        ),
        (
            invalid(
                "spec.clusterIPs", ["10.96.0.1"], "failed to allocate IP 10.96.0.1: provided IP is already allocated"
            ),
            "",
        ),
        (invalid("spec.ports[0].nodePort", 30080, "something else"), ""),
    ],
)
def test_the_holder_of_a_number_is_named(make, error, holder):
    services = [
        make("Service", name="front", spec={"ports": [{"port": 80, "nodePort": 30080}], "clusterIPs": ["10.96.0.21"]}),
        make("Service", name="back", spec={"ports": [{"port": 80}], "clusterIPs": ["10.96.0.2"]}),
    ]
    expected = f'Service "{holder}" in namespace "default" has it' if holder else ""
    assert holder_hint(error, services) == expected
