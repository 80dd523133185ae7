"""More than one process for the bytes: whatever is exact in one is exact among many."""

import collections
import contextlib
import os
import resource
import select
import signal
import socket
import threading

import pytest

from tests.netns.agents import HANG_SECONDS

from .places import BACKEND, asked, echoes, eventually, held

CLIENTS = 4


def in_parallel(function, times):
    """The results of that many calls, made by a few threads."""
    results = []

    def call():
        results.extend([function() for _ in range(times // CLIENTS)])

    threads = [threading.Thread(target=call) for _ in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(results) == times
    return results


@pytest.mark.timeout(200)
def test_nine_thousand_connections_are_three_thousand_for_each_endpoint_and_are_counted(place):
    backends = place.backends(2, 3, 4)
    web = place.service("web", 20, backends)
    place.agent()
    assert collections.Counter(in_parallel(lambda: asked(web), 9_000)) == dict.fromkeys(backends, 3_000)
    eventually(lambda: place.counted("clusterless_connections_active", service="web") == 0)
    assert place.counted("clusterless_connections_accepted_total", service="web") == 9_000
    for backend in backends:
        assert place.counted("clusterless_endpoint_connections_total", endpoint=f"{backend}:{BACKEND}") == 3_000
    name_bytes = sum(len(backend) + 1 for backend in backends) * 3_000
    assert place.counted("clusterless_bytes_total", service="web", direction="out") == name_bytes
    assert place.metrics()["clusterless_workers"] == 2


def test_affinity_holds_among_workers(place):
    backends = place.backends(2, 3, 4)
    web = place.service("web", 20, backends, sessionAffinity="ClientIP")
    place.agent()
    chosen = {source: {asked(web, place.address(source)) for _ in range(20)} for source in range(100, 106)}
    assert [len(each) for each in chosen.values()] == [1] * 6
    assert {name for each in chosen.values() for name in each} == set(backends)


def test_an_endpoint_that_takes_nobody_is_passed_over_and_ends_an_affinity(place):
    (live,) = place.backends(2)
    dead = place.address(3)
    web = place.service("web", 20, [live, dead], sessionAffinity="ClientIP")
    nobody = place.service("nobody", 21, [dead, place.address(4)])
    place.agent()
    assert {asked(web, place.address(source)) for source in range(100, 110) for _ in range(2)} == {live}
    with pytest.raises(ConnectionResetError):
        asked(nobody)
    eventually(lambda: place.counted("clusterless_dial_failures_total", service="nobody") == 2)
    # Once for every second client.
    eventually(lambda: place.counted("clusterless_dial_failures_total", service="web") == 5)
    eventually(lambda: place.counted("clusterless_connections_unserved_total", service="nobody") == 1)


def test_a_worker_that_is_killed_takes_its_own_connections_along_and_is_replaced(place):
    web = place.service("web", 20, place.backends(2, 3))
    other = place.service("other", 21, place.backends(4))
    agent = place.agent()
    clients = [place.stack.enter_context(held(web)) for _ in range(20)]
    eventually(lambda: place.counted("clusterless_endpoint_connections_active", service="web") == 20)
    lost, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            try:
                asked(other)
            except OSError as error:
                lost.append(error)

    threads = [threading.Thread(target=load) for _ in range(CLIENTS)]
    for each in threads:
        each.start()
    victim = agent.workers[0]
    os.kill(victim, signal.SIGKILL)
    agent.wait_for_event("a worker has ended: its connections are lost", worker=1, reason="killed by SIGKILL")
    assert [echoes(client) for client in clients].count(True) == 10
    eventually(lambda: place.metrics()["clusterless_workers"] == 2)
    newcomers = [place.stack.enter_context(held(web)) for _ in range(10)]
    stop.set()
    for each in threads:
        each.join()
    assert len(lost) <= 2 * CLIENTS  # those that the worker served, and those that were on their way to it
    assert all(echoes(client) for client in newcomers)
    assert len(agent.workers) == 2
    assert victim not in agent.workers
    assert place.metrics()["clusterless_worker_restarts_total"] == 1
    for name, number in (
        ("clusterless_endpoint_connections_active", 20),
        ("clusterless_connections_active", 20),
        ("clusterless_connections_accepted_total", 30),
        ("clusterless_connections_reset_total", 10),
    ):
        eventually(lambda name=name, number=number: place.counted(name, service="web") == number)


def test_a_worker_that_dies_again_is_replaced_ever_later(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent()
    after = 0
    for wait in (0.0, 0.2, 0.4):
        eventually(lambda: len(agent.workers) == 2)
        os.kill(agent.workers[0], signal.SIGKILL)
        event = "a worker has ended: its connections are lost"
        after = agent.wait_for_event(event, after, worker=1, replaced_in_seconds=wait)
        assert asked(web)


def test_clients_are_not_given_to_a_worker_that_has_stopped_for_long(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent()
    stopped = agent.workers[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        waiting = [place.stack.enter_context(socket.create_connection(web, timeout=HANG_SECONDS)) for _ in range(2)]
        served = select.select(waiting, [], [], HANG_SECONDS)[0]
        assert len(served) == 1
        eventually(lambda: all(is_served_at_once(web) for _ in range(10)))
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert all(client.recv(100) for client in waiting)


def is_served_at_once(address):
    with socket.create_connection(address, timeout=HANG_SECONDS) as client:
        return bool(select.select([client], [], [], 0.3)[0])


def test_reloads_under_load_fail_nobody(place):
    backends = place.backends(2, 3)
    web = place.service("web", 20, backends)
    agent = place.agent()
    clients = [place.stack.enter_context(held(web)) for _ in range(10)]
    stop = threading.Event()
    answers, lost = [], []

    def load():
        while not stop.is_set():
            try:
                answers.append(asked(web))
            except OSError as error:
                lost.append(error)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for each in threads:
        each.start()
    for generation in range(2, 22):
        place.service(f"more-{generation % 3}", 30 + generation, backends[: 1 + generation % 2])
        agent.wait_applied(generation)
    stop.set()
    for each in threads:
        each.join()
    assert lost == []
    names = collections.Counter(answers)
    assert names.total() > 20
    assert abs(names[backends[0]] - names[backends[1]]) <= 1
    assert all(echoes(client) for client in clients)


def test_a_service_that_is_deleted_and_made_anew_counts_from_zero(place):
    backends = place.backends(2)
    web = place.service("web", 20, backends)
    agent = place.agent()
    old = place.stack.enter_context(held(web))
    place.remove("web")
    agent.wait_applied(2)
    with pytest.raises(ConnectionRefusedError):
        asked(web)
    assert echoes(old)
    place.service("web", 20, backends)
    agent.wait_applied(3)
    new = place.stack.enter_context(held(web))
    eventually(lambda: place.counted("clusterless_connections_active", service="web") == 1)
    old.close()
    assert echoes(new)
    new.close()
    eventually(lambda: place.counted("clusterless_connections_active", service="web") == 0)
    assert place.counted("clusterless_connections_accepted_total", service="web") == 1


def test_draining_lets_connections_of_all_workers_finish_and_resets_the_rest(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent("--shutdown-grace-period=3")
    clients = [place.stack.enter_context(held(web)) for _ in range(8)]
    agent.process.send_signal(signal.SIGTERM)
    agent.wait_for_event("stopping")
    for client in clients[:4]:
        assert echoes(client)
        client.close()
    assert agent.process.wait(HANG_SECONDS) == 0
    agent.wait_for_event("connections were reset", count=4)
    for client in clients[4:]:
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_when_the_program_is_killed_its_workers_end(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent()
    client = place.stack.enter_context(held(web))
    eventually(lambda: len(agent.processes("clusterless-")) == 3)
    processes = [os.pidfd_open(pid) for pid in agent.processes("clusterless-")]
    agent.process.kill()
    agent.process.wait(HANG_SECONDS)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""
    for each in processes:
        assert select.select([each], [], [], HANG_SECONDS)[0], "it goes on"
        os.close(each)


def test_without_the_process_that_workers_come_from_the_program_ends_after_its_connections(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent("--shutdown-grace-period=10")  # more than it takes: the client ends first
    client = place.stack.enter_context(held(web))
    eventually(lambda: len(agent.workers) == 2)  # until then a worker bears the name of what it comes from
    (nursery,) = agent.processes("clusterless-new")
    os.kill(nursery, signal.SIGKILL)
    agent.wait_for_event("stopping")
    assert echoes(client)
    client.close()
    assert agent.process.wait(HANG_SECONDS) == 1


LIMIT = 128  # descriptors of a process


def low_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def test_every_worker_adds_room_for_connections_and_who_finds_none_waits(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent(preexec_fn=low_limit)
    clients = [socket.create_connection(web, timeout=HANG_SECONDS) for _ in range(130)]
    for each in clients:
        place.stack.callback(each.close)
    agent.wait_for(lambda entry: "accepting is paused" in str(entry["event"]), "a pause")
    eventually(lambda: len(answered(clients)) > LIMIT * 2 / 3)
    served = answered(clients)
    assert len(served) < LIMIT
    for client in served:
        client.close()
    for client in clients:
        if client not in served:
            assert client.recv(100)


def answered(clients):
    """Which of them have been told a name."""
    return select.select(clients, [], [], 0)[0]


def test_one_worker_is_this_process(place):
    web = place.service("web", 20, place.backends(2))
    agent = place.agent(workers=1)
    assert asked(web)
    assert agent.processes("clusterless-") == []
    assert place.metrics()["clusterless_workers"] == 1
