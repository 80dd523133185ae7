"""Pure: which of this host's addresses carry nodePorts.

The setting is kube-proxy's `nodePortAddresses` (`pkg/proxy/util/nodeport_addresses.go`) and KEP-6032's `localhost`:
`primary`, `localhost`, or CIDRs that filter the host's addresses. Its default here is `primary` and `localhost`.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from controlplane.fielderrors import FieldError, invalid
from controlplane.netaddr import sloppy_cidr

from .addresstext import IPV4, IPV6, family_of, is_loopback_address, is_within
from .options import LOCALHOST, PRIMARY

_WORDS = (PRIMARY, LOCALHOST)
_LOOPBACK = {IPV4: "127.0.0.1", IPV6: "::1"}


def node_port_addresses(setting: Sequence[str], primary: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """The addresses to listen on, each once; `primary` are the Node's own, `own` all that the host has.

    An empty setting is the default. CIDRs of one family only leave the other family unfiltered, as in kube-proxy.
    """
    setting = setting or _WORDS
    chosen: dict[str, None] = {}
    if PRIMARY in setting:
        chosen.update(dict.fromkeys(primary))
    if cidrs := [each for each in setting if each not in _WORDS]:
        chosen.update(dict.fromkeys(_matching(cidrs, own)))
    if LOCALHOST in setting:
        chosen.update(dict.fromkeys(_localhost(primary, own)))
    return tuple(chosen)


def without_loopback(addresses: Iterable[str]) -> tuple[str, ...]:
    """What is left when `iptables.localhostNodePorts` is false."""
    return tuple(address for address in addresses if not is_loopback_address(address))


def _matching(cidrs: Sequence[str], own: Sequence[str]) -> list[str]:
    by_family = {family: [cidr for cidr in cidrs if family_of(cidr) == family] for family in (IPV4, IPV6)}
    return [
        address
        for address in own
        if not (wanted := by_family[family_of(address)]) or is_within(address, wanted)
        if not _needs_scope(address)
    ]


def _needs_scope(address: str) -> bool:
    """An IPv6 link-local address means nothing without its device, and a client could not name it either."""
    return ":" in address and ip_address(address).is_link_local


def _localhost(primary: Sequence[str], own: Sequence[str]) -> list[str]:
    """127.0.0.1, and ::1 on a host that speaks IPv6."""
    speaks_ipv6 = any(family_of(address) == IPV6 for address in (*primary, *own))
    return [_LOOPBACK[IPV4], _LOOPBACK[IPV6]] if speaks_ipv6 else [_LOOPBACK[IPV4]]


def node_port_addresses_errors(setting: Sequence[str], path: str) -> list[FieldError]:
    """What kube-proxy says of the setting (`validateKubeProxyNodePortAddress`); `localhost` goes with either."""
    mixed = PRIMARY in setting and any(each not in _WORDS for each in setting)
    errors: list[FieldError] = []
    for index, each in enumerate(setting):
        if each == PRIMARY and mixed:
            return [*errors, invalid(f"{path}[{index}]", each, "can't use both 'primary' and CIDRs")]
        if each not in _WORDS and sloppy_cidr(each) is None:
            errors.append(invalid(f"{path}[{index}]", each, "must be a valid CIDR"))
    return errors
