"""I/O: forwards queries to upstreams, several tries each, equal ones once, and keeps watch on upstreams that failed."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from random import SystemRandom
from typing import NamedTuple, TypeAlias

from .answercache import CacheKey, key_of
from .counters import Counters, rcode_label
from .model import Query, RecordType
from .pipeline import Ask
from .plugins.forward import Upstream
from .responses import ParsedResponse
from .upstreamio import Exchange, Failure, IdleConnections, Received, TcpExchange, UdpExchange
from .upstreams import Attempts, UpstreamGroup

log = logging.getLogger(__name__)

HEALTH_CHECK_TIMEOUT = 1.0  # seconds (plugin/pkg/proxy/health.go)
MAX_WAITING = 10_000  # clients that wait for upstreams, all together

Answered: TypeAlias = Callable[[ParsedResponse | None, int], None]
"""Called with an upstream's response and its octets, or with `None` when there will be none."""


class _Key(NamedTuple):
    """Queries with the same key go out as one."""

    group: UpstreamGroup
    question: CacheKey
    with_edns: bool
    recursion_desired: bool
    opcode: int
    over_tcp: bool


class _Try(NamedTuple):
    """One of a query's attempts."""

    upstream: Upstream
    over_tcp: bool
    started: float  # the loop's time


class _Pending:
    """One query under way, and everybody who waits for it."""

    def __init__(self, ask: Ask, attempts: Attempts) -> None:
        self.ask = ask
        self.attempts = attempts
        self.waiting: list[Answered] = []
        self.exchange: Exchange | None = None


class Forwarder:
    """Every callback comes exactly once, within `OVERALL_TIMEOUT`; none after `close`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, counters: Counters) -> None:
        self._loop = loop
        self._counters = counters
        self._rng = SystemRandom()
        self._pending: dict[_Key, _Pending] = {}
        self.waiting = 0  # clients
        self._idle: dict[UpstreamGroup, IdleConnections] = {}
        self._exchanges: set[Exchange] = set()
        self._checks: dict[tuple[UpstreamGroup, Upstream], Exchange | asyncio.TimerHandle] = {}

    def ask(self, ask: Ask, answered: Answered) -> None:
        """Asks the upstreams, unless the same question is already under way."""
        if self.waiting >= MAX_WAITING:
            self._counters.max_concurrent_rejects += 1
            answered(None, 0)
            return
        self.waiting += 1
        key = _key_of(ask)
        pending = self._pending.get(key)
        if pending is not None:
            pending.waiting.append(answered)
            return
        pending = self._pending[key] = _Pending(ask, Attempts(ask.group, self._rng, self._loop.time(), ask.deadline))
        pending.waiting.append(answered)
        ask.group.concurrent += 1
        self._attempt(key, pending)

    def close(self) -> None:
        """Ends everything under way."""
        for pending in self._pending.values():
            pending.ask.group.concurrent -= 1
        self._pending.clear()
        self.waiting = 0
        for under_way in (*self._exchanges, *self._checks.values()):
            under_way.cancel()
        self._exchanges.clear()
        self._checks.clear()
        for idle in self._idle.values():
            idle.close()

    def exchange(
        self,
        group: UpstreamGroup,
        upstream: Upstream,
        query: Query,
        timeout: float,
        *,
        over_tcp: bool,
        done: Callable[[Received | Failure], None],
    ) -> Exchange:
        """Sends one query to one upstream."""

        def ended(result: Received | Failure) -> None:
            self._exchanges.discard(exchange)
            done(result)

        exchange: UdpExchange | TcpExchange
        if over_tcp:
            idle = self._idle.setdefault(group, IdleConnections(self._loop, group.rule.expire))
            exchange = TcpExchange(self._loop, upstream, query, timeout, ended, idle=idle)
        else:
            exchange = UdpExchange(self._loop, upstream, query, timeout, ended)
        self._exchanges.add(exchange)
        exchange.start()
        return exchange

    def _attempt(self, key: _Key, pending: _Pending) -> None:
        """Asks the next upstream."""
        now = self._loop.time()
        upstream = pending.attempts.next_upstream(now)
        if upstream is None:
            self._settle(key, pending, None)
            return
        if pending.attempts.all_down:
            self._counters.healthcheck_broken += 1
        rule = pending.ask.group.rule
        self._send(key, pending, upstream, over_tcp=rule.force_tcp or (pending.ask.over_tcp and not rule.prefer_udp))

    def _send(self, key: _Key, pending: _Pending, upstream: Upstream, *, over_tcp: bool) -> None:
        this = _Try(upstream, over_tcp, self._loop.time())
        pending.exchange = self.exchange(
            pending.ask.group,
            upstream,
            pending.ask.query,
            pending.attempts.timeout(this.started),
            over_tcp=over_tcp,
            done=partial(self._later, self._ended, key, pending, this),
        )

    def _later(self, callback: Callable[..., None], *args: object) -> None:
        """Not at once: an upstream that refuses while it is being asked would have callbacks nest."""
        self._loop.call_soon(callback, *args)

    def _ended(self, key: _Key, pending: _Pending, this: _Try, result: Received | Failure) -> None:
        if self._pending.get(key) is not pending or pending.exchange is None:
            return  # closed meanwhile
        self._counters.upstream_ignored += pending.exchange.ignored
        group = pending.ask.group
        label = result.value if isinstance(result, Failure) else rcode_label(result.response.header.rcode)
        self._counters.upstream_took(_text(this.upstream), label, self._loop.time() - this.started)
        if isinstance(result, Failure):
            log.debug("upstream failed", extra={"kv": {"upstream": _text(this.upstream), "reason": result.value}})
            self._check(group, this.upstream)
            self._attempt(key, pending)
        elif result.response.header.truncated and not this.over_tcp and group.rule.prefer_udp:
            self._send(key, pending, this.upstream, over_tcp=True)
        else:
            self._settle(key, pending, result)

    def _settle(self, key: _Key, pending: _Pending, result: Received | None) -> None:
        del self._pending[key]
        pending.ask.group.concurrent -= 1
        self.waiting -= len(pending.waiting)
        for answered in pending.waiting:
            if result is None:
                answered(None, 0)
            else:
                answered(result.response, result.octets)

    # Health checks, of upstreams that failed, until one is good.

    def _check(self, group: UpstreamGroup, upstream: Upstream) -> None:
        if group.wants_check(upstream):
            group.check_started(upstream)
            self._send_check(group, upstream)

    def _send_check(self, group: UpstreamGroup, upstream: Upstream) -> None:
        check = group.rule.health_check
        query = Query(0, check.domain, RecordType.NS, recursion_desired=check.recursion_desired)
        self._checks[group, upstream] = self.exchange(
            group,
            upstream,
            query,
            HEALTH_CHECK_TIMEOUT,
            over_tcp=group.rule.force_tcp,
            done=partial(self._later, self._checked, group, upstream),
        )

    def _checked(self, group: UpstreamGroup, upstream: Upstream, result: Received | Failure) -> None:
        if (group, upstream) not in self._checks:
            return  # closed meanwhile
        good = isinstance(result, Received)
        was_down = group.is_down(upstream)
        group.check_ended(upstream, good=good)
        if good:
            del self._checks[group, upstream]
            if was_down:
                log.info("upstream is healthy again", extra={"kv": {"upstream": _text(upstream)}})
            return
        self._counters.healthcheck_failures[_text(upstream)] += 1
        if not was_down and group.is_down(upstream):
            log.warning("upstream is down", extra={"kv": {"upstream": _text(upstream)}})
        group.check_started(upstream)
        delay = group.rule.health_check.interval
        self._checks[group, upstream] = self._loop.call_later(delay, self._send_check, group, upstream)


def _key_of(ask: Ask) -> _Key:
    query = ask.query
    return _Key(ask.group, key_of(query), query.edns is not None, query.recursion_desired, query.opcode, ask.over_tcp)


def _text(upstream: Upstream) -> str:
    host = f"[{upstream.address}]" if ":" in upstream.address else upstream.address
    return f"{host}:{upstream.port}"
