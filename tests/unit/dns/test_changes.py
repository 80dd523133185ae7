import msgspec
import pytest

from controlplane.objects import Endpoint, EndpointConditions, NamespacedName, Service, ServicePort, ServiceSpec
from dns.answer import answer
from dns.model import Follow, Query, Rcode, RecordType
from dns.names import from_text
from dns.records import ClusterRecords, RecordOptions

DB = NamespacedName("data", "db")
OUTSIDE = NamespacedName("shop", "outside")


def ask(records, name, qtype=RecordType.A):
    return answer(records, Query(id=1, qname=from_text(f"{name}.cluster.local"), qtype=qtype))


def with_endpoints(cluster, *endpoints):
    (found,) = cluster.slices[DB]
    slices = {**cluster.slices, DB: (msgspec.structs.replace(found, endpoints=endpoints),)}
    return msgspec.structs.replace(cluster, slices=slices, generation=cluster.generation + 1)


def with_service(cluster, key, service):
    return msgspec.structs.replace(cluster, services={**cluster.services, key: service})


def test_answers_follow_the_endpoints_of_a_headless_service(cluster):
    options = RecordOptions()
    pod = Endpoint(addresses=("10.60.2.7",), hostname="db-0")
    unready = msgspec.structs.replace(pod, conditions=EndpointConditions(ready=False))
    records = None
    for endpoints, rcode, addresses in (
        ((), Rcode.NXDOMAIN, []),
        ((pod,), Rcode.NOERROR, ["10.60.2.7"]),
        ((unready,), Rcode.NXDOMAIN, []),
    ):
        records = ClusterRecords.of(with_endpoints(cluster, *endpoints), options, previous=records)
        reply = ask(records, "db.data.svc")
        assert (reply.rcode, [record.data for record in reply.answer]) == (rcode, addresses)
        pointer = answer(records, Query(id=1, qname=from_text("7.2.60.10.in-addr.arpa"), qtype=RecordType.PTR))
        assert (pointer.rcode == Rcode.NOERROR) == bool(addresses)


def test_an_external_name_may_change_and_become_a_cluster_ip(cluster):
    service = cluster.services[OUTSIDE]
    spec = msgspec.structs.replace(service.spec, external_name="elsewhere.example")
    changed = with_service(cluster, OUTSIDE, msgspec.structs.replace(service, spec=spec))
    reply = ask(ClusterRecords.of(changed, RecordOptions()), "outside.shop.svc", RecordType.CNAME)
    assert [record.data for record in reply.answer] == [(b"elsewhere", b"example")]
    assert isinstance(ask(ClusterRecords.of(changed, RecordOptions()), "outside.shop.svc"), Follow)

    spec = ServiceSpec(
        type="ClusterIP",
        cluster_ip="10.96.9.9",
        cluster_ips=("10.96.9.9",),
        ports=(ServicePort(port=80, protocol="TCP"),),
    )
    changed = with_service(cluster, OUTSIDE, Service(metadata=service.metadata, spec=spec))
    reply = ask(ClusterRecords.of(changed, RecordOptions()), "outside.shop.svc")
    assert [record.data for record in reply.answer] == ["10.96.9.9"]


@pytest.mark.parametrize(("serial", "shown"), [(0, 0), (1_700_000_001, 1_700_000_001), (2**32 + 5, 5)])
def test_the_soa_serial_is_the_snapshots(cluster, serial, shown):
    records = ClusterRecords.of(msgspec.structs.replace(cluster, serial=serial), RecordOptions())
    reply = answer(records, Query(id=1, qname=from_text("cluster.local"), qtype=RecordType.SOA))
    assert reply.answer[0].data.serial == shown
