"""Pure: gives Services their cluster IPs and node ports, and knows who holds which.

The outcome is a function of what is held and of what is asked for: there is no chance in it. A number is held by the
name of a Service, so that none frees another's. Source: Kubernetes `registry/core/service/storage/alloc.go`.
"""

import msgspec

from .ipallocator import IPAllocator
from .ipfamilies import with_families
from .netaddr import Prefix, parse_cidr
from .numberpool import Claim, Refusal, Transaction
from .objects import NamespacedName, Service, ServiceSpec
from .options import ClusterOptions
from .portallocator import PortAllocator

__all__ = ["Allocations", "Refusal", "dns_service_ip", "kubernetes_service_ip"]

_KUBERNETES_INDEX = 1  # controlplane/apiserver/options ServiceIPRange
_DNS_INDEX = 10  # kubeadm GetDNSIP


class Allocations:
    """What all Services of a cluster hold. The options must be good (`clusteroptions.validate_options`)."""

    def __init__(self, options: ClusterOptions) -> None:
        self._ips = IPAllocator(_service_ranges(options))
        self._ports = PortAllocator(options.service_node_port_range)
        self._held: dict[NamespacedName, tuple[Claim, ...]] = {}

    def reserve(self, service: Service) -> None:
        """Let an accepted Service hold exactly what it names, as far as it is in range and nobody else's.

        It also undoes an `allocate` for an update that was then refused: reserve the old Service.
        """
        self.release(service)
        key = service.key
        self._held[key] = tuple((pool, number) for pool, number in self._claims(service.spec) if pool.take(number, key))

    def release(self, service: Service) -> None:
        """Take back all that the Service of this name holds, if anything."""
        for pool, number in self._held.pop(service.key, ()):
            pool.release(number)

    def allocate(self, service: Service, old: Service | None = None) -> Service | Refusal:
        """The Service with everything that it needs, or why not; `old` is what was accepted of it before.

        What `old` held and the new one does not name is free afterwards. A Refusal leaves all as it was.
        """
        spec = service.spec if old else _with_plural(service.spec)
        prepared = with_families(spec, old.spec if old else None, self._ips.families)
        if isinstance(prepared, tuple):
            return Refusal(prepared)
        transaction = Transaction(service.key)
        outcome = self._ips.fill(prepared, old.spec if old else None, transaction)
        if not isinstance(outcome, Refusal):
            outcome = self._ports.fill(outcome, old.spec if old else None, transaction)
        if isinstance(outcome, Refusal):
            transaction.roll_back()
            return outcome
        self._hold_only_named(outcome, transaction)
        return msgspec.structs.replace(service, spec=outcome)

    def _hold_only_named(self, spec: ServiceSpec, transaction: Transaction) -> None:
        named = set(self._claims(spec))
        held = (*self._held.get(transaction.owner, ()), *transaction.claims)
        self._held[transaction.owner] = tuple(claim for claim in held if claim in named)
        for pool, number in held:
            if (pool, number) not in named:
                pool.release(number)

    def _claims(self, spec: ServiceSpec) -> list[Claim]:
        return self._ips.claims(spec) + self._ports.claims(spec)


def _with_plural(spec: ServiceSpec) -> ServiceSpec:
    """A new Service names one address in `clusterIP` alone: `clusterIPs` follows (NormalizeClusterIPs)."""
    if not spec.cluster_ip or spec.cluster_ips:
        return spec
    return msgspec.structs.replace(spec, cluster_ips=(spec.cluster_ip,))


def _service_ranges(options: ClusterOptions) -> tuple[Prefix, ...]:
    prefixes = [parse_cidr(text) for text in options.service_cluster_ip_ranges]
    return tuple(prefix for prefix in prefixes if prefix is not None)


def kubernetes_service_ip(options: ClusterOptions) -> tuple[str, ...]:
    """The address of `default/kubernetes` in each range: the first."""
    return tuple(str(prefix.address(_KUBERNETES_INDEX)) for prefix in _service_ranges(options))


def dns_service_ip(options: ClusterOptions) -> tuple[str, ...]:
    """The address of `kube-system/kube-dns` in each range: the tenth."""
    return tuple(str(prefix.address(_DNS_INDEX)) for prefix in _service_ranges(options))
