"""I/O: the `loop` plugin: a query for a random name to each upstream; one through which it comes back is not used.

CoreDNS asks itself and ends when the question returns (plugin/loop). Here each upstream is asked for a name of its own,
so that the one that leads back is known, and only forwarding to it ends.
"""

import logging
import secrets
from collections.abc import Callable, MutableMapping
from functools import partial

from .forwarder import Forwarder
from .model import Labels, Query, RecordType
from .plugins.forward import Upstream
from .upstreamio import Failure, Received
from .upstreams import UpstreamGroup

log = logging.getLogger(__name__)

PROBE_TIMEOUT = 2.0  # seconds

Probes = MutableMapping[Labels, tuple[UpstreamGroup, Upstream]]


class LoopProbe:
    """Probes the upstreams of groups, and tells when all are done."""

    def __init__(self, forwarder: Forwarder, probes: Probes, done: Callable[[], None]) -> None:
        self._forwarder = forwarder
        self._probes = probes
        self._done = done
        self._under_way = 0

    def start(self, groups: tuple[UpstreamGroup, ...]) -> None:
        """Sends the queries, all at once."""
        chosen = [(group, upstream) for group in groups for upstream in group.usable]
        self._under_way = len(chosen) + 1
        for group, upstream in chosen:
            name = (*(secrets.token_hex(10).encode() for _ in range(2)), *group.rule.zone)
            self._probes[name] = group, upstream
            query = Query(0, name, RecordType.HINFO, recursion_desired=True)
            self._forwarder.exchange(
                group,
                upstream,
                query,
                PROBE_TIMEOUT,
                over_tcp=group.rule.force_tcp,
                done=partial(self._ended, name, group, upstream),
            )
        self._one_less()

    def _ended(self, name: Labels, group: UpstreamGroup, upstream: Upstream, _: Received | Failure) -> None:
        del self._probes[name]
        if upstream in group.looping:
            log.warning(
                "forwarding loop detected, the upstream is not used",
                extra={"kv": {"upstream": upstream.address, "port": upstream.port, "usable": len(group.usable)}},
            )
        self._one_less()

    def _one_less(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._done()
