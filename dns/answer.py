"""Pure: from a question to its outcome, as CoreDNS' kubernetes plugin decides (its handler.go)."""

from .answer_addresses import addresses, canonical_name
from .answer_apex import name_servers, soa_record, start_of_authority, text
from .answer_reverse import pointers
from .answer_services import services
from .asked import Answered, Asked, Sections, lookup
from .lookups import Missing
from .model import NotOurs, Outcome, Query, Rcode, RecordType, Reply
from .records import ClusterRecords

_IN = 1
_NOT_READY = 14  # RFC 8914 4.15
_REFUSED = Reply(Rcode.REFUSED, authoritative=False)


def answer(records: ClusterRecords, query: Query) -> Outcome:
    """What to do with a query.

    A `Reply` is final. `NotOurs` is for the next in line: names outside of our zones, and unknown names in zones that
    fall through. `Follow` says that an ExternalName leads out of its zone, with the CNAMEs so far: its target goes
    through the whole server again (it may be in another zone of ours), and the records that come back are appended;
    whatever goes wrong there, the CNAMEs alone are the answer.
    """
    if query.qclass != _IN and not records.options.all_classes:
        return _REFUSED
    asked = Asked.of(records, query)
    if asked is None:
        return NotOurs()
    if query.qtype in (RecordType.AXFR, RecordType.IXFR):
        return _REFUSED
    match _by_type(records, asked, query.qtype):
        case Missing(explanation):
            return NotOurs() if records.falls_through(asked.name) else _unknown(records, asked, explanation)
        case Sections((), _, explanation):
            return _negative(records, asked, Rcode.NOERROR, explanation)
        case Sections(found, additional, _):
            return Reply(answer=found, additional=additional)
        case follow:
            return follow


def _by_type(records: ClusterRecords, asked: Asked, qtype: int) -> Answered:
    match qtype:
        case RecordType.A | RecordType.AAAA:
            return addresses(records, asked, qtype)
        case RecordType.CNAME:
            return canonical_name(records, asked)
        case RecordType.SRV:
            return services(records, asked)
        case RecordType.PTR:
            return pointers(records, asked)
        case RecordType.TXT:
            return text(records, asked)
        case RecordType.SOA:
            return start_of_authority(records, asked)
        case RecordType.NS if asked.is_apex and asked.is_spelled_lower:
            return name_servers(records, asked)
        case _:
            return _of_no_type(records, asked)


def _of_no_type(records: ClusterRecords, asked: Asked) -> Answered:
    """A type that is never served: whether the name exists, in either family."""
    found = lookup(records, asked)
    return found if isinstance(found, Missing) else Sections()


def _unknown(records: ClusterRecords, asked: Asked, explanation: str) -> Reply:
    """NXDOMAIN, or SERVFAIL while there may be more than is known yet."""
    if not records.synced:
        return _negative(records, asked, Rcode.SERVFAIL, "the manifests are not read yet", _NOT_READY)
    return _negative(records, asked, Rcode.NXDOMAIN, explanation)


def _negative(records: ClusterRecords, asked: Asked, rcode: Rcode, explanation: str, code: int = 0) -> Reply:
    return Reply(rcode, authority=(soa_record(records, asked),), explanation=explanation, explanation_code=code)
