"""Pure: which names a client's resolver asks for, and whom: its resolv.conf, as a stub resolver reads it."""

from typing import NamedTuple

from clusterless.node.dnskeys import dns_service_addresses
from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot
from dns.model import Labels
from dns.names import from_text
from dns.resolvconf import nameservers, search_domains
from lab.hostfiles import resolv_conf
from lab.topology import Host, Role

from .origin import Origin, OriginKind

_DEFAULT_NDOTS = 1  # resolv.conf(5)
_UNNAMED = "a-pod-that-nobody-wrote"


class SearchList(NamedTuple):
    """A resolver's configuration; `asks_cluster` says whether its first server is the cluster's."""

    policy: str
    search: tuple[Labels, ...]
    ndots: int
    asks_cluster: bool

    def names(self, host: str) -> tuple[Labels, ...]:
        """The names to ask for, in order (glibc's res_nsearch, musl alike). Raises ValueError for what is no name."""
        name = from_text(host)
        if host.endswith("."):
            return (name,)
        expanded = tuple((*name, *domain) for domain in self.search)
        return (name, *expanded) if host.count(".") >= self.ndots else (*expanded, name)


def search_list_of(snapshot: Snapshot, origin: Origin) -> SearchList:
    """What stands in the client's resolv.conf; nodes and hosts outside have none of the cluster's."""
    if origin.kind is not OriginKind.POD:
        return SearchList("", (), _DEFAULT_NDOTS, asks_cluster=False)
    key = origin.pod.key if origin.pod else NamespacedName(origin.namespace, _UNNAMED)
    host = Host(
        name=str(key), role=Role.POD, addresses=origin.addresses, router="", gateways=(), hostname=key.name, pod=key
    )
    text = resolv_conf(host, snapshot)
    servers = nameservers(text)
    return SearchList(
        policy=(origin.pod.spec.dns_policy if origin.pod else "") or "ClusterFirst",
        search=search_domains(text),
        ndots=_ndots(text),
        asks_cluster=bool(servers) and servers[0].address in dns_service_addresses(snapshot),
    )


def _ndots(text: str) -> int:
    words = [word for line in text.splitlines() if line.startswith("options ") for word in line.split()[1:]]
    values = [word.partition(":")[2] for word in words if word.startswith("ndots:")]
    return next((int(value) for value in reversed(values) if value.isdecimal()), _DEFAULT_NDOTS)
