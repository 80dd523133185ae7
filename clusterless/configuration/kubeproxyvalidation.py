"""Pure: what kube-proxy says of a KubeProxyConfiguration that it would not start with (its `apis/config/validation`).

As there, fields have Go's names and are below `KubeProxyConfiguration`. Fields that do nothing here are judged too: a
file that is right here is right there.
"""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from controlplane.fielderrors import FieldError, invalid
from proxy.nodeports import node_port_addresses_errors

from .godurations import seconds_of
from .kubeproxyconfig import Conntrack, KubeProxyConfiguration

_TOP = "KubeProxyConfiguration"
_MODES = ("", "iptables", "ipvs", "nftables")
_MODE = "must be iptables, ipvs, nftables or blank (blank means the best-available proxy [currently iptables])"
_CIDR = "must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)"
_TWO_CIDRS = "only one CIDR allowed or a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)"
_ADDRESS = "not a valid textual representation of an IP address"
_NOT_NEGATIVE = "must be greater than or equal to 0"


def mistakes(config: KubeProxyConfiguration) -> list[FieldError]:
    """All that is wrong, in kube-proxy's order and words."""
    return [*_addresses(config), *_cluster_cidr(config.cluster_cidr), *_times(config), *_others(config)]


def _addresses(config: KubeProxyConfiguration) -> Iterator[FieldError]:
    if config.bind_address and not _is_address(config.bind_address):
        yield invalid(f"{_TOP}.BindAddress", config.bind_address, _ADDRESS)
    for name, value in (
        ("HealthzBindAddress", config.healthz_bind_address),
        ("MetricsBindAddress", config.metrics_bind_address),
    ):
        if value and (detail := _host_port(value)):
            yield invalid(f"{_TOP}.{name}", value, detail)
    yield from node_port_addresses_errors(config.node_port_addresses or (), f"{_TOP}.NodePortAddresses")


def _host_port(text: str) -> str:
    """What is wrong with an `IP:port`, if anything is."""
    host, separator, port = text.rpartition(":")
    if not separator or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        return "must be IP:port"
    if not _is_address(host.strip("[]")):
        return "must be a valid IP"
    return "" if port.isascii() and port.isdigit() and 0 < int(port) < 65536 else "must be a valid port"


def _cluster_cidr(text: str) -> Iterator[FieldError]:
    cidrs = [each.strip() for each in text.split(",")] if text else []
    if len(cidrs) > 2 or (len(cidrs) == 2 and (":" in cidrs[0]) == (":" in cidrs[1])):
        yield invalid(f"{_TOP}.ClusterCIDR", text, _TWO_CIDRS)
    elif any(not _is_network(each) for each in cidrs):
        yield invalid(f"{_TOP}.ClusterCIDR", text, _CIDR)


def _times(config: KubeProxyConfiguration) -> Iterator[FieldError]:
    yield from _not_negative(f"{_TOP}.KubeConntrackConfiguration", config.conntrack)
    for name, sync, shortest in (
        ("IPTables", config.iptables.sync_period, config.iptables.min_sync_period),
        ("IPVS", config.ipvs.sync_period, config.ipvs.min_sync_period),
    ):
        period, minimum = seconds_of(sync), seconds_of(shortest)
        if period is not None and period <= 0:
            yield invalid(f"{_TOP}.{name}.SyncPeriod", sync, "must be greater than 0")
        if minimum is not None and minimum < 0:
            yield invalid(f"{_TOP}.{name}.MinSyncPeriod", shortest, _NOT_NEGATIVE)
        if period is not None and minimum is not None and period < minimum:
            detail = f"must be greater than or equal to {_TOP}.{name}.MinSyncPeriod"
            yield invalid(f"{_TOP}.{name}.SyncPeriod", sync, detail)
    interval = seconds_of(config.config_sync_period)
    if interval is not None and interval <= 0:
        yield invalid(f"{_TOP}.ConfigSyncPeriod", config.config_sync_period, "must be greater than 0")


def _not_negative(path: str, conntrack: Conntrack) -> Iterator[FieldError]:
    for name, number in (("MaxPerCore", conntrack.max_per_core), ("Min", conntrack.min)):
        if number is not None and number < 0:
            yield invalid(f"{path}.{name}", number, _NOT_NEGATIVE)
    for name, text in (
        ("TCPEstablishedTimeout", conntrack.tcp_established_timeout or ""),
        ("TCPCloseWaitTimeout", conntrack.tcp_close_wait_timeout or ""),
        ("UDPTimeout", conntrack.udp_timeout),
        ("UDPStreamTimeout", conntrack.udp_stream_timeout),
    ):
        if (seconds_of(text) or 0) < 0:
            yield invalid(f"{path}.{name}", text, _NOT_NEGATIVE)


def _others(config: KubeProxyConfiguration) -> Iterator[FieldError]:
    if config.mode not in _MODES:
        yield invalid(f"{_TOP}.ProxyMode", config.mode, _MODE)
    if config.oom_score_adj is not None and not -1000 <= config.oom_score_adj <= 1000:
        yield invalid(f"{_TOP}.OOMScoreAdj", config.oom_score_adj, "must be within the range [-1000, 1000]")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text
