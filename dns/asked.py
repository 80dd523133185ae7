"""Pure: a question within one of our zones, and what the answering of each type hands back."""

from typing import NamedTuple, TypeAlias

from .lookups import Found, Lookup, Missing
from .model import Follow, Labels, Query, Record, RecordType
from .names import is_within, lower
from .records import ClusterRecords

NS_DNS: Labels = (b"ns", b"dns")


class Asked(NamedTuple):
    """A name in a zone of ours, each in lower case and as the client spelled it."""

    name: Labels
    zone: Labels
    owner: Labels  # the name as spelled
    origin: Labels  # the zone as spelled

    @classmethod
    def of(cls, records: ClusterRecords, query: Query) -> "Asked | None":
        """The question of a query, or None outside of our zones."""
        name = lower(query.qname)
        zone = records.zone_of(name)
        if zone is None:
            return None
        return cls(name, zone, query.qname, query.qname[len(name) - len(zone) :])

    @property
    def is_apex(self) -> bool:
        """Whether the zone's own name is asked for."""
        return self.name == self.zone

    @property
    def is_spelled_lower(self) -> bool:
        """Whether the zone is spelled in lower case: CoreDNS finds NS records and `ns.dns` only then."""
        return self.origin == self.zone

    @property
    def is_name_server(self) -> bool:
        """Whether it is `ns.dns.ZONE`."""
        return self.is_spelled_lower and self.name == NS_DNS + self.zone

    def holds(self, name: Labels) -> bool:
        """Whether a name in lower case is in the question's zone."""
        return is_within(name, self.zone)


class Sections(NamedTuple):
    """A name that exists: the records of the asked type, none for NODATA, which the explanation may explain."""

    answer: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    explanation: str = ""


Answered: TypeAlias = Sections | Missing | Follow


def lookup(records: ClusterRecords, asked: Asked) -> Lookup:
    """What stands behind the name; `ns.dns` exists, without being a Service."""
    return Found() if asked.is_name_server else records.lookup(asked.name, asked.zone)


def address_record(owner: Labels, address: str, ttl: int) -> Record:
    """The A or AAAA record of an address."""
    return Record(owner, RecordType.AAAA if ":" in address else RecordType.A, ttl, address)


def is_of_family(address: str, qtype: int) -> bool:
    """Whether the address is what an A or AAAA question asks for."""
    return (":" in address) == (qtype == RecordType.AAAA)
