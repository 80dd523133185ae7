import ipaddress

import pytest

from proxy.addresses.sourcefilter import (
    AND,
    DROP_ALL,
    JUMP_IF_EQUAL,
    KEEP_WHOLE,
    LOAD_WORD,
    NETWORK_HEADER,
    RETURN,
    Program,
    allow_only,
)


def run(program: Program, packet: bytes) -> int:
    """What the kernel's interpreter would return, for the four instructions that our programs are made of."""
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, k = program[position]
        position += 1
        if code == LOAD_WORD:
            offset = k - NETWORK_HEADER
            accumulator = int.from_bytes(packet[offset : offset + 4], "big")
        elif code == AND:
            accumulator &= k
        elif code == JUMP_IF_EQUAL:
            position += if_true if accumulator == k else if_false
        else:
            assert code == RETURN
            return k


def packet_from(source: str) -> bytes:
    address = ipaddress.ip_address(source)
    before = 12 if address.version == 4 else 8
    return b"\xaa" * before + address.packed + b"\xbb" * 20


@pytest.mark.parametrize(
    ("ranges", "source", "is_kept"),
    [
        pytest.param(["10.0.0.0/8"], "10.255.0.1", True, id="inside"),
        pytest.param(["10.0.0.0/8"], "11.0.0.1", False, id="outside"),
        pytest.param(["10.0.0.0/8", "192.0.2.7/32"], "192.0.2.7", True, id="the second of two"),
        pytest.param(["10.0.0.0/8", "192.0.2.7/32"], "192.0.2.8", False, id="none of two"),
        pytest.param(["0.0.0.0/0"], "203.0.113.9", True, id="everybody"),
        pytest.param([], "203.0.113.9", False, id="nobody"),
        pytest.param(["192.0.2.128/25"], "192.0.2.127", False, id="just below"),
        pytest.param(["192.0.2.128/25"], "192.0.2.128", True, id="the first"),
        pytest.param(["10.1.2.3/8"], "10.9.9.9", True, id="host bits set"),
        pytest.param(["2001:db8::/32"], "2001:db8:1::5", True, id="IPv6 inside, one word"),
        pytest.param(["2001:db8::/32"], "2001:db9::5", False, id="IPv6 outside"),
        pytest.param(["2001:db8::/33"], "2001:db8:8000::1", False, id="IPv6, second word in part"),
        pytest.param(["2001:db8::/33"], "2001:db8:7fff::1", True, id="IPv6 inside, second word in part"),
        pytest.param(["2001:db8::7/128"], "2001:db8::7", True, id="IPv6, all four words"),
        pytest.param(["2001:db8::7/128"], "2001:db8::8", False, id="IPv6, the last word differs"),
        pytest.param(["2001:db8::7/128", "fd00::/8"], "fd12::1", True, id="IPv6, the second of two"),
        pytest.param(["::/0"], "2001:db8::8", True, id="IPv6 everybody"),
    ],
)
def test_only_packets_from_the_ranges_are_kept(ranges: list[str], source: str, is_kept: bool) -> None:
    program = allow_only(ranges, is_ipv6=":" in source)
    assert run(program, packet_from(source)) == (KEEP_WHOLE if is_kept else 0)


def test_dropping_all_keeps_no_packet() -> None:
    assert run(DROP_ALL, packet_from("192.0.2.1")) == 0


def test_neighbouring_and_nested_ranges_cost_one_comparison() -> None:
    assert allow_only(["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16"], is_ipv6=False) == allow_only(
        ["10.0.0.0/8"], is_ipv6=False
    )


def test_more_ranges_than_the_kernel_takes_are_refused() -> None:
    every_other = [f"10.{number // 100}.{number % 100 * 2}.0/24" for number in range(1100)]
    with pytest.raises(ValueError, match="1100 source ranges"):
        allow_only(every_other, is_ipv6=False)
