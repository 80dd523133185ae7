"""Pure: what the DNS server counts, as plain numbers under CoreDNS' labels (plugin/metrics), for others to export.

Both of CoreDNS' rules against too many label values hold: rare types are `other`, and questions that no server block
serves are counted for the zone `dropped`. No name and no client is ever a label.
"""

from bisect import bisect_left
from collections import Counter
from typing import NamedTuple, TypeVar

_Key = TypeVar("_Key", bound=tuple[str, ...])

DURATION_BOUNDS = tuple(0.00025 * 2**power for power in range(16))  # seconds; plugin.TimeBuckets
SIZE_BOUNDS = (0.0, 100.0, 200.0, 300.0, 400.0, 511.0, 1023.0, 2047.0, 4095.0, 8291.0, 16e3, 32e3, 48e3, 64e3)
SLIM_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0)  # seconds, of upstream answers
DROPPED = "dropped"

_TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 43: "DS",
    46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 251: "IXFR", 252: "AXFR", 255: "ANY",
}  # fmt: skip
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 16: "BADVERS"}


def type_label(qtype: int) -> str:
    """The label of a query's type (plugin/metrics/vars/report.go)."""
    return _TYPES.get(qtype, "other")


def rcode_label(rcode: int) -> str:
    """The label of an answer's response code."""
    return _RCODES.get(rcode, f"RCODE{rcode}")


class Histogram:
    """Counts by upper bound, the last one without bound, as a Prometheus histogram before it is summed up."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Counts a value in the first bucket whose bound it does not exceed."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times


class Listener(NamedTuple):
    """Where a query came in: the label `server` (`dns://:53`), `udp` or `tcp`, and family `1` or `2` (IPv6)."""

    server: str
    proto: str
    family: str


class RequestKey(NamedTuple):
    """Labels of `coredns_dns_requests_total`."""

    server: str
    zone: str
    proto: str
    family: str
    type: str


class ResponseKey(NamedTuple):
    """Labels of `coredns_dns_responses_total`."""

    server: str
    zone: str
    rcode: str


class SizeKey(NamedTuple):
    """Labels of the two size histograms."""

    server: str
    zone: str
    proto: str


class ZoneKey(NamedTuple):
    """Labels of `coredns_dns_request_duration_seconds` and `coredns_dns_do_requests_total`."""

    server: str
    zone: str


class UpstreamKey(NamedTuple):
    """Labels of `coredns_proxy_request_duration_seconds`: where it went, and what came (`timeout` and such too)."""

    to: str
    rcode: str


class Counters:
    """All counts since the start. Only additions: they survive a new Corefile."""

    def __init__(self) -> None:
        self.requests: Counter[RequestKey] = Counter()
        self.responses: Counter[ResponseKey] = Counter()
        self.dnssec_ok: Counter[ZoneKey] = Counter()
        self.durations: dict[ZoneKey, Histogram] = {}
        self.request_sizes: dict[SizeKey, Histogram] = {}
        self.response_sizes: dict[SizeKey, Histogram] = {}
        self.turned_away: Counter[str] = Counter()  # packets that were no query, by rcode or `silence`
        self.panics = 0  # queries that ended in a bug of ours
        self.wire_cache_hits = 0
        self.cache_hits: Counter[str] = Counter()  # by `success` and `denial`
        self.cache_misses = 0
        self.upstream: dict[UpstreamKey, Histogram] = {}
        self.upstream_ignored = 0  # packets on an upstream's socket that were not its answer
        self.healthcheck_failures: Counter[str] = Counter()  # by upstream
        self.healthcheck_broken = 0  # queries for which all upstreams were down
        self.max_concurrent_rejects = 0
        self.udp_shed = 0  # queries of clients that sent far more than others
        self.tcp_shed = 0  # TCP connections closed early to make room
        self.accept_failures = 0
        self.reload_failed = 0  # Corefiles that were refused while an earlier one was in force

    def answered(
        self,
        listener: Listener,
        zone: str,
        *,
        qtype: int,
        rcode: int,
        request_size: int,
        response_size: int,
        dnssec_ok: bool,
        times: int = 1,
    ) -> None:
        """Counts answers that went out; their durations are counted apart."""
        server, proto, family = listener
        self.requests[RequestKey(server, zone, proto, family, type_label(qtype))] += times
        self.responses[ResponseKey(server, zone, rcode_label(rcode))] += times
        if dnssec_ok:
            self.dnssec_ok[ZoneKey(server, zone)] += times
        size = SizeKey(server, zone, proto)
        _histogram(self.request_sizes, size, SIZE_BOUNDS).observe(request_size, times)
        _histogram(self.response_sizes, size, SIZE_BOUNDS).observe(response_size, times)

    def took(self, server: str, zone: str, seconds: float, times: int = 1) -> None:
        """Counts how long answers took."""
        _histogram(self.durations, ZoneKey(server, zone), DURATION_BOUNDS).observe(seconds, times)

    def upstream_took(self, to: str, rcode: str, seconds: float) -> None:
        """Counts one exchange with an upstream."""
        _histogram(self.upstream, UpstreamKey(to, rcode), SLIM_BOUNDS).observe(seconds)


def _histogram(table: dict[_Key, Histogram], key: _Key, bounds: tuple[float, ...]) -> Histogram:
    """The histogram of a key; a new one is made only when there is none yet."""
    found = table.get(key)
    if found is None:
        found = table[key] = Histogram(bounds)
    return found
