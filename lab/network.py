"""I/O: lays a topology's namespaces, links, addresses and routes, with `ip -batch`, one call a namespace."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .topology import FABRIC, FABRIC_GATEWAY, Host, Role, Topology

# A refusal over UDP is an ICMP message, of which the kernel sends one a second to each host unless told otherwise.
_EVERYWHERE = {"net/ipv4/icmp_ratelimit": "0", "net/ipv4/ip_unprivileged_port_start": "0"}
_ROUTERS = {"net/ipv4/ip_forward": "1"}


class NetworkError(Exception):
    """`ip` refused something; the text is its own. Or there is no `ip`."""


def lay(topology: Topology) -> None:
    """Make everything. Raises NetworkError. The fabric is the namespace that this is called in."""
    _ip(None, ["link set lo up", f"addr add {FABRIC_GATEWAY}/32 dev lo"])
    _sysctl(_EVERYWHERE | _ROUTERS)
    _ip(None, [f"netns add {host.network}" for host in topology.networks])
    numbers = {host.network: number for number, host in enumerate(topology.networks)}
    for router, hosts in _by_router(topology.networks).items():
        _ip(None if router == FABRIC else router, _router_side(hosts, numbers))
    for host in topology.networks:
        _ip(host.network, _host_side(host))


def _by_router(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    groups: dict[str, list[Host]] = {}
    for host in hosts:
        groups.setdefault(host.router, []).append(host)
    return groups


def _router_side(hosts: Sequence[Host], numbers: dict[str, int]) -> list[str]:
    lines: list[str] = []
    for host in hosts:
        link = f"veth{numbers[host.network]}"  # names of devices end at 15 characters
        lines += [
            f"link add {link} type veth peer name eth0 netns {host.network}",
            f"addr add {host.gateway}/32 dev {link}",
            f"link set {link} up",
            *(f"route add {address}/32 dev {link}" for address in host.addresses),
            *(f"route add {cidr} via {host.addresses[0]}" for cidr in host.routes),
        ]
    return lines


def _host_side(host: Host) -> list[str]:
    return [
        "link set lo up",
        *(f"addr add {address}/32 dev eth0" for address in host.addresses),
        "link set eth0 up",
        f"route add {host.gateway}/32 dev eth0",
        f"route add default via {host.gateway} src {host.addresses[0]}",
    ]


def tune(host: Host) -> None:
    """Set this process' network namespace up for its role; to be called inside it."""
    _sysctl(_EVERYWHERE | _ROUTERS if host.role is Role.NODE else _EVERYWHERE)


def _sysctl(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        Path("/proc/sys", name).write_text(value)


def _ip(namespace: str | None, lines: Sequence[str]) -> None:
    command = ["ip", *(["-n", namespace] if namespace else []), "-batch", "-"]
    try:
        done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NetworkError("there is no program `ip`: install iproute2") from error
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.strip()}")
