"""What Prometheus scrapes: names and labels that dashboards know, one series a Service port, and none a client."""

from prometheus_client.parser import text_string_to_metric_families

from clusterless.metrics.dataplane import ProxyCollector
from clusterless.metrics.dns import DnsCollector
from clusterless.metrics.families import exposition
from dns.counters import Counters as DnsCounters
from dns.counters import Listener
from proxy.counters import Counters, DialOutcome, DropReason, PauseReason
from proxy.model import Endpoint, FrontendState, Protocol, ServicePortName

WEB = ServicePortName("shop", "web", "http", Protocol.TCP)
WEB_LABELS = {"namespace": "shop", "service": "web", "port": "http", "protocol": "TCP"}


def samples(*collectors) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(exposition(*collectors).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def proxy_samples():
    counters = Counters()
    service = counters.service(WEB)
    service.accepted, service.closed, service.unserved = 5, 3, 1
    endpoint = service.endpoint(Endpoint("10.244.1.2", 80))
    endpoint.resets = 2
    endpoint.from_clients.bytes, endpoint.to_clients.bytes = 10, 20
    endpoint.dial_failures[DialOutcome.REFUSED] = 4
    service.drops[DropReason.NO_ENDPOINT] = 7
    counters.accept_pauses[PauseReason.LIMIT] = 1
    return samples(ProxyCollector(counters, {FrontendState.SERVING: 1}))


def test_a_service_port_has_one_series_of_each_kind():
    found = proxy_samples()
    assert found["clusterless_connections_accepted_total"] == [(WEB_LABELS, 5)]
    assert found["clusterless_connections_active"] == [(WEB_LABELS, 2)]
    assert found["clusterless_connections_unserved_total"] == [(WEB_LABELS, 1)]
    assert found["clusterless_connections_reset_total"] == [(WEB_LABELS, 2)]
    assert found["clusterless_bytes_total"] == [
        (WEB_LABELS | {"direction": "in"}, 10),
        (WEB_LABELS | {"direction": "out"}, 20),
    ]


def test_what_went_wrong_is_told_by_reason():
    found = proxy_samples()
    assert found["clusterless_dial_failures_total"] == [(WEB_LABELS | {"reason": "refused"}, 4)]
    assert found["clusterless_datagrams_dropped_total"] == [(WEB_LABELS | {"reason": "no endpoint"}, 7)]
    assert found["clusterless_accept_pauses_total"] == [({"reason": "connection limit"}, 1)]


def test_frontends_are_counted_by_state():
    assert proxy_samples()["clusterless_frontends"] == [({"state": "serving"}, 1)]


def dns_samples():
    counters = DnsCounters()
    listener = Listener("dns://:53", "udp", "1")
    sizes = {"request_size": 40, "response_size": 120}
    counters.answered(listener, ".", qtype=1, rcode=0, dnssec_ok=True, **sizes)
    counters.answered(listener, ".", qtype=65, rcode=3, dnssec_ok=False, **sizes)
    counters.took("dns://:53", ".", 0.0003)
    counters.upstream_took("192.0.2.1:53", "NOERROR", 0.02)
    counters.cache_hits["success"] = 3
    counters.cache_misses = 2
    counters.turned_away["FORMERR"] = 1
    return samples(DnsCollector(counters, (4, 5)))


def test_queries_bear_corednss_names_and_labels_and_rare_types_are_other():
    found = dns_samples()
    labels = {"server": "dns://:53", "zone": ".", "view": ""}
    assert found["coredns_dns_requests_total"] == [
        (labels | {"proto": "udp", "family": "1", "type": "A"}, 1),
        (labels | {"proto": "udp", "family": "1", "type": "other"}, 1),
    ]
    assert [sample["rcode"] for sample, _ in found["coredns_dns_responses_total"]] == ["NOERROR", "NXDOMAIN"]
    assert found["coredns_dns_do_requests_total"] == [(labels, 1)]


def test_a_histograms_buckets_hold_the_ones_below_them():
    found = dns_samples()
    buckets = {labels["le"]: value for labels, value in found["coredns_dns_response_size_bytes_bucket"]}
    assert (buckets["100.0"], buckets["200.0"], buckets["+Inf"]) == (0, 2, 2)
    assert found["coredns_dns_request_duration_seconds_count"][0][1] == 1


def test_cache_upstreams_and_what_was_turned_away_are_counted():
    found = dns_samples()
    assert found["coredns_cache_requests_total"] == [({}, 5)]
    assert found["coredns_cache_entries"] == [({"type": "success"}, 4), ({"type": "denial"}, 5)]
    assert found["coredns_proxy_request_duration_seconds_count"][0][0]["to"] == "192.0.2.1:53"
    assert found["clusterless_dns_turned_away_total"] == [({"reason": "FORMERR"}, 1)]
