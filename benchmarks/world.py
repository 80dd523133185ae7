"""I/O: the network that everything runs in: loopback of a namespace of its own, where some ranges are local."""

import resource
import subprocess
from pathlib import Path

BACKENDS = ("10.1.0.1", "10.1.0.2", "10.1.0.3")
BULK_BACKEND = BACKENDS[0]
UPSTREAM_DNS = "10.1.0.53"
CLIENTS = "10.3.0.0/16"  # each address of it is a client of its own where flows are counted
HTTP_PORT, BULK_PORT, ECHO_PORT, FLOW_PORT, DNS_PORT = 8000, 5201, 9000, 9001, 53

_SETTINGS = {
    "net/ipv4/ip_local_port_range": "10000 65535",  # connections a second: every port is used again soon
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv4/tcp_max_syn_backlog": "8192",
    "net/core/somaxconn": "8192",
}


def prepare() -> None:
    """Bring loopback up, with ranges of which every address is local, and raise the limit of descriptors."""
    lines = ["link set lo up", "address add 10.0.0.1/32 dev lo", "route add local 10.0.0.0/13 dev lo"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
    for name, value in _SETTINGS.items():
        path = Path("/proc/sys", name)
        if path.exists():
            path.write_text(value)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def idle_connections(wanted: int = 10_000) -> int:
    """How many connections a relay of one process can hold here, which needs two descriptors for each."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, (soft - 700) // 2)
