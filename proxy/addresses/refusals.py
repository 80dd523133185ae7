"""Which addresses nobody needs to claim, which nobody may, and the sentences that say so."""

import errno
import ipaddress
import os

NEEDS_NET_ADMIN = (
    "needs CAP_NET_ADMIN: run as root, in `clusterless lab`, or choose --service-cluster-ip-range inside 127.0.0.0/8"
)


def is_loopback(address: str) -> bool:
    """Whether every program of this host may bind the address as it is; anything but an address is not."""
    return address == "::1" or address.startswith("127.")


def reaches_others(address: str) -> bool:
    """Whether an address of this host can be the source of packets beyond the host and its links."""
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local)


def never_claimed(address: str) -> str:
    """Why no host may claim the address, `""` if one may."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"{address!r} is not an IP address"
    for kind in ("unspecified", "multicast", "link_local"):
        if getattr(parsed, f"is_{kind}"):
            return f"{address} is {kind.replace('_', '-')}: such addresses are not claimed"
    return ""


def failed_claim(address: str, code: int) -> str:
    """The sentence for an address that the kernel would not make local."""
    match code:
        case errno.EPERM:
            return f"{address} {NEEDS_NET_ADMIN}"
        case errno.EOPNOTSUPP | errno.EAFNOSUPPORT | errno.EACCES:  # the last: net.ipv6.conf.*.disable_ipv6
            return f"{address} cannot be claimed: this host has no {'IPv6' if ':' in address else 'IPv4'}"
        case errno.ENETDOWN:
            return f"{address} cannot be claimed: the device is down (`ip link set lo up`)"
        case _:
            return f"{address} cannot be claimed: {os.strerror(code).lower()}"
