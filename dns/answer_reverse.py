"""Pure: PTR: from an address to the name of its Service, or of the endpoints that have it."""

from .asked import Answered, Asked, Sections
from .lookups import Missing
from .model import Record, RecordType
from .records import ClusterRecords
from .reversal import address_of


def pointers(records: ClusterRecords, asked: Asked) -> Answered:
    """The names of an address in the first forward zone; NODATA for names that exist and are no addresses."""
    address = address_of(asked.name)
    if address is None:
        found = records.lookup(asked.name, asked.zone)
        return found if isinstance(found, Missing) else Sections()
    zone = records.primary_zone
    names = [(*name, *zone) for name in records.names_of(address)]
    if not names:
        return Missing()
    return Sections(tuple(Record(asked.owner, RecordType.PTR, records.options.ttl, name) for name in names))
