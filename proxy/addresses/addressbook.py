"""What this program made bindable, and the ranges that it answers for: the privileged helper's memory of routes."""

import errno
import ipaddress
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence

from .device import make_device, remove_device
from .hostnetwork import default_source, device_name, foreign_routes, host_addresses
from .marks import Mark
from .netlink import CREATE_ANOTHER, NetlinkSocket, Request
from .ranges import Occupied, overlap, refusal
from .refusals import failed_claim, is_loopback, never_claimed, reaches_others
from .routes import AddressRoute, range_route
from .rtnetlink import RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE, IPNetwork, deletion_of, routes_query


class AddressBook:
    """Claims addresses and ranges in the network namespace where it is made; all of it can be found by its mark."""

    def __init__(self, mark: Mark, netlink: NetlinkSocket) -> None:
        self._mark = mark
        self._netlink = netlink
        self._claimed: dict[str, bytes] = {}  # the route that made the address local
        self._ranges: dict[IPNetwork, bytes] = {}  # the route that swallows the rest of the range
        self._refused: dict[IPNetwork, str] = {}
        self._sources: dict[int, str | None] = {}  # by address family

    def announce(self, ranges: Iterable[str], sources: Sequence[str], *, force: bool) -> dict[str, str]:
        """Answer for whole ranges (CIDRs): nobody's packets to them leave, and their addresses are claimed on `lo`.

        `sources` are this node's addresses, the primary first: one of each family is the source of the host's own
        connections to claimed addresses. It replaces what was announced before; what is claimed stays claimed, and
        clients notice nothing of routes that stay as they are. Returns the sentence for each range that is refused:
        it overlaps an address or route of the host (unless `force`), or may not be routed.
        """
        own = [each.address for each in host_addresses(self._netlink)]
        self._sources = {family: _source(family, sources, own) for family in (socket.AF_INET, socket.AF_INET6)}
        before, self._ranges, self._refused = self._ranges, {}, {}
        failures = {text: sentence for text in ranges if (sentence := self._answer_for(text, force=force))}
        self._delete([body for network, body in before.items() if self._ranges.get(network) != body])
        claimed, self._claimed = self._claimed, {}
        bodies = zip(claimed.values(), self._bodies(claimed), strict=True)
        self._delete([was for was, will_be in bodies if was != will_be])
        self._add(list(claimed))
        return failures

    def claim(self, addresses: Iterable[str]) -> dict[str, str]:
        """Make addresses bindable; returns the sentence for each that could not be."""
        own = {each.address for each in host_addresses(self._netlink)}
        wanted = [each for each in addresses if not (each in self._claimed or each in own or is_loopback(each))]
        refused = {each: sentence for each in wanted if (sentence := self._refusal_of(each))}
        return refused | self._add([each for each in wanted if each not in refused])

    def release(self, addresses: Iterable[str]) -> None:
        """Take claimed addresses back; others are passed over."""
        self._delete([body for each in addresses if (body := self._claimed.pop(each, None))])

    def is_claimed(self, address: str) -> bool:
        """Whether the address is bindable through us alone."""
        return address in self._claimed

    def clear(self) -> None:
        """Take back everything that bears our mark, whoever made it: this process, or one that was killed."""
        remove_device(self._mark)
        query = Request(RTM_GETROUTE, 0, routes_query(protocol=self._mark.protocol))
        self._delete([deletion_of(body) for body in self._netlink.dump(query)])
        self._claimed, self._ranges = {}, {}

    def _answer_for(self, text: str, *, force: bool) -> str:
        network = ipaddress.ip_network(text, strict=False)
        if network.is_loopback:
            return ""
        occupied = None if force else overlap(network, self._occupied())
        sentence = refusal(network, occupied) if occupied else self._swallow(network)
        if sentence:
            self._refused[network] = sentence
        return sentence

    def _swallow(self, network: IPNetwork) -> str:
        body = range_route(network, make_device(self._mark), self._mark)
        (code,) = self._netlink.change([Request(RTM_NEWROUTE, CREATE_ANOTHER, body)])
        if code in (0, errno.EEXIST):
            self._ranges[network] = body
            return ""
        return failed_claim(str(network), code)

    def _occupied(self) -> Iterator[Occupied]:
        for each in host_addresses(self._netlink):
            yield Occupied(ipaddress.ip_network((each.address, each.prefix_length), strict=False), each.device)
        for route in foreign_routes(self._netlink):
            yield Occupied(route.destination, device_name(route.device_index))

    def _refusal_of(self, address: str) -> str:
        sentence = never_claimed(address)
        if sentence or not self._refused:
            return sentence
        parsed = ipaddress.ip_address(address)
        return next((text for network, text in self._refused.items() if parsed in network), "")

    def _add(self, addresses: Sequence[str]) -> dict[str, str]:
        bodies = list(self._bodies(addresses))
        codes = self._netlink.change([Request(RTM_NEWROUTE, CREATE_ANOTHER, body) for body in bodies])
        failures: dict[str, str] = {}
        for address, body, code in zip(addresses, bodies, codes, strict=True):
            if code in (0, errno.EEXIST):
                self._claimed[address] = body
            else:
                failures[address] = failed_claim(address, code)
        return failures

    def _bodies(self, addresses: Iterable[str]) -> Iterator[bytes]:
        routes: dict[tuple[int, bool], AddressRoute] = {}
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            key = (family, self._is_in_range(address))
            if key not in routes:
                routes[key] = self._route(*key)
            yield routes[key].body(address)

    def _route(self, family: int, in_range: bool) -> AddressRoute:
        loopback = socket.if_nametoindex("lo")
        device = loopback if in_range else make_device(self._mark) or loopback
        return AddressRoute.via(family, device, self._sources.get(family), self._mark)

    def _is_in_range(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._ranges)

    def _delete(self, bodies: Iterable[bytes]) -> None:
        """Delete routes; one that went by itself, with its device or its source, is as good as deleted."""
        self._netlink.change([Request(RTM_DELROUTE, 0, body) for body in bodies])


def _source(family: int, wanted: Iterable[str], own: Collection[str]) -> str | None:
    """The first wanted address of the family that this host has, else what the kernel would choose, else any."""
    candidates = [each for each in own if (":" in each) == (family == socket.AF_INET6) and reaches_others(each)]
    named = next((each for each in wanted if each in candidates), None)
    return named or default_source(family) or next(iter(candidates), None)
