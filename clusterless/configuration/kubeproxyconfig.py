"""Pure: what the file that configures kube-proxy says, KubeProxyConfiguration v1alpha1."""

import msgspec

from controlplane.objects import manifest_name

API_VERSION = "kubeproxy.config.k8s.io/v1alpha1"
KIND = "KubeProxyConfiguration"


class ConfigError(Exception):
    """The file cannot be used; the text says where and why."""


class _Base(msgspec.Struct, frozen=True, kw_only=True, rename=manifest_name):
    pass


class IPTables(_Base, frozen=True):
    """`iptables`: what is honoured of it."""

    localhost_node_ports: bool | None = None
    masquerade_all: bool = False
    masquerade_bit: int | None = None
    min_sync_period: str = ""
    sync_period: str = ""


class IPVS(_Base, frozen=True):
    """`ipvs`: the scheduler chooses how endpoints are picked."""

    scheduler: str = ""
    exclude_cidrs: tuple[str, ...] | None = msgspec.field(name="excludeCIDRs", default=None)
    min_sync_period: str = ""
    strict_arp: bool = msgspec.field(name="strictARP", default=False)
    sync_period: str = ""
    tcp_fin_timeout: str = ""
    tcp_timeout: str = ""
    udp_timeout: str = ""


class Conntrack(_Base, frozen=True):
    """`conntrack`: time-outs in Go's notation (`24h0m0s`); the empty string and zero keep the default."""

    max_per_core: int | None = None
    min: int | None = None
    tcp_be_liberal: bool = False
    tcp_close_wait_timeout: str | None = None
    tcp_established_timeout: str | None = None
    udp_stream_timeout: str = ""
    udp_timeout: str = ""


class Logging(_Base, frozen=True):
    """`logging`: how lines look, and how many there are."""

    format: str = ""
    verbosity: int | None = None
    flush_frequency: object = None
    options: dict[str, object] | None = None
    vmodule: list[dict[str, object]] | None = None


class KubeProxyConfiguration(_Base, frozen=True):
    """The fields of v1alpha1; those in the second half are accepted, so that a file loads as it is, and do nothing."""

    api_version: str = ""
    kind: str = ""
    hostname_override: str = ""
    bind_address: str = ""
    healthz_bind_address: str = ""
    metrics_bind_address: str = ""
    cluster_cidr: str = ""
    node_port_addresses: tuple[str, ...] | None = None
    mode: str = ""
    iptables: IPTables = IPTables()
    ipvs: IPVS = IPVS()
    conntrack: Conntrack = Conntrack()
    feature_gates: dict[str, bool] | None = None
    logging: Logging = Logging()

    bind_address_hard_fail: bool = False
    client_connection: dict[str, object] | None = None
    config_sync_period: str = ""
    detect_local: dict[str, object] | None = None
    detect_local_mode: str = ""
    enable_profiling: bool = False
    linux: dict[str, object] | None = None
    nftables: dict[str, object] | None = None
    oom_score_adj: int | None = None
    port_range: str = ""
    show_hidden_metrics_for_version: str = ""
    windows_run_as_service: bool = False
    winkernel: dict[str, object] | None = None
