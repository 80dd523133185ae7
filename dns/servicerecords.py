"""Pure: what stands behind the names of Services, their ports and endpoints (CoreDNS `findServices`)."""

import ipaddress

from controlplane.objects import NamespacedName, Service

from .endpoints import NamedPort
from .grammar import ServiceName
from .lookups import Alias, Found, Hit, Lookup, Missing
from .model import Labels
from .names import from_text
from .visible import VisibleCluster


def find_service(cluster: VisibleCluster, asked: ServiceName) -> Lookup:
    """The addresses of a Service, of one of its ports or of an endpoint; or where an ExternalName leads."""
    key = NamespacedName(asked.namespace, asked.service)
    service = cluster.service(key)
    if service is None:
        return Missing("no such Service")
    if service.spec.type == "ExternalName":
        return _alias(service, asked)
    if asked.zone:
        return _zonal(cluster, service, asked)
    if service.is_headless or asked.endpoint:
        return _endpoints(cluster, key, asked)
    if cluster.options.ignore_empty_service and not cluster.has_endpoints(key):
        return Missing(f"Service {key} has 0 ready endpoints, and ignore empty_service is set")
    return _cluster_ips(service, asked)


def service_name(key: NamespacedName) -> Labels:
    """The name of a Service, relative to the zone."""
    return (key.name.encode(), key.namespace.encode(), b"svc")


def cluster_ips_of(service: Service) -> tuple[str, ...]:
    """The virtual addresses of a Service; none if it is headless or an ExternalName."""
    if not service.has_cluster_ip:
        return ()
    return service.spec.cluster_ips or (service.spec.cluster_ip,)


def _cluster_ips(service: Service, asked: ServiceName) -> Lookup:
    owner = service_name(service.key)
    hits = tuple(
        [
            Hit(owner, address, port.port)
            for port in service.spec.ports
            if NamedPort(port.name.lower(), port.protocol.lower(), port.port).matches(asked.port, asked.protocol)
            for address in cluster_ips_of(service)
        ]
    )
    return Found(hits) if hits else Missing(f"Service {service.key} has no such port")


def _zonal(cluster: VisibleCluster, service: Service, asked: ServiceName) -> Lookup:
    """The endpoints in one topology zone; without any there, all of them, or none, as the name says."""
    if not service.is_headless:
        return Missing(f"Service {service.key} is not headless: it has no names by zone")
    found = _endpoints(cluster, service.key, asked)
    if isinstance(found, Found):
        return found
    return _endpoints(cluster, service.key, asked._replace(zone="")) if asked.prefers_zone else Found(is_empty=True)


def _endpoints(cluster: VisibleCluster, key: NamespacedName, asked: ServiceName) -> Lookup:
    base = service_name(key)
    hits = tuple(
        [
            Hit((endpoint.name.encode(), *base), endpoint.address, port.number)
            for group in cluster.groups(key)
            for endpoint in group.endpoints
            if asked.endpoint in ("", endpoint.name.lower()) and asked.zone in ("", endpoint.zone)
            for port in group.ports
            if port.matches(asked.port, asked.protocol)
        ]
    )
    return Found(hits) if hits else Missing(_why_no_endpoint(cluster, key, asked))


def _why_no_endpoint(cluster: VisibleCluster, key: NamespacedName, asked: ServiceName) -> str:
    if not cluster.has_endpoints(key):
        return f"{'Service' if asked.endpoint else 'headless Service'} {key} has 0 ready endpoints"
    if asked.endpoint:
        return f"Service {key} has no ready endpoint of this name"
    return f"headless Service {key} has no such port"


def _alias(service: Service, asked: ServiceName) -> Lookup:
    """The target of an ExternalName; none below the name, and none for what is an address or no name at all."""
    if asked.is_below:
        return Missing(f"nothing is below ExternalName Service {service.key}")
    target = service.spec.external_name
    if _is_address(target):
        return Missing(f"externalName of Service {service.key} is an IP address, not a DNS name")
    try:
        return Alias(from_text(target))
    except ValueError:
        return Missing(f"externalName of Service {service.key} is not a DNS name")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
