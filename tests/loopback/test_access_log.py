"""The access log: a line a connection, or one in so many, when it is over; off, there is none."""

import logging
import socket

import pytest


def lines(caplog) -> list[dict]:
    return [each.kv for each in caplog.records if each.name == "proxy.accesslog" and each.levelno == logging.INFO]


@pytest.fixture(autouse=True)
def _all_is_logged(caplog):
    caplog.set_level(logging.INFO)


def talk(relay_lab, listener) -> str:
    client = relay_lab.client(listener)
    client.sendall(b"hello")
    assert client.recv(5) == b"hello"
    name = "{}:{}".format(*client.getsockname())
    client.close()
    return name


def test_a_connection_is_told_when_it_is_over(relay_lab, caplog):
    echo = relay_lab.echo()
    listener = relay_lab.serve(echo, access_log_every=1)
    client = talk(relay_lab, listener)
    assert relay_lab.drained()
    (line,) = lines(caplog)
    assert 0 <= line.pop("seconds") < 10
    assert line == {
        "client": client,
        "frontend": str(listener.frontend.key),
        "service": "default/web:http",
        "endpoint": str(echo),
        "outcome": "closed",
        "bytes_in": 5,
        "bytes_out": 5,
    }


def test_its_bytes_count_for_the_endpoint_as_well(relay_lab, caplog):
    echo = relay_lab.echo()
    talk(relay_lab, relay_lab.serve(echo, access_log_every=1))
    assert relay_lab.drained()
    counted = relay_lab.counters.service(relay_lab.service).endpoint(echo)
    assert (counted.from_clients.bytes, counted.to_clients.bytes) == (5, 5)


def test_a_reset_and_a_client_whom_nobody_took_are_told_as_such(relay_lab, relay_reset, caplog):
    backend = relay_lab.listening()
    client = relay_lab.client(relay_lab.serve(relay_lab.endpoint(backend), access_log_every=1))
    client.sendall(b"x")
    assert relay_lab.accept(backend).recv(1) == b"x"
    relay_reset(client)
    assert relay_lab.drained()
    closed = relay_lab.serve(relay_lab.closed_port(), access_log_every=1)
    with pytest.raises(ConnectionResetError):
        relay_lab.client(closed).recv(1)
    relay_lab.settle()
    assert [each["outcome"] for each in lines(caplog)] == ["reset", "dials failed"]


def test_one_in_so_many_is_told(relay_lab, caplog):
    listener = relay_lab.serve(relay_lab.echo(), access_log_every=4)
    for _ in range(8):
        talk(relay_lab, listener)
    assert relay_lab.drained()
    assert len(lines(caplog)) == 2


def test_without_being_asked_for_there_is_none(relay_lab, caplog):
    talk(relay_lab, relay_lab.serve(relay_lab.echo()))
    assert relay_lab.drained()
    assert lines(caplog) == []


def test_a_flow_is_told_too_with_why_it_is_over(relay_lab, caplog):
    echo = relay_lab.owned(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    echo.bind(("127.0.0.1", 0))
    listener = relay_lab.serve_udp(relay_lab.endpoint(echo), access_log_every=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", listener.frontend.key.port))
        name = "{}:{}".format(*client.getsockname())
        for _ in range(2):
            client.send(b"hello")
            echo.sendto(b"hi", echo.recvfrom(10)[1])
            assert client.recv(10) == b"hi"
    relay_lab.call(listener.close)
    (line,) = lines(caplog)
    assert (line["client"], line["endpoint"]) == (name, str(relay_lab.endpoint(echo)))
    assert (line["outcome"], line["bytes_in"], line["bytes_out"]) == ("closed", 10, 4)
    counted = relay_lab.counters.service(relay_lab.service).endpoint(relay_lab.endpoint(echo))
    assert (counted.open, counted.opened, counted.from_clients.bytes, counted.to_clients.bytes) == (0, 1, 10, 4)
