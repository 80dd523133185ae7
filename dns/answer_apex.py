"""Pure: what each zone has of its own: SOA, NS with the addresses of the DNS Service, and `dns-version`."""

from .asked import NS_DNS, Answered, Asked, Sections, address_record, is_of_family
from .lookups import Found, Missing
from .model import Labels, Record, RecordType
from .records import SCHEMA_VERSION, ClusterRecords

_MAX_SOA_TTL = 300  # seconds (CoreDNS plugin/backend_lookup.go)
_VERSION_TTL = 28800  # seconds (CoreDNS plugin/kubernetes/kubernetes.go)


def soa_record(records: ClusterRecords, asked: Asked) -> Record:
    """The SOA of the question's zone, for answers and for the authority section of negative ones."""
    ttl = min(records.options.ttl, _MAX_SOA_TTL)
    return Record(asked.origin, RecordType.SOA, ttl, records.soa(asked.origin))


def start_of_authority(records: ClusterRecords, asked: Asked) -> Answered:
    """The SOA at the apex; elsewhere NODATA, whether or not the name exists."""
    return Sections((soa_record(records, asked),) if asked.is_apex else ())


def name_servers(records: ClusterRecords, asked: Asked) -> Sections:
    """NS at the apex: each name of the DNS Service once, with all its addresses as glue."""
    ttl = records.options.ttl
    hosts = [((*owner, *asked.origin), address) for owner, address in _hosts(records)]
    names = dict.fromkeys(name for name, _ in hosts)
    return Sections(
        tuple(Record(asked.owner, RecordType.NS, ttl, name) for name in names),
        tuple(address_record(name, address, ttl) for name, address in hosts),
    )


def name_server_addresses(records: ClusterRecords, qtype: int) -> tuple[str, ...]:
    """The addresses behind `ns.dns`, of the asked family."""
    found = dict.fromkeys(address for _, address in _hosts(records))
    return tuple(address for address in found if is_of_family(address, qtype))


def _hosts(records: ClusterRecords) -> tuple[tuple[Labels, str], ...]:
    """Names, relative to the zone, and addresses of the Services that this server is an endpoint of.

    If it is none of any, `ns.dns` with the server's own addresses (CoreDNS plugin/kubernetes/ns.go).
    """
    local = records.options.local_addresses
    found = [hosts for address in local if (hosts := records.hosts_of(address)) is not None]
    if not found:
        return tuple((NS_DNS, address) for address in local)
    return tuple(dict.fromkeys((hit.owner, hit.address) for hosts in found for hit in hosts))


def text(records: ClusterRecords, asked: Asked) -> Answered:
    """TXT: the schema's version; NODATA only where there are records of another type, not at branches."""
    if asked.name == (b"dns-version", *asked.zone):
        return Sections((Record(asked.owner, RecordType.TXT, _VERSION_TTL, (SCHEMA_VERSION,)),))
    match records.lookup(asked.name, asked.zone):
        case Found((), is_empty=False):
            return Missing()
        case Missing() as missing:
            return missing
        case _:
            return Sections()
