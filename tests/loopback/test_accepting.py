"""Who is let in, when nobody is, and how a listener and all connections come to their end."""

import contextlib
import logging
import select
import socket
import subprocess
import sys

import pytest


def assert_echoes(client, text=b"hello"):
    client.sendall(text)
    assert client.recv(100) == text


def assert_refused(lab, port):
    with pytest.raises(ConnectionRefusedError):
        lab.connect(port)


def test_an_established_connection_keeps_its_endpoint_when_the_frontend_is_replaced(relay_lab):
    backends = [relay_lab.listening() for _ in range(2)]
    old, new = [relay_lab.endpoint(each) for each in backends]
    listener = relay_lab.serve(old)
    before = relay_lab.client(listener)
    old_end = relay_lab.accept(backends[0])
    listener.frontend = relay_lab.frontend(listener.frontend.key.port, new)
    relay_lab.client(listener)
    relay_lab.accept(backends[1])
    before.sendall(b"still here")
    assert old_end.recv(100) == b"still here"


def test_a_closed_listener_refuses_and_its_connections_go_on(relay_lab):
    listener = relay_lab.serve(relay_lab.echo())
    client = relay_lab.client(listener)
    assert_echoes(client)
    relay_lab.call(listener.close)
    relay_lab.settle()
    assert_refused(relay_lab, listener.frontend.key.port)
    assert_echoes(client)


def test_closing_twice_is_closing_once(relay_lab):
    listener = relay_lab.serve(relay_lab.echo())
    relay_lab.call(listener.close)
    relay_lab.call(listener.close)
    assert relay_lab.held() == 0


def test_the_client_address_is_what_the_chooser_is_asked_about(relay_lab):
    clients = []
    relay_lab.chooser.pick = lambda frontend, client, now, tried: clients.append(client)
    sock = relay_lab.owned(socket.socket())
    listener = relay_lab.serve(relay_lab.closed_port())
    sock.bind(("127.9.8.7", 0))
    with contextlib.suppress(ConnectionResetError):
        sock.connect(("127.0.0.1", listener.frontend.key.port))
    relay_lab.settle()
    assert clients == ["127.9.8.7"]


def test_draining_waits_for_those_who_finish(relay_lab):
    client, backend = relay_lab.pair()
    client.close()
    backend.close()
    assert relay_lab.run(relay_lab.reactor.connections.drain(5)) == 0
    assert relay_lab.run(relay_lab.reactor.connections.drain(5)) == 0


def test_draining_resets_those_who_do_not_finish_in_time(relay_lab):
    client, backend = relay_lab.pair()
    relay_lab.client(relay_lab.serve(relay_lab.endpoint(relay_lab.black_hole()), dial_timeouts=(60.0,)))
    relay_lab.settle()
    assert relay_lab.reactor.connections.count(relay_lab.service) == 2
    assert relay_lab.run(relay_lab.reactor.connections.drain(0.1)) == 2
    for sock in (client, backend):
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_closing_the_reactor_resets_connections_and_closes_listeners(relay_lab):
    listener = relay_lab.serve(relay_lab.echo())
    client = relay_lab.client(listener)
    assert_echoes(client)
    relay_lab.call(relay_lab.reactor.close)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert_refused(relay_lab, listener.frontend.key.port)


def test_a_fault_of_ours_ends_one_connection_and_is_logged(relay_lab, caplog):
    listener = relay_lab.serve(relay_lab.echo())
    client = relay_lab.client(listener)
    assert_echoes(client)
    relay_lab.chooser.fault = RuntimeError("a bug")
    with pytest.raises(ConnectionResetError):
        relay_lab.client(listener).recv(1)
    relay_lab.chooser.fault = None
    assert_echoes(client)
    assert_echoes(relay_lab.client(listener))
    faults = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert [str(each.exc_info[1]) for each in faults] == ["a bug"]
    caplog.clear()


SOFT_LIMIT = 64  # of which 24 are reserved: room for the listener and 19 connections
ROOM = 19


def answered(clients):
    """Which of them have got an answer, when the relay has done all that it can."""
    return set(select.select(clients, [], [], 0.3)[0])


@pytest.mark.reliability(44)
def test_above_the_connection_limit_clients_wait_and_get_their_turn(relay_lab, relay_process):
    relay = relay_process(relay_lab.echo().port, limit=SOFT_LIMIT)
    clients = [relay_lab.connect(relay.port) for _ in range(2 * ROOM)]
    for client in clients:
        client.sendall(b"hello")
    served, waiting = clients[:ROOM], clients[ROOM:]
    for client in served:
        assert client.recv(10) == b"hello"
    cpu_seconds = relay.ask("stats")["cpu_seconds"]
    assert answered(waiting) == set()
    stats = relay.ask("stats")
    assert stats["cpu_seconds"] - cpu_seconds < 0.2 * 0.3
    assert (stats["connections"], stats["pauses"]) == (ROOM, {"connection limit": 1})
    assert relay.log.read_text().count("accepting is paused") == 1
    assert_echoes(served[0])
    for client in served:
        client.close()
    for client in waiting:
        assert client.recv(10) == b"hello"


@pytest.mark.reliability(44)
def test_when_the_process_has_no_descriptors_left_accepting_pauses_and_recovers(relay_lab, relay_process):
    relay = relay_process(relay_lab.echo().port, limit=SOFT_LIMIT)
    established = relay_lab.connect(relay.port)
    assert_echoes(established)
    relay.ask("eat")
    cpu_seconds = relay.ask("stats")["cpu_seconds"]
    waiting = [relay_lab.connect(relay.port) for _ in range(5)]
    for client in waiting:
        client.sendall(b"hello")
    assert answered(waiting) == set()
    assert_echoes(established)
    stats = relay.ask("stats")
    assert stats["cpu_seconds"] - cpu_seconds < 0.2 * 0.3
    assert stats["pauses"]["out of descriptors or memory"] >= 1
    assert relay.log.read_text().count("accepting is paused") == 1
    relay.ask("disgorge")
    for client in waiting:
        assert client.recv(10) == b"hello"


def test_a_dial_without_a_descriptor_resets_its_client_and_pauses_accepting(relay_lab, relay_process):
    relay = relay_process(relay_lab.echo().port, limit=SOFT_LIMIT)
    relay.ask("eat")
    relay.ask("spit")  # one descriptor, enough to accept and too little to dial
    with pytest.raises(ConnectionResetError):
        relay_lab.connect(relay.port).recv(1)
    assert relay.ask("stats")["pauses"] == {"out of descriptors or memory": 1}
    relay.ask("disgorge")
    assert_echoes(relay_lab.connect(relay.port))


def test_the_limit_of_descriptors_is_raised_and_a_part_of_it_reserved():
    program = """
import resource
from proxy.descriptors import fd_budget, raise_fd_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4000))
print(fd_budget(), raise_fd_limit(), fd_budget())
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["40", "4000", "3900"]
