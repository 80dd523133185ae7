"""Pure: which address a load balancer gives to which Service, out of its ranges.

What was given stays, so that clients keep what they know; a wish (`spec.loadBalancerIP`) is met while its address is
free. Otherwise the search begins at a hash of the Service's name: equal manifests give equal addresses.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from controlplane.netaddr import IPV4, Address, Prefix, sloppy_address, sloppy_cidr
from controlplane.numberpool import stable_hash
from controlplane.objects import NamespacedName, Service

from .addresstext import IPV6, canonical, family_of

Given = Mapping[NamespacedName, tuple[str, ...]]


class Pool(NamedTuple):
    """The outcome: `written` stand in manifests, `given` were chosen here and are to be published."""

    written: Given
    given: Given
    full: frozenset[NamespacedName]  # for whom there is no address in a family that they need
    unmet: Mapping[NamespacedName, str]  # whose wish was not met, and why

    def addresses(self, service: NamespacedName) -> tuple[str, ...]:
        """All addresses of the Service."""
        return self.written.get(service) or self.given.get(service, ())


def allocate(services: Iterable[Service], ranges: Sequence[str], before: Given, reserved: Collection[str]) -> Pool:
    """Addresses for `services`, at most one a family, in `ranges` (CIDRs) and none of `reserved`.

    `before` is what was given until now. A Service whose manifest bears a status keeps what that says.
    """
    ordered = sorted(services, key=lambda service: service.key)
    written = {each.key: ips for each in ordered if (ips := _written(each)) and ips != before.get(each.key)}
    search = _Search(ranges, {*reserved, *(ip for ips in written.values() for ip in ips)})
    waiting = [each for each in ordered if each.key not in written]
    for service in waiting:
        search.keep(service, before.get(service.key, ()))
    for service in waiting:
        search.grant(service)
    for service in waiting:
        search.fill(service, before.get(service.key, ()))
    given = {each.key: tuple(search.given[each.key].values()) for each in waiting if search.given.get(each.key)}
    return Pool(written, given, frozenset(search.full), search.unmet)


def _written(service: Service) -> tuple[str, ...]:
    return tuple(canonical(each.ip) for each in service.status.load_balancer.ingress if each.ip)


class _Search:
    """Gives addresses away in three rounds: those that stay, those that are wished for, and any."""

    def __init__(self, ranges: Sequence[str], taken: Iterable[str]) -> None:
        prefixes = [prefix for text in ranges if (prefix := sloppy_cidr(text)) is not None]
        self._prefixes = {family: [p for p in prefixes if p.family == family] for family in (IPV4, IPV6)}
        self._taken: dict[str, NamespacedName | None] = dict.fromkeys(taken)
        self.given: dict[NamespacedName, dict[str, str]] = {}  # by family
        self.full: set[NamespacedName] = set()
        self.unmet: dict[NamespacedName, str] = {}

    def keep(self, service: Service, before: Iterable[str]) -> None:
        """What the Service has and does not wish otherwise."""
        wish = canonical(service.spec.load_balancer_ip)
        for address in before:
            family = family_of(address)
            if wish in ("", address) or family_of(wish) != family or not self._holds(wish):
                self._take(service, family, address)

    def grant(self, service: Service) -> None:
        """The address that the Service wishes for."""
        wish = canonical(service.spec.load_balancer_ip)
        family = family_of(wish)
        if not wish or self.given.get(service.key, {}).get(family) == wish:
            return
        if not self._holds(wish):
            self.unmet[service.key] = f"{wish} is not in --load-balancer-ip-range"
        elif not self._take(service, family, wish):
            owner = self._taken.get(wish)
            self.unmet[service.key] = f"{wish} is {f'taken by {owner}' if owner else 'taken'}"

    def fill(self, service: Service, before: Iterable[str]) -> None:
        """An address in each family that has none yet: if need be the one that it had."""
        had = {family_of(address): address for address in before}
        for family in _families(service):
            if family in self.given.get(service.key, {}) or not self._prefixes[family]:
                continue
            if family in had and self._take(service, family, had[family]):
                continue
            found = next((a for a in self._candidates(service.key, family) if a not in self._taken), None)
            if found is None:
                self.full.add(service.key)
            else:
                self._take(service, family, found)

    def _take(self, service: Service, family: str, address: str) -> bool:
        if address in self._taken or family not in _families(service) or not self._holds(address):
            return False
        self._taken[address] = service.key
        self.given.setdefault(service.key, {})[family] = address
        return True

    def _holds(self, text: str) -> bool:
        address = sloppy_address(text)
        return address is not None and any(_is_usable(p, address) for p in self._prefixes[address.family])

    def _candidates(self, key: NamespacedName, family: str) -> Iterator[str]:
        """The addresses of the ranges in the order of the search; no more than can be taken, and one."""
        for prefix in self._prefixes[family]:
            first, size = _usable(prefix)
            start = stable_hash(str(key)) % size
            for offset in range(min(size, len(self._taken) + 1)):
                yield str(Address(family, first + (start + offset) % size))


def _families(service: Service) -> tuple[str, ...]:
    return service.spec.ip_families or tuple(family_of(each) for each in service.spec.cluster_ips)


def _usable(prefix: Prefix) -> tuple[int, int]:
    """The first address to give and how many there are: not the network's own, nor IPv4's broadcast address."""
    if prefix.size <= 2:
        return prefix.network, prefix.size
    return prefix.network + 1, prefix.size - (2 if prefix.family == IPV4 else 1)


def _is_usable(prefix: Prefix, address: Address) -> bool:
    first, size = _usable(prefix)
    return first <= address.value < first + size
