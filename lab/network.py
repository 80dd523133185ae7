"""I/O: lays a topology's namespaces, links, addresses and routes, with `ip -batch`, one call a namespace."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .addresses import FABRIC_GATEWAY, IPV6, of_families, version
from .topology import FABRIC, OWN_LINK, Host, Role, Topology, link_name

# A refusal over UDP is an ICMP message, of which the kernel sends one a second to each host unless told otherwise.
_EVERYWHERE = {"net/ipv4/icmp_ratelimit": "0", "net/ipv4/ip_unprivileged_port_start": "0"}
_ROUTERS = {"net/ipv4/ip_forward": "1"}
_EVERYWHERE_IPV6 = {"net/ipv6/icmp/ratelimit": "0"}
_ROUTERS_IPV6 = {"net/ipv6/conf/all/forwarding": "1"}
# Neighbours are asked for from a link-local address; the kernel's own is not usable for a second or two.
_LINK_LOCAL_ROUTER, _LINK_LOCAL_HOST = "fe80::1", "fe80::2"


def has_ipv6() -> bool:
    """Whether this kernel speaks IPv6."""
    return Path("/proc/net/if_inet6").exists()


class NetworkError(Exception):
    """`ip` refused something; the text is its own. Or there is no `ip`."""


def lay(topology: Topology) -> None:
    """Make everything. Raises NetworkError. The fabric is the namespace that this is called in."""
    versions = {version(address) for host in topology.networks for address in host.addresses}
    fabric = of_families(FABRIC_GATEWAY, sorted(versions))
    ip_batch(None, ["link set lo up", *(_address(address, "lo") for address in fabric)])
    _sysctl(_settings(fabric, routes=True))
    ip_batch(None, [f"netns add {host.network}" for host in topology.networks])
    for router, hosts in _by_router(topology.networks).items():
        ip_batch(None if router == FABRIC else router, _router_side(hosts))
    for host in topology.networks:
        ip_batch(host.network, _host_side(host))


def _by_router(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    groups: dict[str, list[Host]] = {}
    for host in hosts:
        groups.setdefault(host.router, []).append(host)
    return groups


def _router_side(hosts: Sequence[Host]) -> list[str]:
    lines: list[str] = []
    for host in hosts:
        link = link_name(host.network)
        by_version = {version(address): address for address in reversed(host.addresses)}
        lines += [
            f"link add {link} type veth peer name {OWN_LINK} netns {host.network}",
            *_up(link, host.gateways, _LINK_LOCAL_ROUTER),
            *(f"route add {address} dev {link}" for address in host.addresses),
            *(f"route add {cidr} via {by_version[version(cidr)]} dev {link}" for cidr in host.routes),
        ]
    return lines


def _host_side(host: Host) -> list[str]:
    return [
        "link set lo up",
        *_up(OWN_LINK, host.addresses, _LINK_LOCAL_HOST),
        *(f"route add {gateway} dev {OWN_LINK}" for gateway in host.gateways),
        *(
            f"route add default via {gateway} dev {OWN_LINK} src {address}"
            for gateway, address in zip(host.gateways, host.addresses, strict=True)
        ),
    ]


def _up(link: str, addresses: Sequence[str], link_local: str) -> Iterable[str]:
    """Bring a device up, with addresses that can be used at once."""
    if any(version(address) == IPV6 for address in addresses):
        yield f"link set {link} addrgenmode none"
        yield f"addr add {link_local}/64 dev {link} nodad"
    yield from (_address(address, link) for address in addresses)
    yield f"link set {link} up"


def _address(address: str, link: str) -> str:
    return (
        f"addr add {address}/128 dev {link} nodad" if version(address) == IPV6 else f"addr add {address}/32 dev {link}"
    )


def tune(host: Host) -> None:
    """Set this process' network namespace up for its role; to be called inside it."""
    _sysctl(_settings(host.addresses, routes=host.role is Role.NODE))


def _settings(addresses: Iterable[str], *, routes: bool) -> dict[str, str]:
    settings = _EVERYWHERE | (_ROUTERS if routes else {})
    if any(version(address) == IPV6 for address in addresses):
        settings |= _EVERYWHERE_IPV6 | (_ROUTERS_IPV6 if routes else {})
    return settings


def _sysctl(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        Path("/proc/sys", name).write_text(value)


def ip_batch(namespace: str | None, lines: Sequence[str], *options: str) -> None:
    """Have `ip` do these lines in a namespace, this process' own if `None`. Raises NetworkError."""
    command = ["ip", *options, *(["-n", namespace] if namespace else []), "-batch", "-"]
    try:
        done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NetworkError("there is no program `ip`: install iproute2") from error
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.strip()}")
