"""Pure: what the operator decides about the proxy, with kube-proxy's names where it has one."""

from enum import StrEnum

import msgspec

PRIMARY = "primary"  # kube-proxy's word: the Node's own addresses
LOCALHOST = "localhost"  # KEP-6032's word: 127.0.0.1 and ::1


class Scheduler(StrEnum):
    """How the next endpoint is found: names of `ipvs.scheduler`, and kernel mode's `random`."""

    ROUND_ROBIN = "rr"
    RANDOM = "random"
    LEAST_CONNECTION = "lc"
    SOURCE_HASHING = "sh"


class ProxyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges are CIDRs of either family."""

    cluster_cidrs: tuple[str, ...] = ()  # whose addresses are pods; empty: nobody is known as one
    node_port_addresses: tuple[str, ...] = (PRIMARY, LOCALHOST)
    localhost_node_ports: bool = True  # `iptables.localhostNodePorts`: whether nodePorts may be on loopback at all
    node_ip: str = ""  # `bindAddress`: stands for the Node's own address of its family
    scheduler: Scheduler = Scheduler.ROUND_ROBIN
    service_ranges: tuple[str, ...] = ()
    external_ip_ranges: tuple[str, ...] = ()  # externalIPs that may be claimed
    load_balancer_ip_ranges: tuple[str, ...] = ()  # load balancer addresses that may be claimed
    allow_external_ips: bool = True  # the gate AllowServiceExternalIPs
