"""What the program was told: flags over environment over file over default, as one value."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec

from controlplane.options import ClusterOptions, PortRange
from proxy.nodeports import node_port_addresses_errors
from proxy.options import Scheduler

from .bindaddress import bind_addresses, host_port
from .godurations import duration, seconds_of
from .kubeproxyconfig import (
    API_VERSION,
    IPVS,
    KIND,
    ConfigError,
    Conntrack,
    IPTables,
    KubeProxyConfiguration,
    Logging,
)

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
    half_close_seconds: float = 3600.0  # conntrack.tcpCloseWaitTimeout's default
    udp_idle_seconds: float = 30.0  # conntrack.udpTimeout; the kernel's own default
    udp_stream_idle_seconds: float = 120.0  # conntrack.udpStreamTimeout; the kernel's own default
    healthz_bind_address: str = "0.0.0.0:10256"
    metrics_bind_address: str = "127.0.0.1:10249"
    allow_external_ips: bool = True  # the gate AllowServiceExternalIPs
    load_balancer_ip_range: str = ""
    external_ip_ranges: tuple[str, ...] = ()
    dns_bind_addresses: tuple[str, ...] = ()
    corefile: str = ""
    state_dir: str = ""
    docker: bool = False  # whether Pods are found among Docker's containers
    docker_host: str = ""
    docker_project: str = ""
    docker_network: str = ""
    grace_seconds: float = GRACE_SECONDS
    json_logs: bool = False
    workers: int = 1  # processes that carry connections; 1: this one
    access_log: int = 0  # one connection in so many is logged; 0: none
    verbosity: int = 0
    force_ranges: bool = False
    warnings: tuple[str, ...] = ()  # about the settings themselves, to be logged once logging is set up
    source: "ConfigSource | None" = None  # the file that they come from, in part


class ConfigSource(msgspec.Struct, frozen=True):
    """From what settings are made anew when `--config`'s file is another one."""

    path: str
    flags: Settings  # as they are without the file
    given: frozenset[str]  # attributes that flags and variables set, which the file does not change


def port_range(text: str) -> PortRange:
    """`30000-32767`, or kube-apiserver's other notation `30000+2767`. Raises ConfigError."""
    for separator in "-+":
        first, found, last = text.partition(separator)
        if found and first.isdigit() and last.isdigit():
            low, high = int(first), int(last) + (int(first) if separator == "+" else 0)
            if 0 < low <= high <= 65535:
                return PortRange(low, high)
    raise ConfigError(f"--service-node-port-range: {text}: invalid port range")


def with_file(settings: Settings, file: KubeProxyConfiguration, given: frozenset[str]) -> Settings:
    """The settings with what a KubeProxyConfiguration says; attributes in `given` came from flags and stay."""
    said: dict[str, object] = {
        "hostname_override": file.hostname_override,
        "node_ip": "" if file.bind_address in ("", "0.0.0.0", "::") else file.bind_address,
        "healthz_bind_address": file.healthz_bind_address,
        "metrics_bind_address": file.metrics_bind_address,
        "node_port_addresses": file.node_port_addresses,
        "scheduler": file.ipvs.scheduler,
        "idle_seconds": seconds_of(file.conntrack.tcp_established_timeout or ""),
        "half_close_seconds": seconds_of(file.conntrack.tcp_close_wait_timeout or ""),
        "udp_idle_seconds": seconds_of(file.conntrack.udp_timeout),
        "udp_stream_idle_seconds": seconds_of(file.conntrack.udp_stream_timeout),
        "json_logs": file.logging.format == "json",
        "verbosity": file.logging.verbosity,
    }
    changes = {name: value for name, value in said.items() if value and name not in given}
    if file.iptables.localhost_node_ports is not None:
        changes["localhost_node_ports"] = file.iptables.localhost_node_ports
    cluster = settings.cluster
    if file.cluster_cidr and "cluster_cidr" not in given:
        cluster = msgspec.structs.replace(cluster, cluster_cidrs=split(file.cluster_cidr))
    if (gate := (file.feature_gates or {}).get("AllowServiceExternalIPs")) is not None:
        changes["allow_external_ips"] = gate
    return msgspec.structs.replace(settings, cluster=cluster, **changes)


def as_file(settings: Settings) -> KubeProxyConfiguration:
    """The KubeProxyConfiguration that stands for the settings: what `--write-config-to` writes."""
    return KubeProxyConfiguration(
        api_version=API_VERSION,
        kind=KIND,
        hostname_override=settings.hostname_override,
        bind_address=settings.node_ip or "0.0.0.0",
        healthz_bind_address=settings.healthz_bind_address,
        metrics_bind_address=settings.metrics_bind_address,
        cluster_cidr=",".join(settings.cluster.cluster_cidrs),
        node_port_addresses=settings.node_port_addresses,
        iptables=IPTables(localhost_node_ports=settings.localhost_node_ports),
        ipvs=IPVS(scheduler=settings.scheduler),
        conntrack=Conntrack(
            tcp_established_timeout=duration(settings.idle_seconds),
            tcp_close_wait_timeout=duration(settings.half_close_seconds),
            udp_timeout=duration(settings.udp_idle_seconds),
            udp_stream_timeout=duration(settings.udp_stream_idle_seconds),
        ),
        logging=Logging(format="json" if settings.json_logs else "text", verbosity=settings.verbosity),
        feature_gates={"AllowServiceExternalIPs": settings.allow_external_ips},
    )


def checked(settings: Settings) -> Settings:
    """The settings, if the program can run with them. Raises ConfigError with all that is wrong, a line each."""
    if mistakes := list(_mistakes(settings)):
        raise ConfigError("\n".join(mistakes))
    return settings


def _mistakes(settings: Settings) -> Iterator[str]:
    yield from _mistake("--healthz-bind-address", lambda: host_port(settings.healthz_bind_address))
    yield from _mistake("--metrics-bind-address", lambda: host_port(settings.metrics_bind_address))
    yield from _mistake("--dns-bind-address", lambda: bind_addresses(settings.dns_bind_addresses))
    yield from place_mistakes(
        settings.external_ip_ranges, split(settings.load_balancer_ip_range), settings.node_port_addresses
    )
    if settings.node_ip:
        yield from _mistake("bindAddress", lambda: ip_address(settings.node_ip))
    if settings.scheduler not in list(Scheduler):
        yield f"ipvs.scheduler: {settings.scheduler}: must be one of {', '.join(Scheduler)}"


def place_mistakes(
    external_ip_ranges: tuple[str, ...] = (),
    load_balancer_ip_ranges: tuple[str, ...] = (),
    node_port_addresses: tuple[str, ...] = (),
) -> Iterator[str]:
    """What is wrong with the flags that say where a proxy may listen, a sentence each."""
    yield from _mistake("--load-balancer-ip-range", lambda: _networks(load_balancer_ip_ranges))
    yield from _mistake("--external-ip-range", lambda: _networks(external_ip_ranges))
    for error in node_port_addresses_errors(node_port_addresses, "nodePortAddresses"):
        yield error.message


def _mistake(flag: str, read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except ValueError as error:
        yield f"{flag}: {error}"


def _networks(cidrs: tuple[str, ...]) -> list[object]:
    return [ip_network(cidr, strict=False) for cidr in cidrs]


def split(text: str) -> tuple[str, ...]:
    """A comma-separated value."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def existing(filename: str) -> Path:
    """A path that a flag names. Raises ConfigError when nothing is there."""
    path = Path(filename)
    if not path.exists():
        raise ConfigError(f"{filename}: no such file or directory")
    return path
