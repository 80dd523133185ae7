"""Settings of `--config`'s file, at the start and when it changes: what holds at once, and what waits for a restart.

kube-proxy ends when its file changes, to be started anew with the new one. Here connections would be lost for a setting
that can be changed while they go on.
"""

from collections.abc import Iterator

import msgspec

from .kubeproxyfile import load
from .settings import ConfigSource, Settings, checked, existing, with_file

# By attribute of the settings: the file's field. These hold from the next snapshot, line or request on.
_LIVE = {
    "node_port_addresses": "nodePortAddresses",
    "localhost_node_ports": "iptables.localhostNodePorts",
    "healthz_bind_address": "healthzBindAddress",
    "metrics_bind_address": "metricsBindAddress",
    "json_logs": "logging.format",
    "verbosity": "logging.verbosity",
}
# Allocations, sockets or connections were made with these.
_FIXED = {
    "hostname_override": "hostnameOverride",
    "node_ip": "bindAddress",
    "scheduler": "ipvs.scheduler",
    "allow_external_ips": "featureGates.AllowServiceExternalIPs",
    "idle_seconds": "conntrack.tcpEstablishedTimeout",
    "half_close_seconds": "conntrack.tcpCloseWaitTimeout",
    "udp_idle_seconds": "conntrack.udpTimeout",
    "udp_stream_idle_seconds": "conntrack.udpStreamTimeout",
}


# The file's fields that do something, by when a change of theirs holds.
AT_ONCE = frozenset(_LIVE.values())
AT_RESTART = frozenset({*_FIXED.values(), "clusterCIDR"})


class Reload(msgspec.Struct, frozen=True):
    """The settings to go on with, and the file's fields that changed."""

    settings: Settings
    applied: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()  # for a restart


def from_file(flags: Settings, path: str, given: frozenset[str]) -> Settings:
    """The settings that flags and a file make. Raises ConfigError."""
    file, warnings = load(existing(path))
    merged = checked(with_file(flags, file, given))
    return msgspec.structs.replace(merged, warnings=tuple(warnings), source=ConfigSource(path, flags, given))


def reread(settings: Settings) -> Reload:
    """What becomes of settings, now that the file is another one. Raises ConfigError; then all stays as it is."""
    source = settings.source
    assert source is not None, "there is a file to be read again"
    return compared(settings, from_file(source.flags, source.path, source.given))


def compared(before: Settings, after: Settings) -> Reload:
    """What of the new settings holds at once. What waits is told each time, since it still differs."""
    live = {name: getattr(after, name) for name in _LIVE if getattr(after, name) != getattr(before, name)}
    merged = msgspec.structs.replace(before, **live, warnings=after.warnings)
    return Reload(merged, tuple(_LIVE[name] for name in live), tuple(_waiting(before, after)))


def _waiting(before: Settings, after: Settings) -> Iterator[str]:
    yield from (field for name, field in _FIXED.items() if getattr(after, name) != getattr(before, name))
    if after.cluster.cluster_cidrs != before.cluster.cluster_cidrs:
        yield "clusterCIDR"
