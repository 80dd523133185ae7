"""Pure: all frontends of a node, each Service's made again only when the Service or its slices changed."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from controlplane.differences import differing
from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.snapshot import Snapshot

from .model import Frontend, FrontendKey, FrontendKind, ServicePortName
from .nodeview import NodeView
from .options import ProxyOptions
from .servicefrontends import frontends_of_service

__all__ = [
    "Conflict",
    "FrontendCache",
    "Frontends",
    "NamedAddress",
    "ServiceFrontends",
    "frontends_of",
    "frontends_of_service",
]

# Who wins an address and port: first whoever cannot choose it (the control plane allocates clusterIPs), last whoever
# may write any address into a manifest.
_RANK = {
    FrontendKind.CLUSTER_IP: 0,
    FrontendKind.NODE_PORT: 1,
    FrontendKind.LOAD_BALANCER: 2,
    FrontendKind.EXTERNAL_IP: 3,
}


class Conflict(NamedTuple):
    """Two Services claim one address and port: the loser is not reached there, until the winner goes."""

    key: FrontendKey
    winner: ServicePortName
    loser: ServicePortName

    @property
    def message(self) -> str:
        """The conflict in a sentence."""
        return f"{self.key} belongs to {self.winner}; {self.loser} has it too, and gets no connections there"


class Frontends(NamedTuple):
    """The frontends of a node, and the claims that lost."""

    frontends: dict[FrontendKey, Frontend]
    conflicts: tuple[Conflict, ...]
    by_service: Mapping[NamespacedName, "ServiceFrontends"]


class NamedAddress(NamedTuple):
    """An address that a Service's object names, and as what."""

    address: str
    kind: FrontendKind


class ServiceFrontends(NamedTuple):
    """One Service's frontends with what they were made from."""

    service: Service
    slices: tuple[EndpointSlice, ...]
    frontends: dict[FrontendKey, Frontend]
    named_addresses: frozenset[NamedAddress]  # all but the node's own, which carry nodePorts
    endpoint_addresses: frozenset[str]

    def has(self, slices: tuple[EndpointSlice, ...]) -> bool:
        """Whether it was made from these slices: objects of a Snapshot keep their identity."""
        return self.slices is slices or (
            len(self.slices) == len(slices)
            and all(one is other for one, other in zip(self.slices, slices, strict=True))
        )


class FrontendCache:
    """Makes the frontends of one snapshot after the other."""

    def __init__(self) -> None:
        self._node: NodeView | None = None
        self._options: ProxyOptions | None = None
        self._seen: tuple[Mapping[NamespacedName, Service], Mapping[NamespacedName, tuple[EndpointSlice, ...]]]
        self._seen = ({}, {})
        self._frontends = Frontends({}, (), {})

    def update(self, snapshot: Snapshot, node: NodeView, options: ProxyOptions) -> Frontends:
        """The frontends of the snapshot; those that did not change are the same objects as before."""
        if (node, options) != (self._node, self._options):
            self._seen, self._frontends = ({}, {}), Frontends({}, (), {})
        services, slices = self._seen
        changed = {*differing(services, snapshot.services), *differing(slices, snapshot.slices)}
        after = dict(self._frontends.by_service)
        for key in changed:
            service, pieces = snapshot.services.get(key), snapshot.slices.get(key, ())
            known = after.get(key)
            if service is None:
                after.pop(key, None)
            elif known is None or known.service is not service or not known.has(pieces):
                after[key] = _make(service, pieces, node, options)
        if after.keys() != self._frontends.by_service.keys():
            after = {key: after[key] for key in snapshot.services}
        self._node, self._options, self._seen = node, options, (snapshot.services, snapshot.slices)
        self._frontends = _amend(self._frontends, after, changed) or _merge(after)
        return self._frontends


def frontends_of(snapshot: Snapshot, node: NodeView, options: ProxyOptions) -> dict[FrontendKey, Frontend]:
    """All frontends of the node, from scratch."""
    return FrontendCache().update(snapshot, node, options).frontends


def _make(
    service: Service, slices: tuple[EndpointSlice, ...], node: NodeView, options: ProxyOptions
) -> ServiceFrontends:
    frontends = {each.key: each for each in frontends_of_service(service, slices, node, options)}
    lists = {id(used): used for each in frontends.values() for used in (each.internal, each.external)}
    addresses = frozenset(endpoint.address for used in lists.values() for endpoint in used)
    named = frozenset(
        NamedAddress(f.key.address, f.kind) for f in frontends.values() if f.kind is not FrontendKind.NODE_PORT
    )
    return ServiceFrontends(service, slices, frontends, named, addresses)


def _amend(
    before: Frontends, services: Mapping[NamespacedName, ServiceFrontends], changed: Collection[NamespacedName]
) -> Frontends | None:
    """What was merged before with the Services that changed; None if there is, or was, a conflict to settle."""
    if before.conflicts or len(changed) > len(before.by_service):
        return None
    merged = dict(before.frontends)
    for key in changed:
        if (old := before.by_service.get(key)) is not None:
            for each in old.frontends:
                del merged[each]
    for key in changed:
        if (new := services.get(key)) is not None:
            if not merged.keys().isdisjoint(new.frontends):
                return None
            merged.update(new.frontends)
    return Frontends(merged, (), services)


def _merge(services: Mapping[NamespacedName, ServiceFrontends]) -> Frontends:
    merged: dict[FrontendKey, Frontend] = {}
    claims = 0
    for each in services.values():
        merged.update(each.frontends)
        claims += len(each.frontends)
    if claims == len(merged):
        return Frontends(merged, (), services)
    conflicts = _settle(merged, services.values())
    return Frontends(merged, conflicts, services)


def _settle(merged: dict[FrontendKey, Frontend], services: Iterable[ServiceFrontends]) -> tuple[Conflict, ...]:
    """Give each contested key to its winner."""
    claims: dict[FrontendKey, list[Frontend]] = {}
    for each in services:
        for key, frontend in each.frontends.items():
            claims.setdefault(key, []).append(frontend)
    conflicts: list[Conflict] = []
    for key, claimants in claims.items():
        if len(claimants) > 1:
            winner, *losers = sorted(claimants, key=_precedence)
            merged[key] = winner
            conflicts += [Conflict(key, winner.service, loser.service) for loser in losers]
    return tuple(conflicts)


def _precedence(frontend: Frontend) -> tuple[int, ServicePortName]:
    return _RANK[frontend.kind], frontend.service
