"""Pure: A, AAAA and CNAME: addresses of Services, endpoints and pods, and the way through ExternalNames."""

from .answer_apex import name_server_addresses
from .asked import Answered, Asked, Sections, address_record, is_of_family, lookup
from .lookups import Alias, Found, Missing
from .model import Follow, Labels, Record, RecordType, Reply
from .names import is_within, lower, to_text
from .records import ClusterRecords

MAX_HOPS = 10  # ExternalNames in a row that are followed inside of the zone


def addresses(records: ClusterRecords, asked: Asked, qtype: int) -> Answered:
    """The A or AAAA records of a name.

    An ExternalName whose target is in the same zone is followed here, and without addresses at its end nothing is
    said of it at all (CoreDNS leaves the CNAME out). For a target elsewhere the outcome is `Follow`.
    """
    chain: list[Record] = []
    while True:
        match _addresses_or_alias(records, asked, qtype):
            case Missing() as missing:
                return missing if not chain else Sections(explanation=_dead_end(asked))
            case Alias(target):
                if not _may_follow(asked, target, chain):
                    return Sections(explanation=f"ExternalNames in a loop, or over {MAX_HOPS} in a row")
                chain.append(Record(asked.owner, RecordType.CNAME, records.options.ttl, target))
                if not asked.holds(lower(target)):
                    return Follow(Reply(answer=tuple(chain)), target)
                asked = Asked(lower(target), asked.zone, target, asked.origin)
            case found:
                return _end_of_chain(records, asked, qtype, chain, found)


def _addresses_or_alias(records: ClusterRecords, asked: Asked, qtype: int) -> tuple[str, ...] | Alias | Missing:
    """All addresses of the name, of either family; only those of the server depend on the asked one."""
    if asked.is_name_server:
        return name_server_addresses(records, qtype)
    match records.lookup(asked.name, asked.zone):
        case Found(hits):
            return tuple(dict.fromkeys([hit.address for hit in hits]))
        case other:
            return other


def _end_of_chain(
    records: ClusterRecords, asked: Asked, qtype: int, chain: list[Record], found: tuple[str, ...]
) -> Sections:
    ttl = records.options.ttl
    ours = [address_record(asked.owner, address, ttl) for address in found if is_of_family(address, qtype)]
    if ours:
        return Sections((*chain, *ours))
    if chain:
        return Sections(explanation=_dead_end(asked))
    other = "IPv4" if qtype == RecordType.AAAA else "IPv6"
    return Sections(explanation=f"{other} addresses only" if found else "")


def _may_follow(asked: Asked, target: Labels, chain: list[Record]) -> bool:
    if is_within(lower(target), asked.name) or len(chain) == MAX_HOPS:
        return False
    return all(record.data != target for record in chain)


def _dead_end(asked: Asked) -> str:
    return f"ExternalName leads to {to_text(asked.owner)}, which has no such address"


def canonical_name(records: ClusterRecords, asked: Asked) -> Answered:
    """The CNAME record of an ExternalName; its target is not looked at."""
    match lookup(records, asked):
        case Alias(target):
            return Sections((Record(asked.owner, RecordType.CNAME, records.options.ttl, target),))
        case Missing() as missing:
            return missing
        case _:
            return Sections()
