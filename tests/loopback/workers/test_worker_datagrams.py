"""UDP among workers: a Service port belongs to one of them as a whole, and outlives it."""

import collections
import os
import signal

import pytest

from .places import BACKEND, DatagramBackend, eventually


def test_flows_stay_and_take_turns_leave_endpoints_that_are_gone_and_survive_the_death_of_a_worker(place):
    backends = place.backends(2, 3, 4, kind=DatagramBackend)
    places = [place.service(name, number, backends, "UDP") for name, number in (("one", 20), ("two", 21))]
    agent = place.agent()
    clients = [place.client(address) for address in places for _ in range(6)]
    first = [client.asked() for client in clients]
    assert collections.Counter(first) == dict.fromkeys(backends, 4)
    assert [client.asked() for client in clients] == first
    # What is shown may be of a moment at which the last flow was not answered yet.
    eventually(lambda: [flow["answered"] for flow in place.status()["flows"]] == [True] * 12)

    for name, number in (("one", 20), ("two", 21)):
        place.prepare(name, number, backends[:2], "UDP")
    place.write()
    agent.wait_applied(2)
    second = [client.asked() for client in clients]
    assert backends[2] not in second
    assert [now for before, now in zip(first, second, strict=True) if before != backends[2]] == [
        before for before in first if before != backends[2]
    ]
    eventually(lambda: place.counted("clusterless_flows_ended_total", reason="endpoint gone") == 4)

    for victim in agent.workers:
        os.kill(victim, signal.SIGKILL)
    assert {client.asked() for client in clients} == set(backends[:2])
    eventually(lambda: place.counted("clusterless_connections_active") == len(clients))

    place.remove("one")
    agent.wait_applied(3)
    with pytest.raises(ConnectionRefusedError):
        clients[0].asked()


def test_a_udp_service_whose_affinity_is_by_client_has_it_for_all_ports_of_the_client(place):
    backends = place.backends(2, 3, 4, kind=DatagramBackend)
    one = place.service("one", 20, backends, "UDP", sessionAffinity="ClientIP")
    place.agent()
    (chosen,) = {place.client(one).asked() for _ in range(10)}
    eventually(lambda: [pin["endpoint"] for pin in place.status()["affinities"]] == [f"{chosen}:{BACKEND}"])
