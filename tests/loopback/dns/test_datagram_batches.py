"""Many datagrams a system call: each answer goes to whoever asked, in whatever mixture they come and are answered."""

import errno
import select
import socket

import pytest

from dns.datagrams import BATCH, MAX_ANSWER, MAX_DATAGRAM, DatagramSocket
from tests.loopback.dns.conftest import HANG_SECONDS


@pytest.fixture(params=["127.0.53.9", "::1"])
def batches(request):
    """A socket read in batches, and a function that makes clients of it."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    opened = []

    def client():
        sock = socket.socket(family, socket.SOCK_DGRAM)
        opened.append(sock)
        sock.bind((request.param, 0))
        sock.settimeout(HANG_SECONDS)
        sock.connect(served.getsockname()[:2])
        return sock

    with socket.socket(family, socket.SOCK_DGRAM) as served:
        served.bind((request.param, 0))
        served.settimeout(0)
        yield DatagramSocket(served), client
        for each in opened:
            each.close()


def receive(batches):
    select.select([batches.sock], [], [], HANG_SECONDS)
    return batches.receive()


def test_answers_go_to_those_who_asked_whichever_are_answered(batches):
    served, client = batches
    clients = [client() for _ in range(6)]
    for number, each in enumerate(clients):
        each.send(b"%d" % number * (number + 1))
    packets = receive(served)
    assert packets == [b"%d" % number * (number + 1) for number in range(6)]
    assert [served.client(place) for place in range(6)] == [each.getsockname()[:2] for each in clients]
    for places in ([1, 3, 4], [0], [2, 5]):
        served.answer(places, [b"answer " + packets[place] for place in places], frozenset())
    assert [each.recv(100) for each in clients] == [b"answer " + packet for packet in packets]


def test_a_full_batch_of_the_longest_answers_is_sent_and_the_rest_waits_its_turn(batches):
    served, client = batches
    clients = [client() for _ in range(BATCH + 1)]
    for number, each in enumerate(clients):
        each.send(b"%d" % number)
    assert len(receive(served)) == BATCH
    answers = [bytes([number]) * (MAX_ANSWER - number) for number in range(BATCH)]
    served.answer(range(BATCH), answers, frozenset())
    assert [each.recv(2 * MAX_ANSWER) for each in clients[:BATCH]] == answers
    assert receive(served) == [b"%d" % BATCH]


def test_more_than_a_query_may_have_is_not_read(batches):
    served, client = batches
    client().send(bytes(MAX_DATAGRAM + 1))
    assert receive(served) == [bytes(MAX_DATAGRAM)]
    with pytest.raises(BlockingIOError):
        served.receive()


def test_an_answer_that_cannot_be_sent_keeps_back_no_other(batches):
    served, client = batches
    clients = [client() for _ in range(2)]
    for each in clients:
        each.send(b"asked")
    assert len(receive(served)) == 2
    nowhere = 7  # nothing came in this place: its address is empty
    served.answer([0, nowhere, 1], [b"0", b"none", b"1"], frozenset({errno.EINVAL, errno.EDESTADDRREQ}))
    assert [each.recv(100) for each in clients] == [b"0", b"1"]
    with pytest.raises(OSError, match=r"Invalid argument|Destination address required"):
        served.answer([nowhere], [b"none"], frozenset())
