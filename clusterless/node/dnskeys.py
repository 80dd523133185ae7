"""Pure: the frontends of the DNS Service, which our DNS server binds itself."""

from collections.abc import Collection

from controlplane.builtin import DNS_SERVICE
from controlplane.snapshot import Snapshot
from dns.config import DEFAULT_PORT
from proxy.model import FrontendKey, Protocol

METRICS_PORT = 9153


def dns_service_keys(snapshot: Snapshot) -> frozenset[FrontendKey]:
    """The frontends of the DNS Service that a DNS server of ours binds itself."""
    return keys_of(dns_service_addresses(snapshot))


def dns_service_addresses(snapshot: Snapshot) -> tuple[str, ...]:
    """The cluster IPs of the DNS Service; none if it has none."""
    service = snapshot.services.get(DNS_SERVICE)
    return service.spec.cluster_ips if service and service.has_cluster_ip else ()


def keys_of(vips: Collection[str]) -> frozenset[FrontendKey]:
    """The ports that a DNS server has on its addresses."""
    ports = [(DEFAULT_PORT, Protocol.UDP), (DEFAULT_PORT, Protocol.TCP), (METRICS_PORT, Protocol.TCP)]
    return frozenset(FrontendKey(vip, port, protocol) for vip in vips for port, protocol in ports)
