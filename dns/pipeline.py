"""Pure: the way of a query through the plugins of its server block, in CoreDNS' fixed order.

hosts, kubernetes, cache, forward. One departure: what upstreams said is looked for
after our own names, so that a name that is new here answers at once. A query that only an upstream can answer becomes
an `Ask`, whose answer comes back through `finish`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from .answer import answer
from .answercache import AnswerCache
from .config import ServerSettings
from .counters import DROPPED, Counters
from .hostsfile import HostsTable
from .model import Follow, Labels, NotOurs, Query, Rcode, RecordType, Reply
from .names import is_within, lower, to_text
from .origins import longest_match
from .plugins.cache import Cache
from .plugins.forward import Forward, Upstream
from .plugins.hosts import Hosts
from .plugins.kubernetes import Kubernetes
from .plugins.loadbalance import Loadbalance
from .plugins.log import Log
from .records import ClusterRecords, RecordOptions
from .responses import ParsedResponse
from .upstreams import UpstreamGroup

MAX_FOLLOWS = 10  # CNAMEs from one ExternalName to the next (plugin/pkg/upstream)
_IN = 1

SERVFAIL = Reply(Rcode.SERVFAIL, authoritative=False)
REFUSED = Reply(Rcode.REFUSED, authoritative=False)
_NOT_READY = Reply(
    Rcode.SERVFAIL, authoritative=False, explanation="the manifests are not read yet", explanation_code=14
)


class Answer(msgspec.Struct, frozen=True):
    """What goes to the client. What `is_constant` may be kept until the next publication."""

    reply: Reply
    zone: str = DROPPED
    recursion_available: bool = False
    is_constant: bool = False
    is_balanced: bool = False  # its records are still to be shuffled, for each client anew
    log: Log | None = None


class Ask(msgspec.Struct, frozen=True):
    """What an upstream of `group` has to say on `query`, for the `asked` one; `follows` led from one to the other."""

    asked: Query
    query: Query
    block: "Block"
    query_block: "Block"
    group: UpstreamGroup
    over_tcp: bool
    follows: tuple[Follow, ...] = ()


Decision: TypeAlias = Answer | Ask


class Block:
    """One server block with all its state: what it caches, and how its upstreams fare."""

    def __init__(self, settings: ServerSettings, zone: Labels, groups: Sequence[UpstreamGroup]) -> None:
        self.settings = settings
        self.zone = to_text(zone)
        self.groups = tuple(groups)
        self.forwards = settings.get(Forward) is not None
        kubernetes = settings.get(Kubernetes)
        self.record_options = kubernetes.options if kubernetes else None
        cache = settings.get(Cache)
        self.cache = AnswerCache(cache) if cache else None
        hosts = settings.get(Hosts)
        self.hosts = HostsTable(hosts) if hosts else None
        self.balances = settings.get(Loadbalance) is not None
        self.log = settings.get(Log)

    def group_for(self, qname: Labels) -> UpstreamGroup | None:
        """The first `forward` whose zone holds the name and which does not except it (plugin/forward `match`)."""
        for group in self.groups:
            rule = group.rule
            excepted = qname != rule.zone and any(is_within(qname, zone) for zone in rule.excepted)
            if is_within(qname, rule.zone) and not excepted:
                return group
        return None


class Pipeline:
    """The server blocks of one port."""

    def __init__(self, blocks: Mapping[Labels, Block], counters: Counters) -> None:
        self.blocks = blocks
        self.counters = counters
        self.records: Mapping[RecordOptions, ClusterRecords] = {}
        self.probes: dict[Labels, tuple[UpstreamGroup, Upstream]] = {}

    def decide(self, query: Query, *, over_tcp: bool, now: float) -> Decision:
        """What to do with a query at `now` (monotonic seconds)."""
        return self._decide(query, query, None, (), over_tcp=over_tcp, now=now)

    def _decide(
        self,
        asked: Query,
        query: Query,
        first: Block | None,
        follows: tuple[Follow, ...],
        *,
        over_tcp: bool,
        now: float,
    ) -> Decision:
        qname = lower(query.qname)
        zone = longest_match(qname, self.blocks)
        if zone is None:
            return self._answer(first, REFUSED, follows)
        block = self.blocks[zone]
        first = first or block
        if query.qclass != _IN and not block.forwards:
            return self._answer(first, REFUSED, follows)
        if query.qtype == RecordType.HINFO and qname in self.probes:
            group, upstream = self.probes[qname]
            group.mark_looping(upstream)
            return self._answer(first, REFUSED, follows)
        local = self._local(block, query)
        if isinstance(local, Reply):
            constant = not follows and block.log is None and block.hosts is None
            constant = constant and local.rcode in {Rcode.NOERROR, Rcode.NXDOMAIN}
            return self._answer(first, local, follows, is_constant=constant)
        if isinstance(local, NotOurs):
            return self._forward(block, asked, query, first, follows, over_tcp=over_tcp, now=now)
        if len(follows) == MAX_FOLLOWS:
            return self._answer(first, local.reply, follows)
        target = msgspec.structs.replace(query, qname=local.target)
        return self._decide(asked, target, first, (*follows, local), over_tcp=over_tcp, now=now)

    def _local(self, block: Block, query: Query) -> Reply | Follow | NotOurs:
        """What hosts and kubernetes say."""
        if block.hosts is not None and (reply := block.hosts.answer(query)) is not None:
            return reply
        if block.record_options is None:
            return NotOurs()
        records = self.records.get(block.record_options)
        return _NOT_READY if records is None else answer(records, query)

    def _forward(
        self,
        block: Block,
        asked: Query,
        query: Query,
        first: Block,
        follows: tuple[Follow, ...],
        *,
        over_tcp: bool,
        now: float,
    ) -> Decision:
        group = block.group_for(lower(query.qname))
        if group is None:
            # CoreDNS: "no next plugin found", which is SERVFAIL.
            return self._answer(first, SERVFAIL, follows)
        if block.cache is not None:
            cached = block.cache.get(query, now)
            if cached is not None:
                self.counters.cache_hits["denial" if cached.is_denial else "success"] += 1
                return self._answer(first, cached.reply, follows, recursion_available=cached.recursion_available)
            self.counters.cache_misses += 1
        if not group.usable:
            return self._answer(first, REFUSED, follows)
        if group.is_full:
            self.counters.max_concurrent_rejects += 1
            return self._answer(first, REFUSED, follows)
        return Ask(asked, query, first, block, group, over_tcp, follows)

    def finish(self, ask: Ask, response: ParsedResponse | None, octets: int, now: float) -> Answer:
        """The answer to an `Ask` from an upstream's response of so many octets; `None` is that none came."""
        if response is None:
            return self._answer(ask.block, SERVFAIL, ask.follows)
        reply = _reply_of(response)
        available = response.header.recursion_available
        if ask.query_block.cache is not None:
            reply = ask.query_block.cache.put(ask.query, reply, now, recursion_available=available, octets=octets)
        return self._answer(ask.block, reply, ask.follows, recursion_available=available)

    def _answer(
        self,
        block: Block | None,
        reply: Reply,
        follows: tuple[Follow, ...],
        *,
        recursion_available: bool = False,
        is_constant: bool = False,
    ) -> Answer:
        for follow in reversed(follows):
            reply, recursion_available = _followed(follow, reply), False
        if block is None:
            return Answer(reply)
        return Answer(reply, block.zone, recursion_available, is_constant, block.balances, block.log)


def _followed(follow: Follow, reply: Reply) -> Reply:
    """The CNAME and what its target has; what went wrong behind it is not said (plugin/backend_lookup.go)."""
    return msgspec.structs.replace(
        follow.reply, answer=(*follow.reply.answer, *reply.answer), truncated=follow.reply.truncated or reply.truncated
    )


def _reply_of(response: ParsedResponse) -> Reply:
    """An upstream's response as a reply; a response code that has no name here is SERVFAIL."""
    header = response.header
    known = header.rcode in set(Rcode)
    return Reply(
        Rcode(header.rcode) if known else Rcode.SERVFAIL,
        answer=response.answer,
        authority=response.authority,
        additional=response.additional,
        authoritative=header.authoritative,
        truncated=header.truncated,
    )
