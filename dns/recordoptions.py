"""Pure: what decides, beside the Snapshot, which records there are: a Corefile's `kubernetes` block."""

from enum import StrEnum

import msgspec

from controlplane.objects import LabelSelector

from .model import Labels
from .reversal import IN_ADDR_ARPA, IP6_ARPA

CLUSTER_LOCAL: Labels = (b"cluster", b"local")


class PodMode(StrEnum):
    """The option `pods`: which names under `pod` exist."""

    DISABLED = "disabled"
    INSECURE = "insecure"  # every address, in a namespace that exists
    VERIFIED = "verified"  # the address of a pod in that namespace


class RecordOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of CoreDNS' kubernetes plugin, and what the server knows of itself; names in lower case."""

    zones: tuple[Labels, ...] = (CLUSTER_LOCAL, IN_ADDR_ARPA, IP6_ARPA)
    ttl: int = 5  # seconds
    pods: PodMode = PodMode.DISABLED
    endpoint_pod_names: bool = False
    endpoints: bool = True  # `noendpoints` turns them off
    namespaces: frozenset[str] = frozenset()  # empty: all
    namespace_labels: LabelSelector | None = None
    labels: LabelSelector | None = None
    ignore_empty_service: bool = False
    fallthrough: tuple[Labels, ...] = ()  # the zones whose unknown names are somebody else's; `((),)` is all
    local_addresses: tuple[str, ...] = ()  # the server's own, to find its Service by; none with the plugin `bind`
    zonal: bool = False  # names of headless Services by topology zone
    all_classes: bool = False  # CoreDNS loads `forward` or `chaos`, and then every class is answered as IN

    def __hash__(self) -> int:
        """Options are keys of records; label selectors, which hold dictionaries, are left to the comparison."""
        return hash((self.zones, self.ttl, self.pods, self.namespaces, self.fallthrough, self.local_addresses))
