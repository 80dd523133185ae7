import ipaddress
import socket
import struct

import pytest

from proxy.addresses.rtnetlink import (
    HEADER,
    DeviceAddress,
    Message,
    Route,
    decode_address,
    decode_route,
    deletion_of,
    error_of,
    messages,
    protocol_of,
    routes_query,
)

LOCAL, MULTIPATH, VIA = 2, 9, 18


def attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def v4(text: str) -> bytes:
    return socket.inet_aton(text)


def v6(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def address(family: int, length: int, *attributes: bytes) -> bytes:
    return struct.pack("=BBBBI", family, length, 0, 0, 7) + b"".join(attributes)


def route(family: int, length: int, *attributes: bytes, kind: int = 1, flags: int = 0) -> bytes:
    return struct.pack("=BBBBBBBBI", family, length, 0, 0, 254, 196, 0, kind, flags) + b"".join(attributes)


def test_a_datagram_is_taken_apart_at_four_byte_steps() -> None:
    datagram = b"".join(
        HEADER.pack(16 + len(body), 24, 0, sequence, 0) + body + bytes(-len(body) % 4)
        for sequence, body in enumerate((b"abcde", b"", b"xyz"), start=1)
    )
    assert list(messages(datagram)) == [Message(24, 1, b"abcde"), Message(24, 2, b""), Message(24, 3, b"xyz")]


def test_a_message_of_impossible_length_does_not_hang_the_reader() -> None:
    assert len(list(messages(HEADER.pack(0, 1, 0, 0, 0) * 2))) == 2


@pytest.mark.parametrize(("code", "errno"), [(0, 0), (-17, 17)])
def test_an_error_message_carries_the_errno_and_an_acknowledgement_none(code: int, errno: int) -> None:
    assert error_of(Message(2, 1, struct.pack("=i", code))) == errno


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            address(2, 24, attribute(1, v4("192.0.2.1")), attribute(LOCAL, v4("192.0.2.1"))),
            DeviceAddress("192.0.2.1", 24, 7),
            id="IPv4",
        ),
        pytest.param(
            address(2, 32, attribute(1, v4("192.0.2.9")), attribute(LOCAL, v4("192.0.2.1"))),
            DeviceAddress("192.0.2.1", 32, 7),
            id="point to point: not the peer",
        ),
        pytest.param(address(10, 64, attribute(1, v6("2001:db8::1"))), DeviceAddress("2001:db8::1", 64, 7), id="IPv6"),
        pytest.param(address(28, 8, attribute(1, b"\x01")), None, id="MPLS"),
    ],
)
def test_addresses_are_decoded(body: bytes, expected: DeviceAddress | None) -> None:
    assert decode_address(body) == expected


def hop(gateway: bytes) -> bytes:
    return struct.pack("=HBBI", 8 + len(gateway), 0, 0, 3) + gateway


@pytest.mark.parametrize(
    ("body", "destination", "device", "gateways"),
    [
        pytest.param(route(2, 0, attribute(5, v4("192.0.2.254"))), "0.0.0.0/0", 0, ("192.0.2.254",), id="default"),
        pytest.param(
            route(2, 12, attribute(1, v4("10.96.0.0")), attribute(4, struct.pack("=I", 5))),
            "10.96.0.0/12",
            5,
            (),
            id="on the link",
        ),
        pytest.param(
            route(2, 8, attribute(1, v4("10.0.0.0")), attribute(VIA, struct.pack("=H", 10) + v6("fe80::1"))),
            "10.0.0.0/8",
            0,
            ("fe80::1",),
            id="through the other family",
        ),
        pytest.param(
            route(2, 0, attribute(MULTIPATH, b"".join(hop(attribute(5, v4(f"192.0.2.{n}"))) for n in (1, 2)))),
            "0.0.0.0/0",
            0,
            ("192.0.2.1", "192.0.2.2"),
            id="several hops",
        ),
        pytest.param(route(10, 0, attribute(5, v6("fe80::1"))), "::/0", 0, ("fe80::1",), id="IPv6 default"),
    ],
)
def test_routes_are_decoded(body: bytes, destination: str, device: int, gateways: tuple[str, ...]) -> None:
    assert decode_route(body) == Route(ipaddress.ip_network(destination), 196, 1, device, gateways)
    assert protocol_of(body) == 196


def test_a_route_of_another_family_is_none() -> None:
    assert decode_route(route(28, 0)) is None


def test_a_route_is_deleted_by_what_it_is_and_not_by_its_state() -> None:
    attributes = attribute(1, v4("10.96.0.10"))
    assert deletion_of(route(2, 32, attributes, flags=16)) == route(2, 32, attributes)


def test_a_query_names_the_kind_and_protocol_only() -> None:
    assert routes_query(kind=1, protocol=196) == bytes([0, 0, 0, 0, 0, 196, 0, 1, 0, 0, 0, 0])
