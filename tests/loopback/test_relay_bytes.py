"""All bytes arrive, in order and once, with bounded memory and without delay."""

import contextlib
import hashlib
import select
import socket
import statistics
import threading
import time

BLOCK = bytes(range(256)) * 4096  # 1 MiB
BUFFER_BYTES = 512 * 1024


def digest_of(sock, size):
    """The digest of that many bytes."""
    digest, buffer = hashlib.sha256(), bytearray(1 << 20)
    while size and (received := sock.recv_into(buffer, min(size, len(buffer)))):
        digest.update(memoryview(buffer)[:received])
        size -= received
    assert not size
    return digest.digest()


def send_blocks(sock, number):
    for _ in range(number):
        sock.sendall(BLOCK)


def blocks_digest(number):
    digest = hashlib.sha256()
    for _ in range(number):
        digest.update(BLOCK)
    return digest.digest()


@contextlib.contextmanager
def in_background(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_bulk_both_ways_at_once_is_unchanged(relay_lab):
    client, backend = relay_lab.pair()
    with in_background(send_blocks, client, 64), in_background(send_blocks, backend, 64):
        results = []
        with in_background(lambda: results.append(digest_of(backend, 64 << 20))):
            results.append(digest_of(client, 64 << 20))
    assert results == [blocks_digest(64)] * 2


def test_single_bytes_are_unchanged(relay_lab):
    client, backend = relay_lab.pair()
    sent = bytes(number % 251 for number in range(3000))

    def slice_up():
        for number in sent:
            client.sendall(bytes([number]))
        client.close()

    received = bytearray()
    with in_background(slice_up):
        while chunk := backend.recv(4096):
            received += chunk
    assert received == sent


def test_counters_know_the_bytes_of_each_direction(relay_lab):
    client, backend = relay_lab.pair()
    client.sendall(b"12345")
    assert backend.recv(10) == b"12345"
    backend.sendall(b"123")
    assert client.recv(10) == b"123"
    total = relay_lab.counters.service(relay_lab.service).total()
    assert (total.from_clients.bytes, total.to_clients.bytes) == (5, 3)


def test_urgent_bytes_arrive_in_line(relay_lab):
    client, backend = relay_lab.pair()
    client.sendall(b"before")
    client.send(b"!", socket.MSG_OOB)
    client.sendall(b"after")
    client.close()
    received = b""
    while chunk := backend.recv(100):
        received += chunk
    assert received == b"before!after"


def test_early_bytes_wait_in_order_until_the_endpoint_takes_the_connection(relay_lab):
    backend = relay_lab.black_hole()
    client = relay_lab.client(relay_lab.serve(relay_lab.endpoint(backend), dial_timeouts=(10.0,)))
    with in_background(client.sendall, BLOCK):
        relay_lab.settle()
        relay_lab.accept(backend)  # now there is room in the queue, when the kernel tries again
        assert digest_of(relay_lab.accept(backend), len(BLOCK)) == blocks_digest(1)


def test_a_client_that_sends_all_and_half_closes_early_is_served(relay_lab):
    backend = relay_lab.black_hole()
    client = relay_lab.client(relay_lab.serve(relay_lab.endpoint(backend), dial_timeouts=(10.0,)))
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    relay_lab.settle()
    relay_lab.accept(backend)
    connection = relay_lab.accept(backend)
    assert digest_of(connection, 8) == hashlib.sha256(b"question").digest()
    assert connection.recv(1) == b""
    connection.sendall(b"answer")
    assert client.recv(10) == b"answer"


def test_options_are_set_on_both_sockets(relay_lab):
    relay_lab.pair()
    (relay,) = relay_lab.call(lambda: list(relay_lab.reactor.connections))
    relay_lab.call(relay.on_timer)  # before, a connection is too young to be watched for a peer that vanished
    for side in (relay._client, relay._upstream):
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
        assert [side.sock.getsockopt(*option) for option in options] == [1, 1]
        assert side.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
        assert side.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 9


def round_trips(sock, rounds):
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        sock.sendall(b"x")
        sock.recv(1)
        times.append(time.perf_counter() - started)
    return times


def test_the_relay_adds_no_delay_to_a_ping_pong(relay_lab, relay_process):
    endpoint = relay_lab.echo()
    direct = relay_lab.connect(endpoint.port)
    relayed = relay_lab.connect(relay_process(endpoint.port).port)
    added = statistics.median(round_trips(relayed, 200)) - statistics.median(round_trips(direct, 200))
    assert added < 0.003  # ten times what is promised


def offer(sock, total):
    """Send until the other end has stalled, in blocks; returns what is left to send."""
    sock.settimeout(0)
    left = total
    while left and select.select([], [sock], [], 0.3)[1]:
        left -= sock.send(BLOCK[(total - left) % len(BLOCK) :][:left])
    sock.settimeout(None)
    return left


def test_a_slow_reader_costs_bounded_memory_and_loses_nothing(relay_lab, relay_process):
    listening = relay_lab.listening()
    relay = relay_process(listening.getsockname()[1])
    client = relay_lab.connect(relay.port)
    backend = relay_lab.accept(listening)
    before = relay.resident_bytes()
    left = offer(backend, 250 << 20)
    assert left > 100 << 20  # or it was no slow reader
    assert relay.resident_bytes() - before < 1 << 20

    def send_the_rest():
        backend.sendall(BLOCK[len(BLOCK) - left % len(BLOCK) :])
        send_blocks(backend, left // len(BLOCK))

    with in_background(send_the_rest):
        assert digest_of(client, 250 << 20) == blocks_digest(250)


SLOW_READERS = 1000


def test_a_thousand_slow_readers_cost_bounded_memory_and_no_other_connection_waits(relay_lab, relay_process):
    listening = relay_lab.listening(backlog=SLOW_READERS)
    echo = relay_lab.echo()
    # Without the small buffer the kernel would keep megabytes for each.
    relay = relay_process(listening.getsockname()[1], send_buffer=16 * 1024)
    beside = relay_lab.connect(relay_process(echo.port).port)
    before = relay.resident_bytes()
    clients, backends = [], []
    for _ in range(SLOW_READERS):
        clients.append(relay_lab.connect(relay.port, SO_RCVBUF=4096))
        backends.append(relay_lab.accept(listening))
        backends[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        backends[-1].settimeout(0)
    offer_until_all_have_stalled(backends, relay)
    assert relay.ask("stats")["connections"] == SLOW_READERS
    assert relay.resident_bytes() - before < SLOW_READERS * (BUFFER_BYTES + 16 * 1024)
    times = sorted(round_trips(beside, 100))
    assert times[98] < 0.5  # ten times what is promised


def offer_until_all_have_stalled(backends, relay):
    """At most 1 MiB each, which all kernels' buffers on the way together do not take."""
    offered = dict.fromkeys(backends, 0)
    idle_rounds = 0
    while idle_rounds < 3:
        relay.ask("stats")  # it has worked since
        sent = [offer_at_once(backend, offered) for backend in backends]
        idle_rounds = 0 if any(sent) else idle_rounds + 1
    assert max(offered.values()) < len(BLOCK)


def offer_at_once(backend, offered):
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while offered[backend] + sent < len(BLOCK):
            sent += backend.send(BLOCK[offered[backend] + sent :])
    offered[backend] += sent
    return sent


STREAMS = 8


def test_bulk_stands_in_line_once_for_each_direction(relay_lab, relay_process):
    listening = relay_lab.listening()
    relay = relay_process(listening.getsockname()[1])
    is_over, lengths = threading.Event(), []

    def look():
        lengths.append(relay.ask("stats")["waiting_slices"])
        return len(lengths) >= 20 and max(lengths) > 0

    with contextlib.ExitStack() as stack:
        for _ in range(STREAMS):
            client = relay_lab.connect(relay.port)
            stack.enter_context(in_background(send_until, relay_lab.accept(listening), is_over))
            stack.enter_context(in_background(drop_all, client))
        stack.callback(is_over.set)
        relay_lab.wait(look)
    assert max(lengths) <= 2 * STREAMS


def send_until(sock, is_over):
    while not is_over.is_set():
        sock.sendall(BLOCK)
    sock.shutdown(socket.SHUT_WR)


def drop_all(sock):
    buffer = bytearray(1 << 20)
    while sock.recv_into(buffer):
        pass
