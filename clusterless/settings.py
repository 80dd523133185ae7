"""What the program was told: flags over environment over file over default, as one value."""

from pathlib import Path

import msgspec

from controlplane.options import ClusterOptions, PortRange

from .kubeproxyconfig import ConfigError, KubeProxyConfiguration, seconds

GRACE_SECONDS = 8.0  # below the 10 s that docker compose waits between SIGTERM and SIGKILL


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `up`, `proxy` and `dns` need; addresses and ranges are text, times are seconds."""

    filenames: tuple[str, ...]
    cluster: ClusterOptions
    hostname_override: str = ""
    node_port_addresses: tuple[str, ...] = ()  # empty: `primary` and localhost
    localhost_node_ports: bool = True
    node_ip: str = ""  # KubeProxyConfiguration's bindAddress, when it is not a wildcard
    scheduler: str = "rr"
    dial_attempts: int = 4
    idle_seconds: float = 86400.0  # conntrack.tcpEstablishedTimeout's default
    healthz_bind_address: str = "0.0.0.0:10256"
    metrics_bind_address: str = "127.0.0.1:10249"
    load_balancer_ip_range: str = ""
    external_ip_ranges: tuple[str, ...] = ()
    dns_bind_addresses: tuple[str, ...] = ()
    corefile: str = ""
    state_dir: str = ""
    grace_seconds: float = GRACE_SECONDS
    json_logs: bool = False
    verbosity: int = 0
    force_ranges: bool = False
    warnings: tuple[str, ...] = ()  # about the settings themselves, to be logged once logging is set up


def port_range(text: str) -> PortRange:
    """`30000-32767`, or kube-apiserver's other notation `30000+2767`. Raises ConfigError."""
    for separator in "-+":
        first, found, last = text.partition(separator)
        if found and first.isdigit() and last.isdigit():
            low, high = int(first), int(last) + (int(first) if separator == "+" else 0)
            if 0 < low <= high <= 65535:
                return PortRange(low, high)
    raise ConfigError(f"--service-node-port-range: {text}: invalid port range")


def host_port(text: str, flag: str) -> tuple[str, int] | None:
    """`ADDRESS:PORT` or `[ADDRESS]:PORT`; `None` for the empty text, which switches a server off."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535 or not host:
        raise ConfigError(f"{flag}: {text}: must be IP:port")
    return host.strip("[]"), int(port)


def with_file(settings: Settings, file: KubeProxyConfiguration, given: frozenset[str]) -> Settings:
    """The settings with what a KubeProxyConfiguration says; attributes in `given` came from flags and stay."""
    said: dict[str, object] = {
        "hostname_override": file.hostname_override,
        "node_ip": "" if file.bind_address in ("", "0.0.0.0", "::") else file.bind_address,
        "healthz_bind_address": file.healthz_bind_address,
        "metrics_bind_address": file.metrics_bind_address,
        "node_port_addresses": file.node_port_addresses,
        "scheduler": file.ipvs.scheduler,
        "idle_seconds": seconds(file.conntrack.tcp_established_timeout or "", 0.0),
    }
    changes = {name: value for name, value in said.items() if value and name not in given}
    if file.iptables.localhost_node_ports is not None:
        changes["localhost_node_ports"] = file.iptables.localhost_node_ports
    cluster = settings.cluster
    if file.cluster_cidr and "cluster_cidr" not in given:
        cluster = msgspec.structs.replace(cluster, cluster_cidrs=split(file.cluster_cidr))
    if (gate := (file.feature_gates or {}).get("AllowServiceExternalIPs")) is not None:
        cluster = msgspec.structs.replace(cluster, allow_external_ips=gate)
    return msgspec.structs.replace(settings, cluster=cluster, **changes)


def split(text: str) -> tuple[str, ...]:
    """A comma-separated value."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def existing(filename: str) -> Path:
    """A path that a flag names. Raises ConfigError when nothing is there."""
    path = Path(filename)
    if not path.exists():
        raise ConfigError(f"{filename}: no such file or directory")
    return path
