"""UDP: whom a datagram reaches, where answers come from, and when a flow is over."""

import os
import select
import socket

import msgspec
import pytest

from proxy.counters import DropReason
from proxy.flows import FlowEnd


def bound(lab, address="127.0.0.1"):
    sock = lab.owned(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((address, 0))
    return sock


def closed(lab):
    """An endpoint where nobody listens, and nobody else can: its socket hears itself alone."""
    sock = bound(lab)
    sock.connect(sock.getsockname())
    return lab.endpoint(sock)


def connected(lab, listener):
    sock = bound(lab, "127.0.0.1")
    sock.connect(("127.0.0.1", listener.frontend.key.port))
    return sock


def exchange(client, backend, question=b"question", answer=b"answer"):
    client.send(question)
    received, sender = backend.recvfrom(70_000)
    assert received == question
    backend.sendto(answer, sender)
    assert client.recv(70_000) == answer
    return sender


def show(lab, listener, *backends):
    """The listener's frontend has these endpoints from now on."""
    endpoints = [lab.endpoint(each) for each in backends]
    frontend = lab.frontend(listener.frontend.key.port, *endpoints)
    lab.call(setattr, listener, "frontend", frontend)
    lab.settle()


def ends(lab):
    return dict(lab.counters.service(lab.service).flow_ends)


def drops(lab):
    return dict(lab.counters.service(lab.service).drops)


def test_a_client_stays_with_its_endpoint_and_is_answered_from_the_address_that_it_asked(relay_lab):
    backends = [bound(relay_lab) for _ in range(2)]
    listener = relay_lab.serve_udp(*map(relay_lab.endpoint, backends))
    clients = [connected(relay_lab, listener) for _ in range(2)]
    for _ in range(3):
        for client, backend in zip(clients, backends, strict=True):
            exchange(client, backend)
    total = relay_lab.counters.service(relay_lab.service).total()
    assert (total.opened, total.from_clients.bytes, total.to_clients.bytes) == (2, 48, 36)


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 65_507])
def test_datagrams_of_every_size_pass_both_ways_unchanged(relay_lab, size):
    backend = bound(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(backend)))
    content = os.urandom(size)
    exchange(client, backend, content, content[::-1])


def test_a_stranger_does_not_reach_the_client(relay_lab):
    backend = bound(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(backend)))
    sender = exchange(client, backend)
    bound(relay_lab).sendto(b"forged", sender)
    backend.sendto(b"genuine", sender)
    assert client.recv(100) == b"genuine"


def test_when_the_endpoint_goes_the_next_datagram_reaches_another(relay_lab):
    old, new = bound(relay_lab), bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(old))
    client = connected(relay_lab, listener)
    exchange(client, old)
    show(relay_lab, listener, new)
    exchange(client, new)
    assert ends(relay_lab) == {FlowEnd.ENDPOINT_GONE: 1}


def test_a_flow_outlives_changes_that_leave_its_endpoint(relay_lab):
    backend = bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(backend))
    client = connected(relay_lab, listener)
    sender = exchange(client, backend)
    show(relay_lab, listener, backend, bound(relay_lab))
    assert exchange(client, backend) == sender


def test_without_endpoints_nothing_goes_to_the_old_one_and_it_flows_again_later(relay_lab):
    backend = bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(backend))
    client = connected(relay_lab, listener)
    exchange(client, backend)
    show(relay_lab, listener)
    client.send(b"nobody")
    relay_lab.settle()
    assert drops(relay_lab) == {DropReason.NO_ENDPOINT: 1}
    show(relay_lab, listener, backend)
    exchange(client, backend)


def test_a_closed_listener_refuses_and_ends_its_flows(relay_lab):
    backend = bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(backend))
    client = connected(relay_lab, listener)
    exchange(client, backend)
    relay_lab.call(listener.close)
    relay_lab.call(listener.close)
    relay_lab.settle()
    client.send(b"anybody there?")
    with pytest.raises(ConnectionRefusedError):
        client.recv(100)
    assert not select.select([backend], [], [], 0)[0]
    assert ends(relay_lab) == {FlowEnd.CLOSED: 1}
    assert (relay_lab.held(), relay_lab.chooser.open) == (0, 0)


def test_an_endpoint_where_nobody_listens_is_left_for_another(relay_lab):
    backend, nobody = bound(relay_lab), closed(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(nobody, relay_lab.endpoint(backend)))
    client.send(b"lost")
    relay_lab.wait(lambda: ends(relay_lab))
    exchange(client, backend)
    assert relay_lab.chooser.failed == [nobody]
    assert ends(relay_lab) == {FlowEnd.REFUSED: 1}


def test_an_idle_flow_ends(relay_lab):
    backend = bound(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(backend), idle_seconds=1.0))
    sender = exchange(client, backend)
    relay_lab.wait(lambda: ends(relay_lab) == {FlowEnd.IDLE: 1})
    counters = relay_lab.counters.service(relay_lab.service)
    assert (counters.accepted, counters.active, counters.total().open) == (1, 0, 0)
    assert (relay_lab.held(), relay_lab.chooser.open) == (1, 0)
    assert exchange(client, backend) != sender
    assert counters.accepted == 2
    assert ends(relay_lab) == {FlowEnd.IDLE: 1}


def test_too_many_flows_make_room_and_descriptors_stay_bounded(relay_lab):
    backend, other = bound(relay_lab), bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(backend), most=10, idle_seconds=3600.0)
    neighbour = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(other), idle_seconds=3600.0))
    exchange(neighbour, other)
    for _ in range(500):
        exchange(connected(relay_lab, listener), backend)
    exchange(neighbour, other)
    assert ends(relay_lab) == {FlowEnd.EVICTED: 490}
    assert relay_lab.held() == 2 + 10 + 1


def test_without_descriptors_flows_make_room_for_each_other(relay_lab):
    backend = bound(relay_lab)
    listener = relay_lab.serve_udp(relay_lab.endpoint(backend))
    relay_lab.reactor.descriptors.budget = relay_lab.held() + 3
    for _ in range(10):
        exchange(connected(relay_lab, listener), backend)
    assert ends(relay_lab) == {FlowEnd.EVICTED: 7}


def test_a_client_for_whom_there_is_no_descriptor_loses_its_datagram(relay_lab):
    listener = relay_lab.serve_udp(relay_lab.endpoint(bound(relay_lab)))
    relay_lab.reactor.descriptors.budget = 0
    connected(relay_lab, listener).send(b"lost")
    relay_lab.settle()
    assert drops(relay_lab) == {DropReason.NO_DESCRIPTORS: 1}


def test_a_fault_of_ours_costs_one_datagram_and_is_logged(relay_lab, caplog):
    backend = bound(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(backend)))
    relay_lab.chooser.fault = RuntimeError("a bug")
    client.send(b"lost")
    relay_lab.settle()
    relay_lab.chooser.fault = None
    exchange(client, backend)
    assert drops(relay_lab) == {DropReason.FAULT: 1}
    assert [str(each.exc_info[1]) for each in caplog.records if each.exc_info] == ["a bug"]
    caplog.clear()


def test_tcp_and_udp_of_one_port_are_not_mixed_up(relay_lab):
    tcp_backend, udp_backend = relay_lab.listening(), bound(relay_lab)
    tcp = relay_lab.serve(relay_lab.endpoint(tcp_backend))
    udp = relay_lab.serve_udp(relay_lab.endpoint(udp_backend), port=tcp.frontend.key.port)
    exchange(connected(relay_lab, udp), udp_backend)
    client = relay_lab.client(tcp)
    client.sendall(b"stream")
    assert relay_lab.accept(tcp_backend).recv(100) == b"stream"


def test_a_burst_arrives_whole_while_tcp_goes_on(relay_lab):
    backend = bound(relay_lab)
    client = connected(relay_lab, relay_lab.serve_udp(relay_lab.endpoint(backend)))
    stream, other_end = relay_lab.pair()
    for number in range(200):
        client.send(b"%d" % number)
    stream.sendall(b"between")
    assert other_end.recv(100) == b"between"
    assert [backend.recv(100) for _ in range(200)] == [b"%d" % number for number in range(200)]


def test_a_flow_stays_with_an_endpoint_that_terminates_and_new_flows_go_elsewhere(relay_lab):
    leaving, staying = (bound(relay_lab) for _ in range(2))
    listener = relay_lab.serve_udp(relay_lab.endpoint(leaving))
    old = connected(relay_lab, listener)
    exchange(old, leaving)
    frontend = relay_lab.frontend(listener.frontend.key.port, relay_lab.endpoint(staying))
    frontend = msgspec.structs.replace(frontend, draining=(relay_lab.endpoint(leaving),))
    relay_lab.call(setattr, listener, "frontend", frontend)
    relay_lab.settle()
    exchange(old, leaving)
    exchange(connected(relay_lab, listener), staying)
    assert ends(relay_lab) == {}
