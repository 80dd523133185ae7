"""Pure: the addresses that settings ask to listen on, read from text, and what a wildcard among them stands for."""

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import NamedTuple

from proxy.hostfacts import HostFacts

DNS_PORT = 53
_WILDCARDS = ("", "0.0.0.0", "::", "*")


class BindAddress(NamedTuple):
    """A value of --dns-bind-address."""

    address: str
    port: int
    is_added: bool  # besides the DNS Service's own address


def bind_addresses(values: Iterable[str]) -> tuple[BindAddress, ...]:
    """`[+]IP[:PORT]`, IPv6 with a port in brackets. Raises ValueError with the sentence for the user."""
    return tuple(_bind_address(value) for value in values)


def _bind_address(value: str) -> BindAddress:
    text = value.removeprefix("+")
    host, port = text, str(DNS_PORT)
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", port)
    try:
        address = ip_address(host.strip("[]"))
    except ValueError as error:
        raise ValueError(f"{value}: must be an IP address, with a port or without") from error
    if address.is_unspecified:
        raise ValueError(
            f"{value}: a wildcard would answer on every cluster IP; name the addresses, repeating the flag"
        )
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{value}: no such port")
    return BindAddress(str(address), int(port), value.startswith("+"))


def host_port(text: str) -> tuple[str, int] | None:
    """`IP:PORT` or `[IP]:PORT`; `None` for the empty text, which switches a server off. Raises ValueError."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not colon or not port.isdecimal() or int(port) > 65535 or not _is_host(host):
        raise ValueError(f"{text}: must be IP:port")
    return host, int(port)


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host in _WILDCARDS
    return True


def node_addresses(host: str, facts: HostFacts, taken: Collection[str] = ()) -> tuple[str, ...]:
    """The addresses to listen on for `host`: itself, or for `0.0.0.0` and `::` every address of the node.

    Either means both families, as in Go programs, which listen on both for either (net.ListenConfig). A real wildcard
    would collide with a Service's port of the same number, and answer on every cluster IP. Where a Service has the
    port on one of the node's own addresses, too (`taken`), the Service has it.
    """
    if host not in _WILDCARDS:
        return (host,)
    own = [ip_address(address) for address in dict.fromkeys(each.address for each in facts.addresses)]
    # A link-local address needs its device as a scope, and nobody probes it.
    usable = (str(each) for each in own if not each.is_link_local)
    return tuple(address for address in usable if address not in taken)
