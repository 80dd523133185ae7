"""Reads the file that configures kube-proxy (KubeProxyConfiguration v1alpha1); an unknown field is a warning."""

import re
from pathlib import Path

import msgspec
import yaml

from controlplane.objects import manifest_name

API_VERSION = "kubeproxy.config.k8s.io/v1alpha1"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


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

    bind_address_hard_fail: bool = False
    client_connection: dict[str, object] | None = None
    config_sync_period: str = ""
    detect_local: dict[str, object] | None = None
    detect_local_mode: str = ""
    enable_profiling: bool = False
    linux: dict[str, object] | None = None
    logging: dict[str, object] | None = None
    nftables: dict[str, object] | None = None
    oom_score_adj: int | None = None
    port_range: str = ""
    show_hidden_metrics_for_version: str = ""
    windows_run_as_service: bool = False
    winkernel: dict[str, object] | None = None


def load(path: Path) -> tuple[KubeProxyConfiguration, list[str]]:
    """The configuration in a file, and warnings. Raises ConfigError where kube-proxy would refuse to start."""
    try:
        raw = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(raw, dict) or raw.get("kind") != "KubeProxyConfiguration" or raw.get("apiVersion") != API_VERSION:
        raise ConfigError(f"{path}: no kind KubeProxyConfiguration in {API_VERSION}")
    raw = {key: value for key, value in raw.items() if value is not None}
    try:
        return msgspec.convert(raw, KubeProxyConfiguration), [
            f'{path}: unknown field "{name}" is passed over' for name in _unknown(raw, KubeProxyConfiguration, "")
        ]
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error


def seconds(duration: str, default: float) -> float:
    """A Go duration such as `1m30s` in seconds; the default for an empty or zero one. Raises ConfigError."""
    if duration in ("", "0"):
        return default
    if not re.fullmatch(rf"(?:{_DURATION.pattern})+", duration):
        raise ConfigError(f'time: invalid duration "{duration}"')
    total = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))
    return total or default


def duration(total: float) -> str:
    """Seconds as a Go duration, `24h0m0s`; fractions as milliseconds."""
    minutes, rest = divmod(total, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:g}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def written(configuration: KubeProxyConfiguration) -> str:
    """The file that `load` would read this from; what is empty is left out."""
    fields = msgspec.to_builtins(configuration)
    kept = {name: value for name, value in fields.items() if value not in (None, "", (), {}, False)}
    for name in ("conntrack", "ipvs", "iptables"):
        kept[name] = {field: value for field, value in fields[name].items() if value not in (None, "", False)}
    return yaml.safe_dump({name: value for name, value in kept.items() if value != {}}, default_flow_style=False)


def _unknown(raw: dict[str, object], struct: type[msgspec.Struct], prefix: str) -> list[str]:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    names: list[str] = []
    for key, value in raw.items():
        if key not in fields:
            names.append(f"{prefix}{key}")
        elif isinstance(value, dict) and isinstance(inner := fields[key], type) and issubclass(inner, msgspec.Struct):
            names += _unknown(value, inner, f"{prefix}{key}.")
    return names
