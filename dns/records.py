"""Pure: what the cluster zones hold, looked up in a Snapshot as CoreDNS does (its plugin/kubernetes/kubernetes.go)."""

import ipaddress
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Self, TypeAlias

import msgspec

from controlplane.labels import matches
from controlplane.objects import LabelSelector, NamespacedName, Service
from controlplane.snapshot import Snapshot

from .endpoints import EndpointGroup, NamedPort, groups_of
from .grammar import Branch, NamespaceName, NoName, PodName, ServiceName, parse
from .model import Labels, Soa
from .names import from_text, is_within
from .podnames import PodIndex, address_of_label
from .reversal import IN_ADDR_ARPA, IP6_ARPA, is_reverse
from .reverseindex import ReverseIndex

SCHEMA_VERSION = "1.1.0"  # https://github.com/kubernetes/dns, docs/specification.md
CLUSTER_LOCAL: Labels = (b"cluster", b"local")


class PodMode(StrEnum):
    """The option `pods`: which names under `pod` exist."""

    DISABLED = "disabled"
    INSECURE = "insecure"  # every address, in a namespace that exists
    VERIFIED = "verified"  # the address of a pod in that namespace


class RecordOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The Corefile's `kubernetes` block, and what the server knows of itself; names in lower case."""

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
    all_classes: bool = False  # CoreDNS loads `forward` or `chaos`, and then every class is answered as IN


class Hit(NamedTuple):
    """One address behind a name, and the name, relative to the zone, that an SRV record points at."""

    owner: Labels
    address: str
    port: int


class Found(NamedTuple):
    """The name exists; without hits it is a branch of the tree only."""

    hits: tuple[Hit, ...] = ()


class Alias(NamedTuple):
    """An ExternalName Service."""

    target: Labels


class Missing(NamedTuple):
    """The name does not exist; the explanation says why, where there is more to say than that."""

    explanation: str = ""


Lookup: TypeAlias = Found | Alias | Missing


class ClusterRecords:
    """A Snapshot as DNS sees it. Cheap to make: everything is looked up when it is asked for."""

    def __init__(self, snapshot: Snapshot, options: RecordOptions, *, synced: bool) -> None:
        self.snapshot = snapshot
        self.options = options
        self.synced = synced
        self._groups: dict[NamespacedName, tuple[EndpointGroup, ...]] = {}

    @classmethod
    def of(cls, snapshot: Snapshot, options: RecordOptions, *, synced: bool = True) -> Self:
        """The records of a snapshot; until it is `synced`, what does not exist may only be not known yet."""
        return cls(snapshot, options, synced=synced)

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
        asked = parse(name[: len(name) - len(zone)])
        if isinstance(asked, Branch):
            return Found()
        if isinstance(asked, NoName) or is_reverse(name):
            return Missing()
        if not self.exposes(asked.namespace):
            return Missing("no such namespace")
        match asked:
            case NamespaceName(_, is_pod):
                return Missing() if is_pod and self.options.pods is PodMode.DISABLED else Found()
            case PodName(namespace, label):
                return self._pod(namespace, label)
            case _:
                return self._service(asked)

    def exposes(self, namespace: str) -> bool:
        """Whether the namespace exists and the options let it be seen."""
        if self.options.namespaces and namespace not in self.options.namespaces:
            return False
        found = self.snapshot.namespaces.get(namespace)
        if found is None:
            return False
        return self.options.namespace_labels is None or matches(self.options.namespace_labels, found.metadata.labels)

    def service(self, key: NamespacedName) -> Service | None:
        """The Service, if the option `labels` lets it be seen."""
        found = self.snapshot.services.get(key)
        if found is None or self.options.labels is None or matches(self.options.labels, found.metadata.labels):
            return found
        return None

    def groups(self, key: NamespacedName) -> tuple[EndpointGroup, ...]:
        """The ready endpoints of a Service, by slice."""
        groups = self._groups.get(key)
        if groups is None:
            slices = self.snapshot.slices_of(key) if self.options.endpoints else ()
            groups = self._groups[key] = groups_of(slices, pod_names=self.options.endpoint_pod_names)
        return groups

    def hosts(self, key: NamespacedName, group: int) -> tuple[Hit, ...]:
        """How the Service of a name server is known: by its cluster IPs, headless by the endpoints of one slice."""
        service = self.service(key)
        if service is None:
            return ()
        if not service.is_headless:
            return tuple(Hit(_owner(key), address, 0) for address in _cluster_ips_of(service))
        endpoints = self.groups(key)[group].endpoints
        return tuple(Hit((each.name.encode(), *_owner(key)), each.address, 0) for each in endpoints)

    def _service(self, asked: ServiceName) -> Lookup:
        key = NamespacedName(asked.namespace, asked.service)
        service = self.service(key)
        if service is None:
            return Missing("no such Service")
        if service.spec.type == "ExternalName":
            return _alias(service, asked)
        if service.is_headless or asked.endpoint:
            return self._endpoints(key, asked)
        if self.options.ignore_empty_service and not any(group.endpoints for group in self.groups(key)):
            return Missing(f"Service {key} has 0 ready endpoints, and ignore empty_service is set")
        return _cluster_ips(service, asked)

    def _endpoints(self, key: NamespacedName, asked: ServiceName) -> Lookup:
        base = _owner(key)
        hits = tuple(
            [
                Hit((endpoint.name.encode(), *base), endpoint.address, port.number)
                for group in self.groups(key)
                for endpoint in group.endpoints
                if asked.endpoint in ("", endpoint.name.lower())
                for port in group.ports
                if port.matches(asked.port, asked.protocol)
            ]
        )
        return Found(hits) if hits else Missing(self._why_no_endpoint(key, asked))

    def _why_no_endpoint(self, key: NamespacedName, asked: ServiceName) -> str:
        if not any(group.endpoints for group in self.groups(key)):
            kind = "Service" if asked.endpoint else "headless Service"
            return f"{kind} {key} has 0 ready endpoints"
        if asked.endpoint:
            return f"Service {key} has no ready endpoint of this name"
        return f"headless Service {key} has no such port"

    def _pod(self, namespace: str, label: str) -> Lookup:
        address = address_of_label(label)
        if self.options.pods is PodMode.DISABLED or address is None:
            return Missing()
        if self.options.pods is PodMode.VERIFIED and not self._pods.holds(namespace, address):
            return Missing("no such pod")
        return Found((Hit((label.encode("latin-1"), namespace.encode(), b"pod"), address, 0),))

    @cached_property
    def _pods(self) -> PodIndex:
        return PodIndex.of(self.snapshot.pods.values())

    @cached_property
    def reverse(self) -> ReverseIndex:
        """Which names an address has; built at the first question that needs it."""
        hidden = [] if self.options.labels is None else [k for k in self.snapshot.services if self.service(k) is None]
        namespaces = frozenset(filter(self.exposes, self.snapshot.namespaces)) if self.options.namespaces else None
        return ReverseIndex.of(self.snapshot, self.groups, hidden=frozenset(hidden), namespaces=namespaces)


def _alias(service: Service, asked: ServiceName) -> Lookup:
    """The target of an ExternalName; none below the name, and none for what is an address or no name at all."""
    if asked.is_below:
        return Missing(f"nothing is below ExternalName Service {service.key}")
    target = service.spec.external_name
    if _is_address(target):
        return Missing(f"externalName of Service {service.key} is an IP address, not a DNS name")
    try:
        return Alias(from_text(target))
    except ValueError:
        return Missing(f"externalName of Service {service.key} is not a DNS name")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _owner(key: NamespacedName) -> Labels:
    return (key.name.encode(), key.namespace.encode(), b"svc")


def _cluster_ips_of(service: Service) -> tuple[str, ...]:
    if not service.has_cluster_ip:
        return ()
    return service.spec.cluster_ips or (service.spec.cluster_ip,)


def _cluster_ips(service: Service, asked: ServiceName) -> Lookup:
    owner = _owner(service.key)
    hits = tuple(
        [
            Hit(owner, address, port.port)
            for port in service.spec.ports
            if NamedPort(port.name.lower(), port.protocol.lower(), port.port).matches(asked.port, asked.protocol)
            for address in _cluster_ips_of(service)
        ]
    )
    return Found(hits) if hits else Missing(f"Service {service.key} has no such port")
