"""Pure: all records of a cluster zone, for AXFR and IXFR (CoreDNS plugin/kubernetes/xfr.go).

Two things differ from the answers to single questions, as they do there: weights do not know of a second address
family, and the addresses of name servers have a TTL of 0. Pod records, `ns.dns`, `dns-version` and reverse zones are
not transferred.
"""

from collections.abc import Iterator
from itertools import chain

from controlplane.objects import Service

from .answer_apex import name_servers, soa_record
from .asked import Asked, address_record
from .endpoints import NO_PORT, EndpointGroup
from .grammar import ServiceName
from .lookups import Alias
from .model import Labels, Query, Record, RecordType, Srv
from .records import ClusterRecords
from .reversal import is_reverse
from .servicerecords import cluster_ips_of, find_service, service_name

_ALL = 100  # the weight that the targets of one name share


def transfer(records: ClusterRecords, query: Query) -> Iterator[Record] | None:
    """The records to send, between two SOA records, each made in its turn; None if it is no forward zone of ours.

    Whoever has the serial, or a later one, gets the SOA record alone.
    """
    asked = Asked.of(records, query)
    if asked is None or not asked.is_apex or is_reverse(asked.name):
        return None
    soa = soa_record(records, asked)
    if query.serial and query.serial >= records.soa(asked.origin).serial:
        return iter((soa,))
    return chain((soa,), _name_servers(records, asked), _services(records, asked.origin), (soa,))


def _name_servers(records: ClusterRecords, asked: Asked) -> Iterator[Record]:
    found = name_servers(records, asked)
    yield from found.answer
    for glue in found.additional:
        yield glue._replace(ttl=0)


def _services(records: ClusterRecords, origin: Labels) -> Iterator[Record]:
    cluster = records.cluster
    for key in records.snapshot.services:
        service = cluster.service(key)
        if service is None or not cluster.exposes(key.namespace):
            continue
        name = (*service_name(key), *origin)
        if service.is_headless:
            for group in cluster.groups(key):
                yield from _endpoints(group, name, records.options.ttl)
        elif service.has_cluster_ip:
            yield from _cluster_ips(service, name, records.options.ttl)
        else:
            alias = find_service(cluster, ServiceName(key.namespace, key.name))
            if isinstance(alias, Alias):
                yield Record(name, RecordType.CNAME, records.options.ttl, alias.target)


def _cluster_ips(service: Service, name: Labels, ttl: int) -> Iterator[Record]:
    for address in cluster_ips_of(service):
        yield address_record(name, address, ttl)
    for port in service.spec.ports:
        srv = Srv(0, _ALL, port.port, name)
        yield Record(name, RecordType.SRV, ttl, srv)
        if port.name:
            yield Record(_port_name(port.name, port.protocol, name), RecordType.SRV, ttl, srv)


def _endpoints(group: EndpointGroup, name: Labels, ttl: int) -> Iterator[Record]:
    for endpoint in group.endpoints:
        target = (endpoint.name.encode(), *name)
        yield address_record(name, endpoint.address, ttl)
        yield address_record(target, endpoint.address, ttl)
        for port in group.ports:
            if port.name and port.number != NO_PORT:
                srv = Srv(0, _ALL // len(group.endpoints), port.number, target)
                yield Record(_port_name(port.name, port.protocol, name), RecordType.SRV, ttl, srv)


def _port_name(port: str, protocol: str, service: Labels) -> Labels:
    return (f"_{port.lower()}".encode(), f"_{protocol.lower()}".encode(), *service)
