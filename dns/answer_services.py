"""Pure: SRV: ports of Services and endpoints, with weights and addresses (CoreDNS plugin/backend_lookup.go)."""

from .asked import Answered, Asked, Sections, address_record, lookup
from .endpoints import NO_PORT
from .lookups import Found, Hit, Missing
from .model import Record, RecordType, Srv
from .records import ClusterRecords


def services(records: ClusterRecords, asked: Asked) -> Answered:
    """The SRV records of a name, and in additional every address of each target once."""
    match lookup(records, asked):
        case Found(hits):
            return _sections(records.options.ttl, asked, hits)
        case Missing() as missing:
            return missing
        case _:
            return Sections()  # ExternalNames have none


def _sections(ttl: int, asked: Asked, hits: tuple[Hit, ...]) -> Sections:
    """The weight shares 100 among all hits, also those that are left out: without a port, or the same but for UDP."""
    weight = max(1, 100 // len(hits)) if hits else 0
    answer: dict[tuple[object, int], Record] = {}
    additional: dict[tuple[object, str], Record] = {}
    for hit in hits:
        if hit.port == NO_PORT:
            continue
        target = (*hit.owner, *asked.origin)
        answer.setdefault(
            (hit.owner, hit.port), Record(asked.owner, RecordType.SRV, ttl, Srv(0, weight, hit.port, target))
        )
        additional.setdefault((hit.owner, hit.address), address_record(target, hit.address, ttl))
    return Sections(tuple(answer.values()), tuple(additional.values()))
