"""How evenly connections are spread over endpoints, with few of them and with many."""

from collections import Counter
from math import sqrt
from random import Random

import pytest

from proxy.balancer import Balancer
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from proxy.options import Scheduler

CONNECTIONS = 9_000


def frontend(count):
    endpoints = tuple(Endpoint(f"10.244.0.{number}", 80) for number in range(1, count + 1))
    return Frontend(
        key=FrontendKey("10.96.0.20", 80, Protocol.TCP),
        kind=FrontendKind.CLUSTER_IP,
        service=ServicePortName("default", "web", "", Protocol.TCP),
        internal=endpoints,
        external=endpoints,
    )


def spread(balancer, made):
    return Counter(balancer.pick(made, "10.0.0.1", float(number), ()) for number in range(CONNECTIONS))


@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("scheduler", [Scheduler.ROUND_ROBIN, Scheduler.LEAST_CONNECTION])
def test_in_turn_every_endpoint_gets_the_same_number(scheduler, count):
    made = frontend(count)
    assert spread(Balancer(Random(1), scheduler), made) == dict.fromkeys(made.internal, CONNECTIONS // count)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [2, 3, 9])
def test_by_chance_every_endpoint_gets_its_share_within_three_sigma(count, seed):
    made = frontend(count)
    sigma = sqrt(CONNECTIONS * (1 / count) * (1 - 1 / count))
    told = spread(Balancer(Random(seed), Scheduler.RANDOM), made)
    assert told.keys() == set(made.internal)
    assert all(abs(each - CONNECTIONS / count) < 3 * sigma for each in told.values())
