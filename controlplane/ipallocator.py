"""Pure: cluster IPs (Kubernetes `registry/core/service/ipallocator`, `storage/alloc.go` allocIPs)."""

import msgspec

from .fielderrors import invalid
from .ipfamilies import keeps_preferred_stack
from .netaddr import IPV4, Address, Prefix, parse_address
from .numberpool import Claim, NumberPool, Refusal, Transaction, internal_error, static_band
from .objects import ServiceSpec
from .service_types import EXTERNAL_NAME, HEADLESS, needs_cluster_ip

_LARGEST_BAND = 256  # addresses, calculateRangeOffset


class IPRange:
    """The cluster IPs of one range; the network address, and of IPv4 the broadcast address, are nobody's."""

    def __init__(self, prefix: Prefix) -> None:
        self.prefix = prefix
        last = prefix.size - (2 if prefix.family == IPV4 else 1)
        static = static_band(prefix.size, share=16, largest=_LARGEST_BAND)
        self.pool = NumberPool(prefix.network + 1, prefix.network + last, static)


class IPAllocator:
    """The cluster IPs of all ranges, at most one range a family."""

    def __init__(self, prefixes: tuple[Prefix, ...]) -> None:
        self._ranges = {prefix.family: IPRange(prefix) for prefix in prefixes}

    @property
    def families(self) -> tuple[str, ...]:
        """The families that Services can have, the primary first."""
        return tuple(self._ranges)

    def claims(self, spec: ServiceSpec) -> list[Claim]:
        """The addresses that a Service names and that are in range."""
        claims: list[Claim] = []
        if needs_cluster_ip(spec):
            for text in spec.cluster_ips or (spec.cluster_ip,):
                address = parse_address(text)
                if address and address.family in self._ranges:
                    claims.append((self._ranges[address.family].pool, address.value))
        return [(pool, number) for pool, number in claims if number in pool]

    def fill(self, spec: ServiceSpec, old: ServiceSpec | None, transaction: Transaction) -> ServiceSpec | Refusal:
        """The spec, whose families are known, with the addresses that it lacks."""
        wanted = _wanted(spec, old)
        if not wanted:
            return spec
        ips = [*spec.cluster_ips, *[""] * (len(spec.ip_families) - len(spec.cluster_ips))]
        for index in wanted:
            text = self._take(ips, index, spec.ip_families[index], transaction)
            if isinstance(text, Refusal):
                return text
            ips[index] = text
        return msgspec.structs.replace(spec, cluster_ip=ips[0], cluster_ips=tuple(ips))

    def _take(self, ips: list[str], index: int, family: str, transaction: Transaction) -> str | Refusal:
        ip_range, text = self._ranges[family], ips[index]
        if not text:
            number = transaction.take_next(ip_range.pool, str(transaction.owner))
            if number is not None:
                return str(Address(family, number))
            name = transaction.owner.name
            return internal_error(f'failed to allocate a serviceIP for Service "{name}": range is full')
        why = _why_not(ip_range, text, transaction)
        return Refusal((invalid("spec.clusterIPs", ips, f"failed to allocate IP {text}: {why}"),)) if why else text


def _wanted(spec: ServiceSpec, old: ServiceSpec | None) -> range:
    """The indices of the addresses to take.

    On update what is there stays, and a second may come; a first one that was changed is for validation to refuse.
    """
    if spec.type == EXTERNAL_NAME or spec.cluster_ips[:1] == (HEADLESS,):
        return range(0)
    if old is None or old.type == EXTERNAL_NAME:
        return range(len(spec.ip_families))
    grown = len(old.ip_families) == 1 and len(spec.ip_families) == 2
    stays = old.cluster_ips[:1] == (HEADLESS,) or keeps_preferred_stack(spec, old)
    return range(1, 2) if grown and not stays else range(0)


def _why_not(ip_range: IPRange, text: str, transaction: Transaction) -> str:
    """Take the address that is asked for; why it cannot be had, or `""`."""
    address = parse_address(text)
    assert address is not None, "the fields were judged before"
    if address.value not in ip_range.pool:
        return f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {ip_range.prefix}"
    return "" if transaction.take(ip_range.pool, address.value) else "provided IP is already allocated"
