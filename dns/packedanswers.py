"""I/O: the packed answers of one port, a cache for each listener: those good now, and what they were used for."""

import asyncio

from .counters import Counters, Listener
from .wirecache import Kind, WireCache


class PackedAnswers:
    """Whoever finds an answer here need not ask the responder for one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, counters: Counters) -> None:
        self._loop = loop
        self._counters = counters
        self._caches: dict[Listener, WireCache] = {}

    def of(self, listener: Listener) -> WireCache:
        """Those for clients of a listener."""
        cache = self._caches.get(listener)
        if cache is None:
            cache = self._caches[listener] = WireCache()
        cache.expire(self._loop.time())
        return cache

    def forget(self) -> None:
        """What is served has changed."""
        for cache in self._caches.values():
            cache.clear()

    def count(self, listener: Listener, kind: Kind, seconds: float, times: int = 1) -> None:
        """Counts answers of a kind that went out after so many seconds each."""
        self._counters.answered(
            listener,
            kind.zone,
            qtype=kind.type,
            rcode=kind.rcode,
            request_size=kind.request_size,
            response_size=kind.response_size,
            dnssec_ok=kind.dnssec_ok,
            times=times,
        )
        self._counters.took(listener.server, kind.zone, seconds, times)

    def count_hits(self) -> None:
        """Brings the counters up to date with what the packed answers were used for."""
        for listener, cache in self._caches.items():
            hits = dict(cache.take_hits())
            total = sum(hits.values())
            seconds, cache.seconds = cache.seconds, 0.0
            self._counters.wire_cache_hits += total
            for kind, times in hits.items():
                self.count(listener, kind, seconds / total, times)
                for hit in kind.cache_hits:
                    self._counters.cache_hits[hit] += times
