"""Pure: whether a range that we want to route overlaps what the host has already, and how that is said."""

from collections.abc import Iterable
from typing import NamedTuple

from .rtnetlink import IPNetwork


class Occupied(NamedTuple):
    """A network that the host reaches already, by an address of its own or by a route."""

    network: IPNetwork
    device: str = ""


def overlap(wanted: IPNetwork, present: Iterable[Occupied]) -> Occupied | None:
    """The first network of the host that shares addresses with `wanted`.

    Default routes do not count, nor the halves (`0.0.0.0/1`) in which VPN clients write them.
    """
    for each in present:
        if each.network.prefixlen > 1 and each.network.version == wanted.version and each.network.overlaps(wanted):
            return each
    return None


def refusal(wanted: IPNetwork, occupied: Occupied) -> str:
    """The sentence for a range that is not routed because of `occupied`."""
    device = f" (device {occupied.device})" if occupied.device else ""
    return f"{wanted} overlaps {occupied.network}{device}, which this host has a route or an address in"
