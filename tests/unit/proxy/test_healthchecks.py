import json
from http import HTTPStatus

import msgspec
import pytest

from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.healthchecks import HealthCheck, HealthCheckKey, answer, health_checks

WEB = NamespacedName("default", "web")
PORT = HealthCheckKey(30999, "IPv4")
HERE, THERE = "n1", "n2"


def service(ips=("10.96.0.7",), labels=None, **spec):
    settings = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 30999,
        "clusterIP": ips[0] if ips else "None",
        "clusterIPs": ips,
        **spec,
    }
    metadata = {"namespace": WEB.namespace, "name": WEB.name, "labels": labels or {}}
    return msgspec.convert({"metadata": metadata, "spec": settings}, Service)


def piece(*endpoints, ports=(80,), family="IPv4"):
    raw = {
        "addressType": family,
        "ports": [{"name": str(port), "port": port} for port in ports],
        "endpoints": [
            {"addresses": [address], "nodeName": node, "conditions": conditions}
            for address, node, conditions in endpoints
        ],
    }
    return msgspec.convert(raw, EndpointSlice)


READY = {"ready": True}
NOT_READY = {"ready": False}
TERMINATING = {"ready": False, "serving": True, "terminating": True}


def checks(made, *slices):
    snapshot = Snapshot(
        generation=1,
        options=ClusterOptions(),
        namespaces={},
        nodes={},
        pods={},
        services={WEB: made},
        slices={WEB: slices},
    )
    return health_checks(snapshot, HERE)


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        pytest.param([], 0, id="no endpoints anywhere"),
        pytest.param([piece(("10.244.0.1", THERE, READY))], 0, id="endpoints on other nodes"),
        pytest.param([piece(("10.244.0.1", HERE, READY), ("10.244.0.2", HERE, READY))], 2, id="two pods"),
        pytest.param([piece(("10.244.0.1", HERE, READY), ports=(80, 443))], 1, id="one pod with two ports"),
        pytest.param(
            [piece(("10.244.0.1", HERE, READY)), piece(("10.244.0.1", HERE, READY), ports=(443,))],
            1,
            id="one pod in two slices",
        ),
        pytest.param([piece(("10.244.0.1", HERE, NOT_READY))], 0, id="not ready"),
        pytest.param([piece(("10.244.0.1", HERE, TERMINATING))], 0, id="serves while it terminates"),
        pytest.param([piece(("10.244.0.1", "", READY))], 0, id="on no known node"),
        pytest.param([piece(("10.244.0.1", HERE, {}))], 1, id="without conditions"),
    ],
)
def test_local_endpoints_are_counted(slices, expected):
    assert checks(service(), *slices) == {PORT: HealthCheck(WEB, expected)}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(service(type="NodePort"), id="another type"),
        pytest.param(service(externalTrafficPolicy="Cluster"), id="every node serves"),
        pytest.param(service(healthCheckNodePort=0), id="no port"),
        pytest.param(service(ips=()), id="headless"),
        pytest.param(service(labels={"service.kubernetes.io/service-proxy-name": "other"}), id="another proxy's"),
    ],
)
def test_services_without_a_health_check(made):
    assert checks(made) == {}


def test_families_are_counted_apart():
    slices = piece(("10.244.0.1", HERE, READY)), piece(("fd00::1", THERE, READY), family="IPv6")
    assert checks(service(ips=("10.96.0.7", "fd00:96::7")), *slices) == {
        PORT: HealthCheck(WEB, 1),
        HealthCheckKey(30999, "IPv6"): HealthCheck(WEB, 0),
    }


@pytest.mark.parametrize(
    ("endpoints", "healthy", "status"),
    [
        (1, True, HTTPStatus.OK),
        (3, True, HTTPStatus.OK),
        (0, True, HTTPStatus.SERVICE_UNAVAILABLE),
        (1, False, HTTPStatus.SERVICE_UNAVAILABLE),
        (0, False, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_the_answer_of_a_health_check_node_port(endpoints, healthy, status):
    reply = answer(HealthCheck(WEB, endpoints), is_proxy_healthy=healthy)
    assert reply.status is status
    assert reply.headers == {
        "X-Content-Type-Options": "nosniff",
        "X-Load-Balancing-Endpoint-Weight": str(endpoints),
    }
    assert json.loads(reply.body) == {
        "service": {"namespace": "default", "name": "web"},
        "localEndpoints": endpoints,
        "serviceProxyHealthy": healthy,
    }


def test_the_body_is_kube_proxy_s():
    body = answer(HealthCheck(WEB, 2), is_proxy_healthy=True).body.decode()
    assert body == (
        '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n'
        '\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}'
    )
