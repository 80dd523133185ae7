"""Pure: what the health check node port of a Service answers: kube-proxy's `pkg/proxy/healthcheck/service_health.go`.

A load balancer asks every node at this port, and sends to those that have endpoints of their own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.snapshot import Snapshot

from .addresstext import IPV4, IPV6, family_of
from .endpoints import endpoints_by_port
from .servicefrontends import is_skipped


class HealthCheckKey(NamedTuple):
    """One port in one family: the families of a node are proxied, and checked, apart."""

    port: int
    family: str


class HealthCheck(NamedTuple):
    """Whose port it is, and how many endpoints (distinct addresses) this node has for it."""

    service: NamespacedName
    local_endpoints: int


class HealthCheckAnswer(NamedTuple):
    """What is answered to any path and method."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: bytes


def health_checks(snapshot: Snapshot, node_name: str) -> dict[HealthCheckKey, HealthCheck]:
    """The health check node ports that a node serves, whether or not it has endpoints for them."""
    found: dict[HealthCheckKey, HealthCheck] = {}
    for key, service in snapshot.services.items():
        if has_health_check(service):
            for family in _families(service):
                count = _local_endpoints(snapshot.slices_of(key), node_name, family)
                found[HealthCheckKey(service.spec.health_check_node_port, family)] = HealthCheck(key, count)
    return found


def has_health_check(service: Service) -> bool:
    """Whether nodes are told apart: a load balancer that may only use those with endpoints."""
    spec = service.spec
    is_local = spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"
    return is_local and bool(spec.health_check_node_port) and not is_skipped(service)


def answer(check: HealthCheck, *, is_proxy_healthy: bool) -> HealthCheckAnswer:
    """200 where the node has endpoints and its proxy works, else 503."""
    is_good = check.local_endpoints > 0 and is_proxy_healthy
    body = {
        "service": {"namespace": check.service.namespace, "name": check.service.name},
        "localEndpoints": check.local_endpoints,
        "serviceProxyHealthy": is_proxy_healthy,
    }
    return HealthCheckAnswer(
        HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE,
        {"X-Content-Type-Options": "nosniff", "X-Load-Balancing-Endpoint-Weight": str(check.local_endpoints)},
        json.dumps(body, indent="\t").encode(),
    )


def _families(service: Service) -> Iterator[str]:
    addresses = service.spec.cluster_ips or (service.spec.cluster_ip,)
    yield from (family for family in (IPV4, IPV6) if any(family_of(address) == family for address in addresses))


def _local_endpoints(slices: Sequence[EndpointSlice], node_name: str, family: str) -> int:
    """Ready ones only: those that serve while they terminate get the rest of the traffic, but no new nodes' trust."""
    infos = (info for port in endpoints_by_port(slices, family).values() for info in port)
    return len({info.endpoint.address for info in infos if info.ready and info.endpoint.node == node_name})
