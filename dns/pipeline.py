"""Pure: the way of a query through the plugins of its server block, in CoreDNS' fixed order.

First the steps of the plugins that have one, then hosts, kubernetes, cache, forward. One departure: what upstreams said
is looked for after our own names, so that a name that is new here answers at once. A query that only an upstream can
answer becomes an `Ask`, whose answer comes back through `finish`.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from .answer import answer
from .answercache import AnswerCache
from .config import ServerSettings
from .counters import DROPPED, Counters
from .hostsfile import HostsTable
from .model import Follow, Labels, NotOurs, Query, Rcode, Record, RecordType, Reply
from .names import is_within, lower, to_text
from .origins import longest_match
from .plugins import PLUGINS
from .plugins.cache import Cache
from .plugins.chaos import Chaos
from .plugins.forward import Forward, Upstream
from .plugins.hosts import Hosts
from .plugins.kubernetes import Kubernetes
from .plugins.loadbalance import Loadbalance
from .plugins.log import Log
from .records import ClusterRecords, RecordOptions
from .responses import ParsedResponse
from .steps import FOREVER, MAX_HOPS, REFUSED, SERVFAIL, Following, Heard, Host, Result, Step, Steps, Visit, Wait
from .upstreams import UpstreamGroup

_IN = 1
_RCODES = {rcode.value: rcode for rcode in Rcode}
NOWHERE = Host()
_NOT_READY = Reply(
    Rcode.SERVFAIL, authoritative=False, explanation="the manifests are not read yet", explanation_code=14
)


class Answer(msgspec.Struct, frozen=True):
    """What goes to the client."""

    reply: Reply
    zone: str = DROPPED
    recursion_available: bool = False
    kept_until: float = 0.0  # whoever asks the same is answered the same: monotonic seconds, `FOREVER`, or 0
    cache_hits: tuple[str, ...] = ()  # what is counted of the `cache` plugin whenever it is given
    is_balanced: bool = False  # its records are still to be shuffled, for each client anew
    log: Log | None = None
    shown: Query | None = None  # what the reply is made for, where that is not the query itself
    is_dropped: bool = False
    transfer: Iterator[Record] | None = None


class Ask(Wait, frozen=True):
    """What an upstream of `group` has to say on `query`. Nobody waits for it after `deadline` (monotonic seconds)."""

    query: Query
    query_block: "Block"
    group: UpstreamGroup
    over_tcp: bool
    deadline: float | None = None
    way: "Way | None" = None  # that goes on with the answer


Decision: TypeAlias = Answer | Ask
Way: TypeAlias = Generator[Wait, Heard, Answer]


class Block:
    """One server block with all its state: what it caches, and how its upstreams fare."""

    def __init__(self, settings: ServerSettings, zone: Labels, groups: Sequence[UpstreamGroup]) -> None:
        self.settings = settings
        self.zone = to_text(zone)
        self.groups = tuple(groups)
        self.forwards = settings.get(Forward) is not None
        self.opens_classes = self.forwards or settings.get(Chaos) is not None
        self.steps = _steps(settings)
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


def _steps(settings: ServerSettings) -> tuple[Step, ...]:
    """The parts of the plugins that the block loads, in the order of the pipeline."""
    loaded = settings.named
    return tuple(plugin.step(loaded[plugin.name]) for plugin in PLUGINS if plugin.step and plugin.name in loaded)


class Pipeline:
    """The server blocks of one port."""

    def __init__(self, blocks: Mapping[Labels, Block], counters: Counters, host: Host = NOWHERE) -> None:
        self.blocks = blocks
        self.counters = counters
        self.host = host
        self.records: Mapping[RecordOptions, ClusterRecords] = {}
        self.probes: dict[Labels, tuple[UpstreamGroup, Upstream]] = {}
        self._now = 0.0  # of the call under way
        self._cache_hits: tuple[str, ...] = ()  # in the call under way
        self._chains = {block: self._chain(block) for block in blocks.values()}

    def decide(self, query: Query, *, over_tcp: bool, now: float, client: str = "") -> Decision:
        """What to do with a query from a client's address at `now` (monotonic seconds)."""
        self._now, self._cache_hits = now, ()
        visit = Visit(query, self._lookup, client=client, over_tcp=over_tcp, now=now, host=self.host)
        way = self._way(visit)
        try:
            return _waiting(next(way), way)
        except StopIteration as end:
            return _answer_of(end)

    def finish(self, ask: Ask, response: ParsedResponse | None, octets: int, now: float) -> Decision:
        """How it goes on with an upstream's response of so many octets to an `Ask`; `None` is that none came."""
        assert ask.way is not None
        self._now, self._cache_hits = now, ()
        try:
            return _waiting(ask.way.send(Heard(response, octets)), ask.way)
        except StopIteration as end:
            return _answer_of(end)

    def _way(self, visit: Visit) -> Way:
        """From the query to the answer, with what the server block makes of it in the end."""
        block = self._block_for(visit.query)
        if block is None:
            return Answer(REFUSED.reply)
        result = yield from self._visit(block, visit)
        return Answer(
            result.reply,
            block.zone,
            result.recursion_available,
            result.kept_until if block.log is None else 0.0,
            self._cache_hits,
            block.balances,
            block.log,
            _shown(visit.query, result.shown),
            result.is_dropped,
            result.transfer,
        )

    def _lookup(self, visit: Visit) -> Steps:
        """The same for names that are looked up on the way."""
        block = self._block_for(visit.query)
        if block is None:
            return REFUSED
        return (yield from self._visit(block, visit))

    def _block_for(self, query: Query) -> Block | None:
        zone = longest_match(lower(query.qname), self.blocks)
        return None if zone is None else self.blocks[zone]

    def _visit(self, block: Block, visit: Visit) -> Steps:
        query = visit.query
        if query.qclass != _IN and not block.opens_classes:
            return REFUSED
        if query.qtype == RecordType.HINFO and (probe := self.probes.get(lower(query.qname))):
            group, upstream = probe
            group.mark_looping(upstream)
            return REFUSED
        records = None if block.record_options is None else self.records.get(block.record_options)
        return (yield from self._chains[block](msgspec.structs.replace(visit, records=records)))

    def _chain(self, block: Block) -> Following:
        following: Following = partial(self._core, block)
        for step in reversed(block.steps):
            following = partial(_run, step, following)
        return following

    def _core(self, block: Block, visit: Visit) -> Steps:
        """What hosts and kubernetes say, and upstreams where those say nothing."""
        local = self._local(block, visit)
        match local:
            case Reply(rcode):
                return Result(local, kept_until=FOREVER if rcode in {Rcode.NOERROR, Rcode.NXDOMAIN} else 0.0)
            case Follow(reply, _) if visit.hops == MAX_HOPS:
                return Result(reply)
            case Follow(_, target):
                found = yield from visit.again(msgspec.structs.replace(visit.query, qname=target))
                return Result(_followed(local, found.reply), kept_until=found.kept_until)
            case _:
                return (yield from self._forward(block, visit))

    def _local(self, block: Block, visit: Visit) -> Reply | Follow | NotOurs:
        if block.hosts is not None and (reply := block.hosts.answer(visit.query)) is not None:
            return reply
        if block.record_options is None:
            return NotOurs()
        if visit.records is None:
            return _unknown_yet(block.record_options, visit.query)
        return answer(visit.records, visit.query)

    def _forward(self, block: Block, visit: Visit) -> Steps:
        query = visit.query
        group = block.group_for(lower(query.qname))
        if group is None:
            # CoreDNS: "no next plugin found", which is SERVFAIL.
            return SERVFAIL
        if block.cache is not None:
            cached = block.cache.get(query, self._now)
            if cached is not None:
                kind = "denial" if cached.is_denial else "success"
                self.counters.cache_hits[kind] += 1
                self._cache_hits += (kind,)
                return Result(cached.reply, cached.recursion_available, cached.until)
            self.counters.cache_misses += 1
        if not group.usable:
            return REFUSED
        if group.is_full:
            self.counters.max_concurrent_rejects += 1
            return REFUSED
        heard = yield Ask(query, block, group, visit.over_tcp, visit.deadline)
        return self._heard(block, query, heard)

    def _heard(self, block: Block, query: Query, heard: Heard) -> Result:
        response = heard.response
        if response is None:
            return SERVFAIL
        reply = _reply_of(response)
        available = response.header.recursion_available
        if block.cache is not None:
            reply = block.cache.put(query, reply, self._now, recursion_available=available, octets=heard.octets)
        return Result(reply, available)


def _run(step: Step, following: Following, visit: Visit) -> Steps:
    return step(visit, following)


def _waiting(wait: Wait, way: Way) -> Ask:
    """The question for an upstream that the way has come to, with the way in it."""
    assert isinstance(wait, Ask)
    return msgspec.structs.replace(wait, way=way)


def _answer_of(end: StopIteration) -> Answer:
    """What the way has ended with."""
    assert isinstance(end.value, Answer)
    return end.value


def _shown(query: Query, shown: Query | None) -> Query | None:
    """The query with what plugins changed of it that its reply shows: EDNS and RD, never the question."""
    if shown is None:
        return None
    return msgspec.structs.replace(query, edns=shown.edns, recursion_desired=shown.recursion_desired)


def _unknown_yet(options: RecordOptions, query: Query) -> Reply | NotOurs:
    """Before anything is published only names that cannot be ours are somebody else's."""
    name = lower(query.qname)
    ours = longest_match(name, options.zones) is not None and longest_match(name, options.fallthrough) is None
    return _NOT_READY if ours else NotOurs()


def _followed(follow: Follow, reply: Reply) -> Reply:
    """The CNAME and what its target has; what went wrong behind it is not said (plugin/backend_lookup.go)."""
    return msgspec.structs.replace(
        follow.reply, answer=(*follow.reply.answer, *reply.answer), truncated=follow.reply.truncated or reply.truncated
    )


def _reply_of(response: ParsedResponse) -> Reply:
    """An upstream's response as a reply; a response code that has no name here is SERVFAIL."""
    header = response.header
    return Reply(
        _RCODES.get(header.rcode, Rcode.SERVFAIL),
        answer=response.answer,
        authority=response.authority,
        additional=response.additional,
        authoritative=header.authoritative,
        truncated=header.truncated,
    )
