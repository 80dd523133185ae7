"""What is counted of changes that come into force, as kube-proxy and CoreDNS count it."""

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from clusterless.metrics.families import exposition
from clusterless.metrics.syncing import ManifestCollector, NoLocalEndpoints, SyncCollector
from clusterless.metrics.syncs import NETWORK_BOUNDS, TRIGGER_TIME, Syncs, trigger_time
from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.options import ClusterOptions
from controlplane.problems import Problem, Reason, Severity
from controlplane.snapshot import Snapshot
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName, Verdict

WEB = NamespacedName("default", "web")
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def service(cluster_ip: str = "10.96.0.7") -> Service:
    return msgspec.convert({"metadata": {"name": "web"}, "spec": {"clusterIP": cluster_ip}}, Service)


def piece(name: str = "web-1", when: str = "") -> EndpointSlice:
    annotations = {TRIGGER_TIME: when} if when else {}
    return msgspec.convert({"metadata": {"name": name, "annotations": annotations}}, EndpointSlice)


def snapshot(generation: int, services=None, slices=None, problems=()) -> Snapshot:
    return Snapshot(
        generation=generation,
        options=ClusterOptions(),
        namespaces={},
        nodes={},
        pods={},
        services=services or {},
        slices=slices or {},
        problems=problems,
    )


def samples(*collectors) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(exposition(*collectors).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[
                tuple(sample.labels[name] for name in sorted(sample.labels, reverse=True))
            ] = sample.value
    return found


def test_changes_are_pending_until_they_are_in_force():
    syncs = Syncs(NOON)
    syncs.queued(snapshot(1, {WEB: service()}, {WEB: (piece("a"), piece("b"))}), NOON + 1)
    assert (syncs.pending_services, syncs.pending_endpoints) == (1, 2)
    syncs.applied(snapshot(1, {WEB: service()}, {WEB: (piece("a"), piece("b"))}), NOON + 2, 0.5)
    assert (syncs.pending_services, syncs.pending_endpoints) == (0, 0)
    assert (syncs.service_changes, syncs.endpoint_changes) == (1, 2)
    assert (syncs.queued_at, syncs.applied_at) == (NOON + 1, NOON + 2)


def test_what_stays_the_same_object_is_no_change_and_what_goes_is_one():
    syncs = Syncs(NOON)
    web, one, two = service(), piece("a"), piece("b")
    for number, slices in enumerate([{WEB: (one, two)}, {WEB: (one,)}, {WEB: (one,)}, {}], 1):
        state = snapshot(number, {WEB: web}, slices)
        syncs.queued(state, NOON)
        syncs.applied(state, NOON, 0.0)
    assert (syncs.service_changes, syncs.endpoint_changes) == (1, 4)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00.250000000Z", NOON + 0.25),
        ("2026-01-01T13:00:00+01:00", NOON),
        ("2026-01-01T12:00:00", 0),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_a_slice_may_say_when_its_change_happened(when: str, expected: float):
    assert trigger_time(piece(when=when)) == expected


@pytest.mark.parametrize(
    ("when", "cluster_ip", "counted"),
    [
        pytest.param("2026-01-01T12:00:10Z", "10.96.0.7", (1, 0), id="a Service with an address"),
        pytest.param("2026-01-01T12:00:10Z", "None", (1, 1), id="a headless Service is DNS"),
        pytest.param("2026-01-01T11:59:59Z", "None", (0, 0), id="from before the start"),
        pytest.param("", "None", (0, 0), id="unknown"),
    ],
)
def test_the_delay_from_the_change_to_its_effect_is_observed(when: str, cluster_ip: str, counted: tuple[int, int]):
    syncs = Syncs(NOON)
    syncs.applied(snapshot(1, {WEB: service(cluster_ip)}, {WEB: (piece(when=when),)}), NOON + 13, 0.0)
    assert (sum(syncs.network.counts), sum(syncs.dns.counts)) == counted
    assert syncs.network.sum == pytest.approx(3.0 * counted[0])


def test_the_buckets_of_the_delay_are_kube_proxys():
    assert NETWORK_BOUNDS[:4] == (0.25, 0.5, 1, 2)
    assert NETWORK_BOUNDS[-8:] == (115, 120, 150, 180, 210, 240, 270, 300)
    assert list(NETWORK_BOUNDS) == sorted(set(NETWORK_BOUNDS))


def test_syncs_bear_kube_proxys_names_and_a_family_each():
    syncs = Syncs(NOON)
    state = snapshot(1, {WEB: service()}, {WEB: (piece(),)})
    syncs.queued(state, NOON + 1)
    syncs.applied(state, NOON + 2, 0.003)
    found = samples(SyncCollector(syncs, ("IPv4", "IPv6"), {"healthz": {200: 3, 503: 1}, "livez": {}}))
    each = {("IPv4",), ("IPv6",)}
    assert found["kubeproxy_sync_proxy_rules_duration_seconds_count"] == dict.fromkeys(each, 1)
    assert found["kubeproxy_sync_proxy_rules_last_timestamp_seconds"] == dict.fromkeys(each, NOON + 2)
    assert found["kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"] == dict.fromkeys(each, NOON + 1)
    assert found["kubeproxy_sync_proxy_rules_service_changes_total"] == dict.fromkeys(each, 1)
    assert found["kubeproxy_sync_proxy_rules_endpoint_changes_pending"] == dict.fromkeys(each, 0)
    assert found["kubeproxy_proxy_healthz_total"] == {("200",): 3, ("503",): 1}


def test_a_broken_manifest_shows():
    problems = (Problem(severity=Severity.ERROR, reason=Reason.PARSE, message="x"),)
    found = samples(ManifestCollector(snapshot(7, {WEB: service()}, problems=problems)))
    assert found["clusterless_generation"] == {(): 7}
    assert found["clusterless_manifest_problems"] == {("error",): 1, ("warning",): 0}
    assert found["clusterless_services"] == {(): 1}


def frontend(kind: FrontendKind, internal=(), external=(), verdict=Verdict.DROP, address="10.96.0.7") -> Frontend:
    key = FrontendKey(address, 80, Protocol.TCP)
    name = ServicePortName("default", "web", "", Protocol.TCP)
    return Frontend(key=key, kind=kind, service=name, internal=internal, external=external, verdict=verdict)


@pytest.mark.parametrize(
    ("frontends", "counted"),
    [
        pytest.param([frontend(FrontendKind.CLUSTER_IP)], {("internal", "IPv4"): 1}, id="internal"),
        pytest.param(
            [frontend(FrontendKind.NODE_PORT, (Endpoint("10.1.1.1", 80),)), frontend(FrontendKind.LOAD_BALANCER)],
            {("external", "IPv4"): 1},
            id="a Service counts once",
        ),
        pytest.param([frontend(FrontendKind.CLUSTER_IP, address="fd00::7")], {("internal", "IPv6"): 1}, id="IPv6"),
        pytest.param([frontend(FrontendKind.CLUSTER_IP, verdict=Verdict.REJECT)], None, id="none anywhere"),
    ],
)
def test_services_whose_endpoints_are_all_elsewhere_are_counted(frontends, counted):
    found = samples(NoLocalEndpoints(frontends))
    assert found.get("kubeproxy_sync_proxy_rules_no_local_endpoints_total") == counted
