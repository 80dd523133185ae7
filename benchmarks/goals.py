"""Pure: what the program must show beside its peers, and whether it does."""

from collections.abc import Iterator
from typing import NamedTuple

from . import titles
from .model import Results, find, ratio
from .titles import COREDNS, HAPROXY, HAPROXY_LARGE, NGINX, OURS, UNBOUND


class Goal(NamedTuple):
    """Our figure by the peer's is at least, or with `is_cost` at most, `bound`; without a peer our figure itself."""

    workload: str
    bound: float
    peer: str = ""
    detail: str = ""
    is_cost: bool = False


class Verdict(NamedTuple):
    """How a goal was met."""

    goal: Goal
    reached: float
    is_met: bool


def _goals() -> Iterator[Goal]:
    for number in (1, 8):
        for downwards in (True, False):
            name = titles.bulk(number, downwards=downwards)
            yield Goal(name, 1.0, HAPROXY_LARGE)
            yield Goal(name, 2.0, HAPROXY)
            yield Goal(name, 2.0, NGINX)
    requests = titles.requests(32)
    yield Goal(titles.CONNECTIONS, 0.9, HAPROXY)
    yield Goal(requests, 1.0, HAPROXY)
    yield Goal(requests, 1.2, HAPROXY, "p99", is_cost=True)
    yield Goal(titles.FAIRNESS, 1.5, HAPROXY, "p99", is_cost=True)
    yield Goal(titles.IDLE, 8.0, is_cost=True)
    yield Goal(titles.DATAGRAMS, 1.0, NGINX)
    for name in (titles.VIP, titles.NXDOMAIN):
        yield Goal(name, 1.0, UNBOUND)
        yield Goal(name, 1.5, COREDNS)
    yield Goal(titles.MIXED, 0.8, UNBOUND)
    for services, seconds in ((10, 1.0), (1000, 1.5), (10_000, 8.0)):
        yield Goal(titles.ready(services), seconds, is_cost=True)
    yield Goal(titles.memory(10_000), 250.0, is_cost=True)
    yield Goal(titles.changed_listener(10_000), 0.3, is_cost=True)
    yield Goal(titles.changed_name(10_000), 0.4, is_cost=True)


GOALS = tuple(_goals())


def verdicts(results: Results) -> Iterator[Verdict]:
    """Of all goals whose workload and peer took part."""
    for goal in GOALS:
        ours = find(results, goal.workload, OURS)
        peer = find(results, goal.workload, goal.peer)
        if ours is None or (goal.peer and peer is None):
            continue
        reached = ours.value if peer is None else ratio(ours, peer, goal.detail)
        if reached is not None:
            yield Verdict(goal, reached, reached <= goal.bound if goal.is_cost else reached >= goal.bound)
