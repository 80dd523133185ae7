"""How one side's end reaches the other: half-close, reset, silence."""

import socket
import threading
from pathlib import Path

import pytest

from proxy.relaysettings import RelaySettings


def receive_all(sock):
    chunks = []
    while chunk := sock.recv(1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


def receive_until_reset(sock):
    received = 0
    try:
        while chunk := sock.recv(1 << 20):
            received += len(chunk)
    except ConnectionResetError:
        return received
    raise AssertionError("the stream ended cleanly")


def states_of(port):
    """The kernel's states of all TCP sockets of a port, as /proc/net/tcp numbers them."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return [state for _, local, remote, state, *_ in fields if f":{port:04X}" in {local[8:], remote[8:]}]


def test_client_half_closes_and_still_gets_the_whole_answer(relay_lab):
    client, backend = relay_lab.pair()
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert receive_all(backend) == b"question"
    backend.sendall(b"answer" * 100_000)
    backend.close()
    assert receive_all(client) == b"answer" * 100_000


def test_backend_half_closes_first_and_still_gets_the_whole_upload(relay_lab):
    client, backend = relay_lab.pair()
    backend.sendall(b"hello")
    backend.shutdown(socket.SHUT_WR)
    assert receive_all(client) == b"hello"
    upload = threading.Thread(target=lambda: (client.sendall(bytes(10_000_000)), client.close()))
    upload.start()
    assert len(receive_all(backend)) == 10_000_000
    upload.join()


def test_when_both_have_ended_nothing_is_left(relay_lab):
    client, backend = relay_lab.pair()
    held = relay_lab.held()
    ports = (client.getpeername()[1], backend.getsockname()[1])
    client.shutdown(socket.SHUT_WR)
    assert receive_all(backend) == b""
    backend.shutdown(socket.SHUT_WR)
    assert receive_all(client) == b""
    assert relay_lab.drained()
    counters = relay_lab.counters.service(relay_lab.service)
    close_wait = "08"
    assert close_wait not in [state for port in ports for state in states_of(port)]
    assert (counters.active, counters.total().open, relay_lab.chooser.open) == (0, 0, 0)
    assert relay_lab.held() == held - 2


def test_an_end_without_any_byte_is_passed_on(relay_lab):
    client, backend = relay_lab.pair()
    client.close()
    assert backend.recv(1) == b""
    backend.close()
    assert relay_lab.drained()


@pytest.mark.parametrize("first", ["client", "backend"])
def test_half_closed_and_then_silent_is_reset_after_the_bound(relay_lab, first):
    client, backend = relay_lab.pair(half_close_seconds=0.2)
    ending, other = (client, backend) if first == "client" else (backend, client)
    ending.shutdown(socket.SHUT_WR)
    assert other.recv(1) == b""
    with pytest.raises(ConnectionResetError):
        ending.recv(1)
    assert relay_lab.drained()


SILENCE_SECONDS = 1.5  # the bound


def say_now_and_then(speaker, listener):
    """A byte, and silence of a thirtieth of the bound, for longer than the bound in all."""
    patience = listener.gettimeout()
    for _ in range(31):
        speaker.sendall(b"x")
        assert listener.recv(1) == b"x"
        listener.settimeout(SILENCE_SECONDS / 30)
        with pytest.raises(TimeoutError):
            listener.recv(1)
        listener.settimeout(patience)


def test_half_closed_lives_as_long_as_bytes_move(relay_lab):
    client, backend = relay_lab.pair(half_close_seconds=SILENCE_SECONDS)
    client.shutdown(socket.SHUT_WR)
    assert backend.recv(1) == b""
    say_now_and_then(backend, client)
    backend.close()
    assert client.recv(1) == b""


def test_silence_is_bounded_by_the_idle_time(relay_lab):
    client, backend = relay_lab.pair(idle_seconds=0.2)
    for sock in (client, backend):
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert relay_lab.drained()


def test_a_connection_that_is_used_outlives_the_idle_time(relay_lab):
    client, backend = relay_lab.pair(idle_seconds=SILENCE_SECONDS)
    say_now_and_then(backend, client)


def test_silent_connections_live_a_day_by_default_as_in_conntrack():
    assert (RelaySettings().idle_seconds, RelaySettings().half_close_seconds) == (86_400, 3_600)


@pytest.mark.parametrize("first", ["client", "backend"])
def test_a_reset_is_passed_on_as_a_reset(relay_lab, relay_reset, first):
    client, backend = relay_lab.pair()
    lost, other = (client, backend) if first == "client" else (backend, client)
    lost.sendall(b"x")
    assert other.recv(1) == b"x"
    relay_reset(lost)
    with pytest.raises(ConnectionResetError):
        other.recv(1)
    assert relay_lab.drained()
    assert relay_lab.counters.service(relay_lab.service).total().resets == 1


@pytest.mark.parametrize("first", ["client", "backend"])
def test_every_byte_before_a_reset_arrives_before_it(relay_lab, relay_reset, first):
    client, backend = relay_lab.pair()
    lost, other = (client, backend) if first == "client" else (backend, client)
    lost.sendall(bytes(1_000_000))
    received = len(other.recv(1000))
    wait_until_acknowledged(relay_lab, lost)
    relay_reset(lost)
    relay_lab.settle()
    assert received + receive_until_reset(other) == 1_000_000
    assert relay_lab.drained()


def wait_until_acknowledged(lab, sock):
    """Until all that was sent is with the relay; the reactor works meanwhile."""
    from proxy.tcpsocket import unacknowledged_bytes

    lab.wait(lambda: unacknowledged_bytes(sock) == 0)


def test_a_backend_that_closes_on_unread_bytes_loses_none_of_its_response(relay_lab):
    client, backend = relay_lab.pair()
    client.sendall(b"a request that nobody reads")
    relay_lab.settle()
    backend.sendall(b"response" * 10_000)
    backend.close()  # the kernel sends a reset, for the unread request
    assert receive_until_reset(client) == 80_000


def test_a_reset_after_the_half_close_is_passed_on(relay_lab, relay_reset):
    client, backend = relay_lab.pair()
    client.shutdown(socket.SHUT_WR)
    assert backend.recv(1) == b""
    relay_reset(client)
    assert relay_lab.drained()
    with pytest.raises(BrokenPipeError):  # what a reset after a FIN is to the one who sends
        backend.send(b"too late")


def stuff(lab, sock):
    """Send until neither the relay nor the kernels take more."""
    sock.settimeout(0)
    refused = 0
    while refused < 10:
        try:
            sock.send(bytes(1 << 20))
            refused = 0
        except BlockingIOError:
            refused += 1
            lab.settle()


def test_a_reset_is_noticed_while_reading_is_paused(relay_lab, relay_reset):
    client, backend = relay_lab.pair()
    stuff(relay_lab, client)
    relay_reset(client)
    assert receive_until_reset(backend) > 1_000_000
    assert relay_lab.drained()


def test_a_reset_towards_a_side_that_takes_nothing_waits_no_longer_than_the_bound(relay_lab, relay_reset):
    client, backend = relay_lab.pair(half_close_seconds=0.3)
    stuff(relay_lab, client)
    relay_reset(client)
    assert relay_lab.drained()
    assert receive_until_reset(backend) > 0


def test_both_sides_reset_at_once(relay_lab, relay_reset):
    client, backend = relay_lab.pair()
    client.sendall(b"x")
    assert backend.recv(1) == b"x"
    relay_reset(client)
    relay_reset(backend)
    assert relay_lab.drained()
