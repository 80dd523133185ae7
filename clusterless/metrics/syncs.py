"""Pure: what kube-proxy and CoreDNS count of how changes come into force: how many, how long, since when they wait."""

from collections.abc import Iterator
from datetime import datetime

from controlplane.differences import differing
from controlplane.objects import EndpointSlice, NamespacedName
from controlplane.snapshot import Snapshot
from dns.counters import Histogram

SYNC_BOUNDS = tuple(0.001 * 2**power for power in range(15))  # seconds; pkg/proxy/metrics/metrics.go
# Seconds; the same file: close together while it is fast, then ever wider, up to five minutes.
NETWORK_BOUNDS = (
    0.25, 0.5, *map(float, range(1, 60)), *map(float, range(60, 120, 5)), *map(float, range(120, 301, 30)),
)  # fmt: skip
DNS_BOUNDS = tuple(0.001 * 2**power for power in range(20))  # seconds; plugin/kubernetes/object/metrics.go
# When the change happened that a slice tells of, as the EndpointSlice controller writes it.
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


class Syncs:
    """Counts snapshots; all times are seconds since 1970. Changes from before `started_at` are nobody's delay."""

    def __init__(self, started_at: float) -> None:
        self.queued_at = 0.0  # when a change came last
        self.applied_at = 0.0  # when one was in force last
        self.service_changes = 0
        self.endpoint_changes = 0
        self.pending_services = 0
        self.pending_endpoints = 0
        self.durations = Histogram(SYNC_BOUNDS)
        self.network = Histogram(NETWORK_BOUNDS)
        self.dns = Histogram(DNS_BOUNDS)
        self._started_at = started_at
        self._pending: Snapshot | None = None
        self._applied: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The one that is in force."""
        return self._applied

    def queued(self, snapshot: Snapshot, now: float) -> None:
        """A snapshot waits to be applied."""
        before = self._pending or self._applied
        self.queued_at, self._pending = now, snapshot
        services = len(differing(before.services if before else {}, snapshot.services))
        endpoints = sum(1 for _ in _changed_slices(before, snapshot))
        self.service_changes += services
        self.endpoint_changes += endpoints
        self.pending_services += services
        self.pending_endpoints += endpoints

    def applied(self, snapshot: Snapshot, now: float, seconds: float) -> None:
        """The snapshot is in force; that took so many seconds."""
        self.durations.observe(seconds)
        for service, piece in _changed_slices(self._applied, snapshot):
            if piece is not None:
                self._observe_delay(snapshot, service, piece, now)
        self.applied_at, self._applied, self._pending = now, snapshot, None
        self.pending_services = self.pending_endpoints = 0

    def _observe_delay(self, snapshot: Snapshot, service: NamespacedName, piece: EndpointSlice, now: float) -> None:
        """How long ago the change happened, where the slice tells; CoreDNS counts it for headless Services."""
        happened_at = trigger_time(piece)
        if happened_at <= self._started_at:
            return
        self.network.observe(max(now - happened_at, 0.0))
        found = snapshot.services.get(service)
        if found is not None and found.is_headless:
            self.dns.observe(max(now - happened_at, 0.0))


def trigger_time(piece: EndpointSlice) -> float:
    """When the change happened that led to the slice (seconds since 1970); 0 where it does not say, or not rightly."""
    text = piece.metadata.annotations.get(TRIGGER_TIME)
    if not text:  # as in nearly all manifests
        return 0.0
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return time.timestamp() if time.tzinfo else 0.0


def _changed_slices(before: Snapshot | None, after: Snapshot) -> Iterator[tuple[NamespacedName, EndpointSlice | None]]:
    """The slices that came, went (`None`) or changed, as they are now, each with its Service."""
    old_slices = before.slices if before else {}
    for service in differing(old_slices, after.slices):
        if service not in old_slices:
            yield from ((service, each) for each in after.slices[service])
            continue
        old = {each.metadata.name: each for each in old_slices.get(service, ())}
        new = {each.metadata.name: each for each in after.slices.get(service, ())}
        for name in differing(old, new):
            yield service, new.get(name)
