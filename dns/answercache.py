"""Pure: answers of upstreams, kept while their TTLs last, as CoreDNS' plugin/cache keeps them.

Nothing of the cluster zones comes here: a new name must answer at once, and what is known is packed elsewhere.
"""

from typing import NamedTuple

import msgspec

from .model import Labels, Query, Rcode, Record, RecordType, Reply, Soa
from .names import is_within, lower
from .plugins.cache import MIN_TTL, Cache, Share

MAX_OCTETS = 8192  # a longer message is not kept
_DO = 0x8000


class CacheKey(NamedTuple):
    """What an answer depends on; the name in lower case."""

    qname: Labels
    qtype: int
    qclass: int
    dnssec_ok: bool
    checking_disabled: bool


class _Item(NamedTuple):
    reply: Reply
    expires: float
    recursion_available: bool


class CachedReply(NamedTuple):
    """An answer from the cache: what the upstream said of recursion goes with it."""

    reply: Reply
    recursion_available: bool
    is_denial: bool
    until: float  # when its TTLs are lower


def key_of(query: Query) -> CacheKey:
    """The key under which the answer to a query is kept."""
    dnssec_ok = bool(query.edns and query.edns.flags & _DO)
    return CacheKey(lower(query.qname), query.qtype, query.qclass, dnssec_ok, query.checking_disabled)


class AnswerCache:
    """Two bounded tables, of answers and of denials; what came first leaves first. `now` is monotonic seconds."""

    def __init__(self, settings: Cache) -> None:
        self.settings = settings
        self._success: dict[CacheKey, _Item] = {}
        self._denial: dict[CacheKey, _Item] = {}

    def __len__(self) -> int:
        return len(self._success) + len(self._denial)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many answers and how many denials there are."""
        return len(self._success), len(self._denial)

    def get(self, query: Query, now: float) -> CachedReply | None:
        """The answer for a query, its TTLs what is left of them and its names spelled as the query's.

        It counts as authoritative, as CoreDNS has it for stub resolvers that look at nothing else.
        """
        key = key_of(query)
        for table, is_denial in ((self._denial, True), (self._success, False)):
            item = table.get(key)
            if item is None:
                continue
            remaining = int(item.expires - now)
            if remaining > 0:
                ttl = None if self.settings.keep_ttl else remaining
                reply = _respelled(item.reply, key.qname, query.qname, ttl)
                return CachedReply(reply, item.recursion_available, is_denial, item.expires - remaining)
            del table[key]
        return None

    def put(self, query: Query, reply: Reply, now: float, *, recursion_available: bool, octets: int) -> Reply:
        """Keeps an answer if it may be kept; the answer as it goes to the client, with its TTLs capped."""
        key = key_of(query)
        if not any(is_within(key.qname, zone) for zone in self.settings.zones):
            return reply
        duration = self._duration(reply)
        if duration is None:
            return reply
        share, table = self._place(reply)
        kept = not reply.truncated and octets <= MAX_OCTETS and share.capacity > 0 and duration > 0
        if kept and not any(is_within(key.qname, zone) for zone in share.disabled_zones):
            while len(table) >= share.capacity:
                del table[next(iter(table))]
            # The other table must not answer with what this one replaces.
            self._success.pop(key, None)
            self._denial.pop(key, None)
            stored = msgspec.structs.replace(reply, authoritative=True, explanation="")
            table[key] = _Item(stored, now + duration, recursion_available)
        return _respelled(reply, key.qname, query.qname, None if self.settings.keep_ttl else int(duration))

    def _place(self, reply: Reply) -> tuple[Share, dict[CacheKey, _Item]]:
        if _is_denial(reply) or reply.rcode is Rcode.SERVFAIL:
            return self.settings.denial, self._denial
        return self.settings.success, self._success

    def _duration(self, reply: Reply) -> float | None:
        """Seconds to keep an answer; `None` for those of which nobody keeps anything."""
        if reply.rcode is Rcode.SERVFAIL:
            return self.settings.servfail_ttl
        if reply.rcode not in {Rcode.NOERROR, Rcode.NXDOMAIN}:
            return None
        share = self.settings.denial if _is_denial(reply) else self.settings.success
        return min(max(_lowest_ttl(reply), share.min_ttl), share.ttl)


def _is_denial(reply: Reply) -> bool:
    """NXDOMAIN, and NODATA: no answer, and an SOA that says so (RFC 2308)."""
    if reply.rcode is Rcode.NXDOMAIN:
        return True
    return not reply.answer and any(record.type == RecordType.SOA for record in reply.authority)


def _lowest_ttl(reply: Reply) -> int:
    """The lowest TTL of all records, a denying SOA's minimum too (plugin/pkg/dnsutil/ttl.go)."""
    records = (*reply.answer, *reply.authority, *reply.additional)
    ttls = [record.ttl for record in records]
    if _is_denial(reply):
        ttls += [record.data.minimum for record in reply.authority if isinstance(record.data, Soa)]
    return min(ttls, default=MIN_TTL)


def _respelled(reply: Reply, qname: Labels, spelled: Labels, ttl: int | None) -> Reply:
    """The reply with `ttl` on every record, and the question's name, in lower case, spelled as asked."""

    def records(section: tuple[Record, ...]) -> tuple[Record, ...]:
        return tuple(
            Record(
                spelled if lower(record.name) == qname else record.name,
                record.type,
                record.ttl if ttl is None else ttl,
                record.data,
            )
            for record in section
        )

    return msgspec.structs.replace(
        reply, answer=records(reply.answer), authority=records(reply.authority), additional=records(reply.additional)
    )
