from msgspec.structs import replace

from controlplane.objects import Endpoint, EndpointSlice, NamespacedName, ObjectMeta, Service, ServiceSpec
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from dns.records import ClusterRecords, RecordOptions
from dns.reverseindex import ReverseIndex

WEB, API, DB = (NamespacedName("shop", name) for name in ("web", "api", "db"))


def service(key, *addresses):
    return Service(
        metadata=ObjectMeta(name=key.name, namespace=key.namespace),
        spec=ServiceSpec(type="ClusterIP", cluster_ip=addresses[0], cluster_ips=addresses),
    )


def slices(*addresses):
    return (EndpointSlice(address_type="IPv4", endpoints=tuple(Endpoint(addresses=(a,)) for a in addresses)),)


def snapshot(services, endpoints):
    return Snapshot(
        generation=1, options=ClusterOptions(), namespaces={}, nodes={}, pods={}, services=services, slices=endpoints
    )


BEFORE = snapshot(
    {WEB: service(WEB, "10.96.0.1", "fd00::1"), API: service(API, "10.96.0.2"), DB: service(DB, "None")},
    {WEB: slices("10.1.0.1", "10.1.0.2"), API: slices("10.1.0.1"), DB: slices("10.1.0.9")},
)


def test_addresses_lead_to_services():
    index = ReverseIndex.of(BEFORE)
    assert index.services_of("fd00::1") == (WEB,)
    assert index.services_of("None") == ()
    assert index.endpoints_of("10.1.0.1") == (WEB, API)
    assert index.endpoints_of("10.1.0.3") == ()


def test_a_service_that_names_only_its_first_cluster_ip():
    spec = ServiceSpec(type="ClusterIP", cluster_ip="10.96.0.7")
    index = ReverseIndex.of(snapshot({WEB: replace(service(WEB, "10.96.0.7"), spec=spec)}, {}))
    assert index.services_of("10.96.0.7") == (WEB,)


def test_an_index_follows_what_changed_and_the_earlier_one_stays():
    earlier = ReverseIndex.of(BEFORE)
    after = snapshot(
        {WEB: service(WEB, "10.96.0.2"), DB: BEFORE.services[DB]},
        {WEB: slices("10.1.0.2", "10.1.0.3"), DB: tuple(BEFORE.slices[DB])},
    )
    index = ReverseIndex.of(after, earlier)
    fresh = ReverseIndex.of(after)
    for address in ("10.96.0.1", "10.96.0.2", "fd00::1"):
        assert index.services_of(address) == fresh.services_of(address)
    for address in ("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.9"):
        assert index.endpoints_of(address) == fresh.endpoints_of(address)
    assert earlier.services_of("10.96.0.2") == (API,)
    assert earlier.endpoints_of("10.1.0.1") == (WEB, API)


def test_slices_that_are_new_objects_count_as_changed():
    again = slices("10.1.0.9")
    index = ReverseIndex.of(snapshot(BEFORE.services, {**BEFORE.slices, DB: again}), ReverseIndex.of(BEFORE))
    assert index.endpoints_of("10.1.0.9") == (DB,)


def test_records_use_the_newest_index_that_was_made():
    options = RecordOptions()
    first = ClusterRecords.of(BEFORE, options)
    assert first.names_of("10.96.0.2") == ((b"api", b"shop", b"svc"),)
    second = ClusterRecords.of(snapshot({}, {}), options, previous=first)
    third = ClusterRecords.of(snapshot({WEB: service(WEB, "10.96.0.2")}, {}), options, previous=second)
    assert third.names_of("10.96.0.2") == ((b"web", b"shop", b"svc"),)
    assert third.names_of("10.96.0.1") == ()
    assert second.names_of("10.96.0.2") == ()
