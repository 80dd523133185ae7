"""Pure: what stands in a host's /etc/resolv.conf and /etc/hosts, as the kubelet writes them."""

from controlplane.objects import Pod
from controlplane.snapshot import Snapshot

from .topology import OUTSIDE_DNS, Host, Role

# What kubelet writes for dnsPolicy ClusterFirst (pkg/kubelet/network/dns): five dots, so that `web.shop` is searched.
NDOTS = 5


def resolv_conf(host: Host, dns_addresses: tuple[str, ...], cluster_domain: str) -> str:
    """A pod asks the cluster's DNS with its namespace first; every other host asks the outside's server."""
    if host.role is not Role.POD or host.pod is None or not dns_addresses:
        return f"nameserver {OUTSIDE_DNS}\n"
    search = f"{host.pod.namespace}.svc.{cluster_domain} svc.{cluster_domain} {cluster_domain}"
    lines = [f"search {search}", *(f"nameserver {address}" for address in dns_addresses), f"options ndots:{NDOTS}"]
    return "\n".join(lines) + "\n"


def hosts(host: Host, snapshot: Snapshot) -> str:
    """/etc/hosts: localhost, and a pod's own names with the subdomain's where it has one."""
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    pod = snapshot.pods.get(host.pod) if host.pod else None
    names = _names(pod, snapshot.options.cluster_domain) if pod else [host.hostname]
    lines += ["\t".join([address, *names]) for address in host.addresses]
    return "\n".join(lines) + "\n"


def _names(pod: Pod, cluster_domain: str) -> list[str]:
    hostname = pod.spec.hostname or pod.metadata.name
    if not pod.spec.subdomain:
        return [hostname]
    return [f"{hostname}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{cluster_domain}", hostname]
