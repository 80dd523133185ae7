"""The environment is that of the kubelet: TestFromServices of `pkg/kubelet/envvars`, `getServiceEnvVarMap`."""

import pytest

from controlplane.objects import NamespacedName, ObjectMeta, Service, ServicePort, ServiceSpec
from controlplane.serviceenv import service_environment


def service(
    name: str, cluster_ip: str, *ports: ServicePort, namespace: str = "test", kind: str = "ClusterIP"
) -> Service:
    metadata = ObjectMeta(name=name, namespace=namespace)
    return Service(metadata=metadata, spec=ServiceSpec(type=kind, cluster_ip=cluster_ip, ports=ports))


def port(number: int, protocol: str = "TCP", name: str = "") -> ServicePort:
    return ServicePort(name=name, port=number, protocol=protocol)


def by_key(*services: Service) -> dict[NamespacedName, Service]:
    return {item.key: item for item in services}


FROM_SERVICES = by_key(
    service("foo-bar", "1.2.3.4", port(8080)),
    service("abc-123", "5.6.7.8", port(8081, "UDP", "u-d-p"), port(8081, "TCP", "t-c-p")),
    service("q-u-u-x", "9.8.7.6", port(8082), port(8083, name="8083")),
    service("svrc-clusterip-none", "None", port(8082)),
    service("svrc-clusterip-empty", "", port(8082)),
    service("super-ipv6", "2001:DB8::", port(8084, "UDP", "u-d-p"), port(8084, "TCP", "t-c-p")),
    service("sctp-1", "1.2.3.4", port(777, "SCTP")),
)

EXPECTED = """
ABC_123_SERVICE_HOST=5.6.7.8
ABC_123_SERVICE_PORT=8081
ABC_123_SERVICE_PORT_U_D_P=8081
ABC_123_SERVICE_PORT_T_C_P=8081
ABC_123_PORT=udp://5.6.7.8:8081
ABC_123_PORT_8081_UDP=udp://5.6.7.8:8081
ABC_123_PORT_8081_UDP_PROTO=udp
ABC_123_PORT_8081_UDP_PORT=8081
ABC_123_PORT_8081_UDP_ADDR=5.6.7.8
ABC_123_PORT_8081_TCP=tcp://5.6.7.8:8081
ABC_123_PORT_8081_TCP_PROTO=tcp
ABC_123_PORT_8081_TCP_PORT=8081
ABC_123_PORT_8081_TCP_ADDR=5.6.7.8
FOO_BAR_SERVICE_HOST=1.2.3.4
FOO_BAR_SERVICE_PORT=8080
FOO_BAR_PORT=tcp://1.2.3.4:8080
FOO_BAR_PORT_8080_TCP=tcp://1.2.3.4:8080
FOO_BAR_PORT_8080_TCP_PROTO=tcp
FOO_BAR_PORT_8080_TCP_PORT=8080
FOO_BAR_PORT_8080_TCP_ADDR=1.2.3.4
Q_U_U_X_SERVICE_HOST=9.8.7.6
Q_U_U_X_SERVICE_PORT=8082
Q_U_U_X_SERVICE_PORT_8083=8083
Q_U_U_X_PORT=tcp://9.8.7.6:8082
Q_U_U_X_PORT_8082_TCP=tcp://9.8.7.6:8082
Q_U_U_X_PORT_8082_TCP_PROTO=tcp
Q_U_U_X_PORT_8082_TCP_PORT=8082
Q_U_U_X_PORT_8082_TCP_ADDR=9.8.7.6
Q_U_U_X_PORT_8083_TCP=tcp://9.8.7.6:8083
Q_U_U_X_PORT_8083_TCP_PROTO=tcp
Q_U_U_X_PORT_8083_TCP_PORT=8083
Q_U_U_X_PORT_8083_TCP_ADDR=9.8.7.6
SCTP_1_SERVICE_HOST=1.2.3.4
SCTP_1_SERVICE_PORT=777
SCTP_1_PORT=sctp://1.2.3.4:777
SCTP_1_PORT_777_SCTP=sctp://1.2.3.4:777
SCTP_1_PORT_777_SCTP_PROTO=sctp
SCTP_1_PORT_777_SCTP_PORT=777
SCTP_1_PORT_777_SCTP_ADDR=1.2.3.4
SUPER_IPV6_SERVICE_HOST=2001:DB8::
SUPER_IPV6_SERVICE_PORT=8084
SUPER_IPV6_SERVICE_PORT_U_D_P=8084
SUPER_IPV6_SERVICE_PORT_T_C_P=8084
SUPER_IPV6_PORT=udp://[2001:DB8::]:8084
SUPER_IPV6_PORT_8084_UDP=udp://[2001:DB8::]:8084
SUPER_IPV6_PORT_8084_UDP_PROTO=udp
SUPER_IPV6_PORT_8084_UDP_PORT=8084
SUPER_IPV6_PORT_8084_UDP_ADDR=2001:DB8::
SUPER_IPV6_PORT_8084_TCP=tcp://[2001:DB8::]:8084
SUPER_IPV6_PORT_8084_TCP_PROTO=tcp
SUPER_IPV6_PORT_8084_TCP_PORT=8084
SUPER_IPV6_PORT_8084_TCP_ADDR=2001:DB8::
"""


def test_every_service_has_the_variables_that_the_kubelet_sets():
    found = service_environment(FROM_SERVICES, "test")
    assert [f"{name}={value}" for name, value in found.items()] == EXPECTED.split()


NAMESPACES = by_key(
    service("kubernetes", "10.96.0.1", port(443, name="https"), namespace="default"),
    service("web", "10.96.0.9", port(80), namespace="default"),
    service("web", "10.96.0.20", port(80), namespace="shop"),
    service("kubernetes", "10.96.0.30", port(443), namespace="own"),
    service("kubernetes", "None", port(443), namespace="headless"),
    service("outside", "10.96.0.40", port(80), namespace="shop", kind="ExternalName"),
    service("portless", "10.96.0.50", namespace="shop"),
)


@pytest.mark.parametrize(
    ("namespace", "links", "hosts"),
    [
        ("shop", True, {"KUBERNETES": "10.96.0.1", "WEB": "10.96.0.20"}),
        ("shop", False, {"KUBERNETES": "10.96.0.1"}),
        ("default", True, {"KUBERNETES": "10.96.0.1", "WEB": "10.96.0.9"}),
        ("default", False, {"KUBERNETES": "10.96.0.1"}),
        ("own", True, {"KUBERNETES": "10.96.0.30"}),
        ("own", False, {"KUBERNETES": "10.96.0.1"}),
        ("headless", True, {"KUBERNETES": "10.96.0.1"}),
        ("empty", True, {"KUBERNETES": "10.96.0.1"}),
    ],
)
def test_a_pod_sees_the_services_of_its_namespace_and_always_the_api_server(namespace, links, hosts):
    found = service_environment(NAMESPACES, namespace, enable_service_links=links)
    suffix = "_SERVICE_HOST"
    assert {name.removesuffix(suffix): value for name, value in found.items() if name.endswith(suffix)} == hosts


def test_without_any_service_there_is_nothing_to_tell():
    assert service_environment({}, "shop") == {}
