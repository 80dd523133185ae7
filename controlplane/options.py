"""Pure: what the operator decides about the cluster, before any manifest is read."""

import msgspec

DEFAULT_SERVICE_RANGE = "10.96.0.0/12"  # kubeadm v1beta4 defaults
DEFAULT_CLUSTER_CIDR = "10.244.0.0/16"  # kubeadm's usual pod network


class PortRange(msgspec.Struct, frozen=True):
    """Both ends belong to the range."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The flags that a cluster's control plane would be started with; ranges are CIDRs, at most one a family."""

    service_cluster_ip_ranges: tuple[str, ...] = (DEFAULT_SERVICE_RANGE,)
    service_node_port_range: PortRange = PortRange(30000, 32767)
    cluster_cidrs: tuple[str, ...] = (DEFAULT_CLUSTER_CIDR,)
    cluster_domain: str = "cluster.local"
    hostname: str = "localhost"  # the node that exists when no Node manifest does
    node_addresses: tuple[str, ...] = ()  # its addresses, the primary first
    schedule_pods: bool = False  # something runs the pods of workloads (a lab; `check`, which counts as if)
    allow_loopback_endpoints: bool = False
    endpoint_cidrs: tuple[str, ...] = ()  # empty: any address may be an endpoint
