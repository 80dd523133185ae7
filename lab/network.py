"""I/O: makes hosts' namespaces, links, addresses and routes, and takes them away, with `ip -batch`."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .addresses import FABRIC_GATEWAY, IPV6, of_families, version
from .topology import FABRIC, OWN_LINK, Host, Role, link_name

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


def prepare(versions: Iterable[int]) -> None:
    """Make the namespace that this is called in the fabric. Raises NetworkError."""
    addresses = of_families(FABRIC_GATEWAY, sorted(versions))
    ip_batch(None, ["link set lo up", *(_address(address, "lo") for address in addresses)])
    _sysctl(_settings(addresses, routes=True))


def add(hosts: Sequence[Host]) -> None:
    """Make the namespaces, links, addresses and routes of hosts, routers first. Raises NetworkError."""
    networks = [host for host in hosts if not host.in_network_of]
    if not networks:
        return
    ip_batch(None, [f"netns add {host.network}" for host in networks])
    for router, behind in _by_router(networks).items():
        ip_batch(_namespace(router), _router_side(behind))
    for host in networks:
        ip_batch(host.network, _host_side(host))


def remove(hosts: Sequence[Host]) -> None:
    """Take hosts away, what hangs on a router before the router; what is not there any more is no matter.

    The link goes first: a namespace may outlive its name by a moment, and a new one of that name needs the link's.
    """
    networks = [host for host in hosts if not host.in_network_of]
    for router, behind in _by_router(networks).items():
        _ip(_namespace(router), [f"link del {link_name(host.network)}" for host in behind], "-force")
    _ip(None, [f"netns del {host.network}" for host in networks], "-force")


def reroute(pairs: Sequence[tuple[Host, Host]]) -> None:
    """Let other prefixes be behind hosts that stay, each as it was and as it is. Raises NetworkError.

    What one has lost goes first: another may have it now.
    """
    for router in {after.router for _, after in pairs}:
        here = [(before, after) for before, after in pairs if after.router == router]
        gone = [line for before, after in here for line in _withdrawn(after, set(before.routes) - set(after.routes))]
        come = [line for before, after in here for line in _routes(after, set(after.routes) - set(before.routes))]
        ip_batch(_namespace(router), [*gone, *come])


def _namespace(router: str) -> str | None:
    return None if router == FABRIC else router


def _by_router(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    groups: dict[str, list[Host]] = {}
    for host in hosts:
        groups.setdefault(host.router, []).append(host)
    return groups


def _router_side(hosts: Sequence[Host]) -> list[str]:
    lines: list[str] = []
    for host in hosts:
        link = link_name(host.network)
        lines += [
            f"link add {link} type veth peer name {OWN_LINK} netns {host.network}",
            *_up(link, host.gateways, _LINK_LOCAL_ROUTER),
            *(f"route add {address} dev {link}" for address in host.addresses),
            *_routes(host, host.routes),
        ]
    return lines


def _routes(host: Host, prefixes: Iterable[str]) -> Iterable[str]:
    by_version = {version(address): address for address in reversed(host.addresses)}
    link = link_name(host.network)
    return (f"route add {cidr} via {by_version[version(cidr)]} dev {link}" for cidr in sorted(prefixes))


def _withdrawn(host: Host, prefixes: Iterable[str]) -> Iterable[str]:
    return (f"route del {cidr} dev {link_name(host.network)}" for cidr in sorted(prefixes))


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
    if has_ipv6():  # else a node would find itself with one more address for each of its pods
        yield f"link set {link} addrgenmode none"
    if any(version(address) == IPV6 for address in addresses):
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
    done = _ip(namespace, lines, *options)
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(done.args)}: {done.stderr.strip()}")


def _ip(namespace: str | None, lines: Sequence[str], *options: str) -> "subprocess.CompletedProcess[str]":
    command = ["ip", *options, *(["-n", namespace] if namespace else []), "-batch", "-"]
    text = "\n".join(lines) + "\n"
    try:
        return subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NetworkError("there is no program `ip`: install iproute2") from error
