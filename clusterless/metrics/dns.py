"""The DNS server's metrics, under CoreDNS' names and labels, so that its dashboards work."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from clusterless import __version__
from dns.counters import Counters

from .families import HistogramLike, Labelled, counter, gauge, histogram

VIEW = ""  # the `view` plugin is not offered, and CoreDNS leaves the label empty without it
PROXY_NAME = "forward"  # plugin/pkg/proxy serves several plugins in CoreDNS


class DnsCollector(Collector):
    """Reads the counters when it is asked; `cache_sizes` are the answers and denials that are kept now."""

    def __init__(self, counters: Counters, cache_sizes: tuple[int, int] = (0, 0)) -> None:
        self._counters = counters
        self._cache_sizes = cache_sizes

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        yield from self._queries()
        yield from self._sizes()
        yield from self._cache()
        yield from self._upstreams()
        yield from self._own()

    def _queries(self) -> Iterator[Metric]:
        counters = self._counters
        yield counter(
            "coredns_dns_requests",
            "Counter of DNS requests made per zone, protocol and family.",
            ("server", "zone", "view", "proto", "family", "type"),
            {(k.server, k.zone, VIEW, k.proto, k.family, k.type): n for k, n in counters.requests.items()},
        )
        yield counter(
            "coredns_dns_responses",
            "Counter of response status codes.",
            ("server", "zone", "view", "rcode", "plugin"),
            {(k.server, k.zone, VIEW, k.rcode, ""): n for k, n in counters.responses.items()},
        )
        yield counter(
            "coredns_dns_do_requests",
            "Counter of DNS requests with DO bit set per zone.",
            ("server", "zone", "view"),
            {(k.server, k.zone, VIEW): n for k, n in counters.dnssec_ok.items()},
        )
        yield histogram(
            "coredns_dns_request_duration_seconds",
            "Histogram of the time (in seconds) each request took per zone.",
            ("server", "zone", "view"),
            {(k.server, k.zone, VIEW): h for k, h in counters.durations.items()},
        )

    def _sizes(self) -> Iterator[Metric]:
        for direction, sizes in (
            ("request", self._counters.request_sizes),
            ("response", self._counters.response_sizes),
        ):
            yield histogram(
                f"coredns_dns_{direction}_size_bytes",
                f"Size of the {direction} in bytes.",
                ("server", "zone", "view", "proto"),
                {(k.server, k.zone, VIEW, k.proto): h for k, h in sizes.items()},
            )

    def _cache(self) -> Iterator[Metric]:
        counters = self._counters
        hits = sum(counters.cache_hits.values())
        yield counter("coredns_cache_requests", "Cache requests.", (), {(): hits + counters.cache_misses})
        yield counter("coredns_cache_hits", "Cache hits.", ("type",), {(k,): n for k, n in counters.cache_hits.items()})
        yield counter("coredns_cache_misses", "Cache misses.", (), {(): counters.cache_misses})
        success, denial = self._cache_sizes
        yield gauge("coredns_cache_entries", "Cached answers.", ("type",), {("success",): success, ("denial",): denial})

    def _upstreams(self) -> Iterator[Metric]:
        counters = self._counters
        yield histogram(
            "coredns_proxy_request_duration_seconds",
            "Histogram of the time each request to an upstream took.",
            ("proxy_name", "to", "rcode"),
            {(PROXY_NAME, k.to, k.rcode): h for k, h in counters.upstream.items()},
        )
        yield counter(
            "coredns_proxy_healthcheck_failures",
            "Failed health checks of an upstream.",
            ("proxy_name", "to"),
            {(PROXY_NAME, to): n for to, n in counters.healthcheck_failures.items()},
        )
        yield counter(
            "coredns_forward_healthcheck_broken",
            "Requests for which all upstreams were unhealthy.",
            (),
            {(): counters.healthcheck_broken},
        )
        yield counter(
            "coredns_forward_max_concurrent_rejects",
            "Requests refused because as many as allowed were under way.",
            (),
            {(): counters.max_concurrent_rejects},
        )

    def _own(self) -> Iterator[Metric]:
        counters = self._counters
        build: Labelled = {(f"clusterless-{__version__}", "", ""): 1}
        text = "A metric with a constant '1' value: what answers under CoreDNS' names."
        yield gauge("coredns_build_info", text, ("version", "revision", "goversion"), build)
        yield counter("coredns_panics", "Requests that ended in a bug.", (), {(): counters.panics})
        yield counter("coredns_reload_failed", "Corefiles that were refused.", (), {(): counters.reload_failed})
        for name, text, value in (
            ("packed_answers", "Answers that were packed already.", counters.wire_cache_hits),
            (
                "upstream_ignored",
                "Packets from upstreams that answered nothing that was asked.",
                counters.upstream_ignored,
            ),
            ("udp_shed", "Queries dropped of clients that sent far more than others.", counters.udp_shed),
            ("tcp_shed", "Idle TCP connections closed to make room.", counters.tcp_shed),
            ("accept_failures", "TCP connections that could not be accepted.", counters.accept_failures),
        ):
            yield counter(f"clusterless_dns_{name}", text, (), {(): value})
        yield counter(
            "clusterless_dns_turned_away",
            "Packets that were no query, by the code that they were answered with.",
            ("reason",),
            {(reason,): n for reason, n in counters.turned_away.items()},
        )


class DnsProgramming(Collector):
    """How long changes of headless Services took to be answered, where their slices say when they happened."""

    def __init__(self, delays: HistogramLike) -> None:
        self._delays = delays

    def collect(self) -> Iterator[Metric]:
        """The family, once."""
        yield histogram(
            "coredns_kubernetes_dns_programming_duration_seconds",
            "Histogram of the time (in seconds) it took to program a dns instance.",
            ("service_kind",),
            {("headless_with_selector",): self._delays},
        )
