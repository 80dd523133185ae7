"""Pure: what stands in a host's /etc/resolv.conf and /etc/hosts, as the kubelet writes them."""

from collections.abc import Iterable, Sequence

from controlplane.builtin import DNS_SERVICE
from controlplane.objects import Pod, PodDNSConfig
from controlplane.snapshot import Snapshot

from .addresses import OUTSIDE_DNS, families, of_families
from .podnames import pod_domain, pod_hostname
from .topology import Host

# What kubelet writes for dnsPolicy ClusterFirst (pkg/kubelet/network/dns): five dots, so that `web.shop` is searched.
NDOTS = 5
_MOST_NAMESERVERS = 3  # MAXNS of resolv.h; the kubelet leaves out the others


def resolv_conf(host: Host, snapshot: Snapshot) -> str:
    """A pod asks the cluster's DNS with its namespace first; every other host asks the outside's server."""
    pod = snapshot.pods.get(host.pod) if host.pod else None
    config = (pod.spec.dns_config if pod else None) or PodDNSConfig()
    servers, searches, options = _of_policy(host, pod, snapshot)
    servers = tuple(dict.fromkeys((*servers, *config.nameservers)))[:_MOST_NAMESERVERS]
    searches = tuple(dict.fromkeys((*searches, *config.searches)))
    options = options | {option.name: option.value or "" for option in config.options}
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {address}" for address in servers]
    if options:
        lines.append(" ".join(["options", *(f"{name}:{value}" if value else name for name, value in options.items())]))
    return "\n".join(lines) + "\n"


def _of_policy(
    host: Host, pod: Pod | None, snapshot: Snapshot
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """The name servers, search paths and options before `dnsConfig` adds to them."""
    if pod is not None and pod.spec.dns_policy == "None":
        return (), (), {}
    service = snapshot.services.get(DNS_SERVICE)
    servers = service.spec.cluster_ips if service and service.has_cluster_ip else ()
    if host.pod is None or not servers or not _asks_cluster(pod):
        return of_families(OUTSIDE_DNS, families(snapshot.options)), (), {}
    domain = snapshot.options.cluster_domain
    searches = (f"{host.pod.namespace}.svc.{domain}", f"svc.{domain}", domain)
    return tuple(servers), searches, {"ndots": str(NDOTS)}


def _asks_cluster(pod: Pod | None) -> bool:
    """What `dnsPolicy` says; ClusterFirst, the default, does not hold for pods in their node's network."""
    if pod is None:
        return True
    if pod.spec.dns_policy == "ClusterFirstWithHostNet":
        return True
    return pod.spec.dns_policy in ("", "ClusterFirst") and not pod.spec.host_network


def hosts(host: Host, snapshot: Snapshot) -> str:
    """/etc/hosts: localhost and the host's own name; a pod's as the kubelet writes it, with its aliases.

    A pod in its node's network has the node's file, under another heading.
    """
    pod = snapshot.pods.get(host.pod) if host.pod else None
    if host.pod is None:
        return "".join(["127.0.0.1\tlocalhost\n", *_lines(host.addresses, [host.hostname])])
    if host.in_network_of:
        heading = "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n"
        return "".join([heading, *_lines(host.addresses, [host.hostname]), *_aliases(pod)])
    names = _names(pod, snapshot.options.cluster_domain) if pod else [host.hostname]
    return "".join([_POD_HEADING, *_lines(host.addresses, names), *_aliases(pod)])


# `managedHostsFileContent` and `hostsEntriesFromHostAliases` in pkg/kubelet/kubelet_pods.go.
_POD_HEADING = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def _lines(addresses: Iterable[str], names: Sequence[str]) -> Iterable[str]:
    return ("\t".join([address, *names]) + "\n" for address in addresses)


def _aliases(pod: Pod | None) -> Iterable[str]:
    if pod is None or not pod.spec.host_aliases:
        return []
    lines = (line for alias in pod.spec.host_aliases for line in _lines([alias.ip], alias.hostnames))
    return ["\n# Entries added by HostAliases.\n", *lines]


def _names(pod: Pod, cluster_domain: str) -> list[str]:
    hostname = pod_hostname(pod)
    return [f"{hostname}.{domain}", hostname] if (domain := pod_domain(pod, cluster_domain)) else [hostname]
