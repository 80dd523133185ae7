from collections import Counter
from random import Random

import msgspec
import pytest

from proxy.balancer import Balancer
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from proxy.options import Scheduler

A, B, C = (Endpoint(f"10.244.0.{number}", 8080) for number in (1, 2, 3))
WEB = ServicePortName("default", "web", "http", Protocol.TCP)
CLIENT = "198.51.100.7"


def frontend(internal=(A, B, C), external=None, kind=FrontendKind.CLUSTER_IP, address="10.96.0.7", service=WEB, **more):
    key = FrontendKey(address, 80, service.protocol)
    return Frontend(key, kind, service, internal, internal if external is None else external, **more)


NODE_PORT = frontend(kind=FrontendKind.NODE_PORT, address="192.168.0.1")
STICKY = frontend(affinity_seconds=100)


def balancer(scheduler=Scheduler.ROUND_ROBIN, **more):
    return Balancer(Random(7), scheduler, **more)


def picks(chooser, made, count, client=CLIENT, now=0.0):
    return [chooser.pick(made, client, now, ()) for _ in range(count)]


def test_round_robin_takes_all_in_turn():
    assert picks(balancer(), frontend(), 6) == [A, B, C, A, B, C]


def test_nine_thousand_connections_over_three_endpoints():
    assert Counter(picks(balancer(), frontend(), 9000)) == {A: 3000, B: 3000, C: 3000}


def test_frontends_of_a_service_port_share_the_turn():
    chooser = balancer()
    assert [chooser.pick(made, CLIENT, 0, ()) for made in (frontend(), NODE_PORT, frontend())] == [A, B, C]


def test_service_ports_have_turns_of_their_own():
    chooser, other = balancer(), frontend(service=WEB._replace(port="https"))
    assert [chooser.pick(made, CLIENT, 0, ()) for made in (frontend(), other, frontend())] == [A, A, B]


def test_the_turn_goes_on_over_an_update_of_the_endpoints():
    chooser = balancer()
    assert picks(chooser, frontend(), 1) == [A]
    assert picks(chooser, frontend((A, C)), 1) == [A]
    assert picks(chooser, frontend(), 2) == [B, C]


def test_strict_alternation_of_two_lists_starves_nobody():
    chooser = balancer()
    mixed = frontend((A, B), (C,), FrontendKind.NODE_PORT)
    inside = [chooser.pick(mixed, client, 0, ()) for _ in range(4) for client in ("127.0.0.1", CLIENT)]
    assert Counter(inside) == {A: 2, B: 2, C: 4}


def test_a_dead_endpoint_s_connections_are_spread_over_the_others():
    chooser, reached = balancer(), Counter()
    for _ in range(300):
        endpoint = chooser.pick(frontend(), CLIENT, 0, ())
        if endpoint == A:
            chooser.dial_failed(frontend(), CLIENT, A)
            endpoint = chooser.pick(frontend(), CLIENT, 0, (A,))
        reached[endpoint] += 1
    assert reached == {B: 150, C: 150}


@pytest.mark.parametrize("scheduler", Scheduler)
def test_what_was_tried_is_never_picked_again(scheduler):
    chooser, tried = balancer(scheduler), []
    while (endpoint := chooser.pick(frontend(), CLIENT, 0, tried)) is not None:
        tried.append(endpoint)
    assert sorted(tried) == [A, B, C]


@pytest.mark.parametrize("scheduler", Scheduler)
def test_without_endpoints_there_is_none(scheduler):
    assert balancer(scheduler).pick(frontend(()), CLIENT, 0, ()) is None


INSIDE, OUTSIDE = (A,), (B,)


@pytest.mark.parametrize(
    ("kind", "client", "expected"),
    [
        pytest.param(FrontendKind.NODE_PORT, CLIENT, B, id="a client from outside"),
        pytest.param(FrontendKind.NODE_PORT, "10.244.3.4", A, id="a pod"),
        pytest.param(FrontendKind.NODE_PORT, "fd00:10:244::5", A, id="a pod with an IPv6 address"),
        pytest.param(FrontendKind.LOAD_BALANCER, "192.168.0.1", A, id="the node itself"),
        pytest.param(FrontendKind.EXTERNAL_IP, "127.0.0.1", A, id="the node itself, over loopback"),
        pytest.param(FrontendKind.EXTERNAL_IP, "::1", A, id="the node itself, over IPv6 loopback"),
        pytest.param(FrontendKind.EXTERNAL_IP, "192.168.0.2", B, id="another node"),
        pytest.param(FrontendKind.CLUSTER_IP, CLIENT, A, id="a clusterIP is inside, whoever comes"),
    ],
)
def test_each_side_has_its_endpoints(kind, client, expected):
    chooser = balancer(cluster_cidrs=("10.244.0.0/16", "fd00:10:244::/56"), local_addresses=("192.168.0.1",))
    assert chooser.pick(frontend(INSIDE, OUTSIDE, kind), client, 0, ()) == expected


def test_without_cluster_cidrs_nobody_is_a_pod():
    assert balancer().pick(frontend(INSIDE, OUTSIDE, FrontendKind.NODE_PORT), "10.244.3.4", 0, ()) == B


def test_local_addresses_may_change():
    chooser, made = balancer(), frontend(INSIDE, (), FrontendKind.NODE_PORT)
    assert chooser.pick(made, "192.168.0.1", 0, ()) is None
    chooser.set_local_addresses(["192.168.0.1"])
    assert chooser.pick(made, "192.168.0.1", 0, ()) == A


@pytest.mark.parametrize(("client", "is_served"), [("203.0.113.5", True), ("203.0.113.200", False), ("::1", False)])
def test_source_ranges(client, is_served):
    made = frontend(kind=FrontendKind.LOAD_BALANCER, source_ranges=("203.0.113.0/25",))
    assert (balancer().pick(made, client, 0, ()) is not None) is is_served


def test_affinity_keeps_a_client_with_its_endpoint():
    assert set(picks(balancer(), STICKY, 100)) == {A}


def test_affinity_is_by_client():
    chooser = balancer()
    assert [chooser.pick(STICKY, client, 0, ()) for client in ("a", "b", "c", "a", "b", "c")] == [A, B, C, A, B, C]


def test_affinity_is_shared_over_the_addresses_of_a_service_port():
    chooser = balancer()
    chooser.pick(NODE_PORT, "other", 0, ())
    sticky_node_port = msgspec.structs.replace(NODE_PORT, affinity_seconds=100)
    assert {chooser.pick(made, CLIENT, 0, ()) for made in (STICKY, sticky_node_port, STICKY)} == {B}


def test_affinity_slides_with_every_connection():
    chooser = balancer()
    assert [chooser.pick(STICKY, CLIENT, now, ()) for now in (0, 99, 198, 297)] == [A] * 4
    assert chooser.pick(STICKY, CLIENT, 397, ()) == B


def test_affinity_ends_when_the_endpoint_is_not_usable():
    chooser = balancer()
    assert picks(chooser, STICKY, 1) == [A]
    assert set(picks(chooser, msgspec.structs.replace(STICKY, internal=(B, C), external=(B, C)), 3)) == {B}


def test_affinity_is_pinned_anew_after_a_failed_dial():
    chooser = balancer()
    assert picks(chooser, STICKY, 1) == [A]
    chooser.dial_failed(STICKY, CLIENT, A)
    assert chooser.pick(STICKY, CLIENT, 0, (A,)) == B
    assert set(picks(chooser, STICKY, 10)) == {B}


def test_a_failed_dial_of_an_unknown_service_port_is_nothing():
    balancer().dial_failed(STICKY, CLIENT, A)


def test_affinity_can_be_switched_off_and_on():
    chooser = balancer()
    assert picks(chooser, STICKY, 1) == [A]
    assert picks(chooser, frontend(), 3) == [B, C, A]
    assert set(picks(chooser, STICKY, 3)) == {B}


def test_random_is_any_of_them_by_the_given_generator():
    one, other = (picks(balancer(Scheduler.RANDOM), frontend(), 600) for _ in range(2))
    assert one == other
    assert all(150 < count < 250 for count in Counter(one).values())
    assert len(set(one)) == 3


def test_least_connection_takes_the_idlest():
    chooser, made = balancer(Scheduler.LEAST_CONNECTION), frontend()
    for endpoint in (A, A, B):
        chooser.opened(made, endpoint)
    assert chooser.pick(made, CLIENT, 0, ()) == C
    chooser.opened(made, C)
    chooser.opened(made, C)
    assert chooser.pick(made, CLIENT, 0, ()) == B
    chooser.closed(made, A)
    chooser.closed(made, A)
    assert chooser.pick(made, CLIENT, 0, ()) == A


def test_least_connection_takes_turns_among_equals():
    assert picks(balancer(Scheduler.LEAST_CONNECTION), frontend(), 4) == [A, B, C, A]


def test_source_hashing_is_the_same_for_a_client_everywhere():
    clients = [f"203.0.113.{number}" for number in range(100)]
    one, other = ([balancer(Scheduler.SOURCE_HASHING).pick(frontend(), c, 0, ()) for c in clients] for _ in range(2))
    assert one == other
    assert set(one) == {A, B, C}


def test_what_is_forgotten_begins_anew():
    chooser = balancer()
    picks(chooser, STICKY, 1)
    picks(chooser, frontend(), 1)
    chooser.forget([WEB, WEB._replace(name="unknown")])
    assert picks(chooser, STICKY, 1) == [A]


def test_connections_count_until_they_end_although_their_service_is_gone():
    chooser, made = balancer(Scheduler.LEAST_CONNECTION), frontend((A, B))
    chooser.opened(made, A)
    chooser.opened(made, A)
    chooser.forget([WEB])
    assert picks(chooser, made, 2) == [B, B]
    chooser.closed(made, A)
    chooser.closed(made, A)
    assert set(picks(chooser, made, 2)) == {A, B}


def test_connections_of_other_processes_count_for_the_scheduler_of_least_connections():
    chooser = balancer(Scheduler.LEAST_CONNECTION)
    for endpoint, number in ((A, 2), (B, 1), (C, 3)):
        chooser.count(WEB, endpoint, number)
    assert picks(chooser, frontend(), 2) == [B, B]
    chooser.count(WEB, A, -2)
    assert picks(chooser, frontend(), 2) == [A, A]


def test_the_last_connection_of_a_gone_service_takes_its_memory_along():
    chooser = balancer()
    chooser.opened(STICKY, A)
    chooser.forget([WEB])
    chooser.closed(STICKY, A)
    with pytest.raises(KeyError):  # nobody is closed twice
        chooser.closed(STICKY, A)


def test_affinities_and_connections_can_be_seen_without_being_changed():
    chooser = balancer()
    assert (chooser.pins_of(WEB, 0.0, 100), chooser.connections_of(WEB)) == ({}, {})
    chooser.pick(STICKY, CLIENT, 0.0, ())
    chooser.opened(STICKY, A)
    for _ in range(2):
        assert chooser.pins_of(WEB, 30.0, 100) == {CLIENT: (A, 70.0)}
        assert chooser.connections_of(WEB) == {A: 1}
    assert chooser.pins_of(WEB._replace(port="https"), 30.0, 100) == {}
