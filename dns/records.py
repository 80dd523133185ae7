"""Pure: what the cluster zones hold, looked up in a Snapshot as CoreDNS does (its plugin/kubernetes/kubernetes.go)."""

from typing import Self

from controlplane.snapshot import Snapshot

from .grammar import Branch, NamespaceName, NoName, PodName, parse
from .lookups import Found, Hit, Lookup, Missing
from .model import Labels, Soa
from .names import is_within
from .podnames import address_of_label
from .recordoptions import PodMode, RecordOptions
from .reversal import is_reverse
from .reverserecords import hosts_of, names_of
from .servicerecords import find_service
from .visible import VisibleCluster

__all__ = ["SCHEMA_VERSION", "ClusterRecords", "PodMode", "RecordOptions"]

SCHEMA_VERSION = "1.1.0"  # https://github.com/kubernetes/dns, docs/specification.md


class ClusterRecords:
    """A Snapshot as DNS sees it. Cheap to make: everything is looked up when it is asked for."""

    def __init__(self, cluster: VisibleCluster, *, synced: bool) -> None:
        self.snapshot = cluster.snapshot
        self.options = cluster.options
        self.synced = synced
        self.cluster = cluster

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        options: RecordOptions,
        *,
        synced: bool = True,
        previous: "ClusterRecords | None" = None,
    ) -> Self:
        """The records of a snapshot; until it is `synced`, what does not exist may only be not known yet.

        `previous` are those of an earlier snapshot, whose work is used again; they stay as they were.
        """
        earlier = previous.cluster if previous else None
        return cls(VisibleCluster(snapshot, options, earlier), synced=synced)

    def zone_of(self, name: Labels) -> Labels | None:
        """The longest of our zones that holds a name in lower case."""
        return max((zone for zone in self.options.zones if is_within(name, zone)), key=len, default=None)

    def falls_through(self, name: Labels) -> bool:
        """Whether the name, if we do not know it, is for the next to answer."""
        return any(is_within(name, zone) for zone in self.options.fallthrough)

    @property
    def primary_zone(self) -> Labels:
        """The first forward zone, in which PTR records point."""
        return next((zone for zone in self.options.zones if not is_reverse(zone)), self.options.zones[0])

    def soa(self, origin: Labels) -> Soa:
        """The SOA data of a zone, spelled as the question's (CoreDNS plugin/backend_lookup.go)."""
        return Soa(
            mname=(b"ns", b"dns", *origin),
            rname=(b"hostmaster", *origin),
            serial=self.snapshot.serial & 0xFFFFFFFF,
            refresh=7200,
            retry=1800,
            expire=86400,
            minimum=self.options.ttl,
        )

    def lookup(self, name: Labels, zone: Labels) -> Lookup:
        """What stands behind a name in one of our zones, both in lower case."""
        asked = parse(name[: len(name) - len(zone)], zonal=self.options.zonal)
        if isinstance(asked, Branch):
            return Found()
        if isinstance(asked, NoName) or is_reverse(name):
            return Missing()
        if not self.cluster.exposes(asked.namespace):
            return Missing("no such namespace")
        match asked:
            case NamespaceName(_, is_pod):
                return Missing() if is_pod and self.options.pods is PodMode.DISABLED else Found()
            case PodName(namespace, label):
                return self._find_pod(namespace, label)
            case _:
                return find_service(self.cluster, asked)

    def _find_pod(self, namespace: str, label: str) -> Lookup:
        address = address_of_label(label)
        if self.options.pods is PodMode.DISABLED or address is None:
            return Missing()
        if self.options.pods is PodMode.VERIFIED and not self.cluster.pods.holds(namespace, address):
            return Missing("no such pod")
        return Found((Hit((label.encode("latin-1"), namespace.encode(), b"pod"), address, 0),))

    def names_of(self, address: str) -> tuple[Labels, ...]:
        """The names of an address, relative to the zone, for PTR; none if it is unknown."""
        return names_of(self.cluster, address)

    def hosts_of(self, address: str) -> tuple[Hit, ...] | None:
        """The names and addresses of the Services that a server at `address` is an endpoint of; None if of none."""
        return hosts_of(self.cluster, address)
