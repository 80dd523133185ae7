"""Pure: which upstream is asked next: policies, failures and health, as CoreDNS' plugin/forward decides."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from .plugins.forward import ForwardRule, Policy, Upstream

if TYPE_CHECKING:
    from random import Random  # chance is an argument

ATTEMPT_TIMEOUT = 2.0  # seconds for one upstream to answer (plugin/pkg/proxy)
OVERALL_TIMEOUT = 5.0  # seconds for a query (plugin/forward defaultTimeout)
MIN_ATTEMPTS = 3  # a lone upstream that refuses at once is not asked again for five seconds
MAX_CONCURRENT = 1000  # our own bound on exchanges of one rule: each holds a socket


class _Health:
    def __init__(self) -> None:
        self.fails = 0
        self.checking = False


class UpstreamGroup:
    """The upstreams of one `forward`, and how they fare.

    As in CoreDNS a failed query only starts health checks; failed checks make an upstream down, a good one heals it.
    """

    def __init__(self, rule: ForwardRule, upstreams: Collection[Upstream]) -> None:
        self.rule = rule
        self.upstreams = list(dict.fromkeys(upstreams))
        self.looping: set[Upstream] = set()
        self.concurrent = 0
        self._health = {upstream: _Health() for upstream in self.upstreams}
        self._turn = 0

    @property
    def usable(self) -> list[Upstream]:
        """The upstreams that do not lead back to us."""
        return [upstream for upstream in self.upstreams if upstream not in self.looping]

    @property
    def is_full(self) -> bool:
        """Whether one more query at a time is too many."""
        return self.concurrent >= min(self.rule.max_concurrent or MAX_CONCURRENT, MAX_CONCURRENT)

    def ordered(self, rng: "Random") -> list[Upstream]:
        """The usable upstreams in the order of the policy."""
        upstreams = self.usable
        match self.rule.policy:
            case Policy.RANDOM:
                rng.shuffle(upstreams)
            case Policy.ROUND_ROBIN if upstreams:
                first = self._turn % len(upstreams)
                self._turn += 1
                upstreams = upstreams[first:] + upstreams[:first]
            case _:
                pass
        return upstreams

    def is_down(self, upstream: Upstream) -> bool:
        """Whether more health checks in a row failed than `max_fails` forgives."""
        return 0 < self.rule.max_fails < self._health[upstream].fails

    def wants_check(self, upstream: Upstream) -> bool:
        """Whether a failure should start health checks: they are on, and none is under way."""
        return self.rule.max_fails > 0 and not self._health[upstream].checking

    def check_started(self, upstream: Upstream) -> None:
        """Health checks of the upstream are under way, until one is good."""
        self._health[upstream].checking = True

    def check_ended(self, upstream: Upstream, *, good: bool) -> None:
        """One health check is over; after a bad one another one follows."""
        health = self._health[upstream]
        health.fails = 0 if good else health.fails + 1
        health.checking = not good

    def mark_looping(self, upstream: Upstream) -> None:
        """What we ask this upstream comes back to us: it is not asked again."""
        self.looping.add(upstream)


class Attempts:
    """The upstreams that one query is sent to, one after the other."""

    def __init__(self, group: UpstreamGroup, rng: "Random", now: float, deadline: float | None = None) -> None:
        self.deadline = min(now + OVERALL_TIMEOUT, now + OVERALL_TIMEOUT if deadline is None else deadline)
        self.all_down = False
        self._group = group
        self._rng = rng
        self._order = group.ordered(rng)
        self._left = max(MIN_ATTEMPTS, 2 * len(self._order))
        self._at = 0

    def next_upstream(self, now: float) -> Upstream | None:
        """Whom to ask at `now` (monotonic seconds); `None` when it is time to give up.

        Upstreams that are down are passed over. If all are, the checks may be what is broken: one, any, is tried.
        """
        if not self._order or self._left == 0 or now >= self.deadline or self.all_down:
            return None
        self._left -= 1
        for _ in self._order:
            upstream = self._order[self._at % len(self._order)]
            self._at += 1
            if not self._group.is_down(upstream):
                return upstream
        self.all_down = True
        return self._rng.choice(self._order)

    def timeout(self, now: float) -> float:
        """Seconds that the upstream asked at `now` has to answer."""
        return min(ATTEMPT_TIMEOUT, max(self.deadline - now, 0.0))
