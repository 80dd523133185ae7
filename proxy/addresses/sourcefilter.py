"""Pure: classic BPF programs that decide by its source address which packet a socket sees.

A program is a tuple of instructions (linux/filter.h); returning 0 drops the packet, anything else is the number of
bytes that it may keep. Sockets that a listener accepts inherit its program, so that an allowed packet is kept whole.
"""

import ipaddress
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS: A = the big-endian word at k
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K: A &= k
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K: skip `if_true` or `if_false` instructions
RETURN = 0x06  # BPF_RET | BPF_K

NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: offsets above it count from the start of the IP header
KEEP_WHOLE = 0xFFFFFFFF
MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS

_IPV4_SOURCE = 12
_IPV6_SOURCE = 8
_WORD = 0xFFFFFFFF


class Instruction(NamedTuple):
    """One `struct sock_filter`."""

    code: int
    if_true: int
    if_false: int
    k: int


Program = tuple[Instruction, ...]

DROP_ALL: Program = (Instruction(RETURN, 0, 0, 0),)


def allow_only(ranges: Iterable[str], *, is_ipv6: bool) -> Program:
    """The program that keeps packets whose source is in one of `ranges` (CIDRs of one family), and drops the others.

    Ranges that lie in one another or side by side are merged. Raises `ValueError` when the kernel would refuse the
    program for its length, at about a thousand ranges.
    """
    blocks = [_block(network) for network in _merged(ranges, is_ipv6=is_ipv6)]
    program = (*chain.from_iterable(blocks), *DROP_ALL)
    if len(program) > MAX_INSTRUCTIONS:
        raise ValueError(f"{len(blocks)} source ranges make a packet filter too long for the kernel")
    return program


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _merged(ranges: Iterable[str], *, is_ipv6: bool) -> Iterable[_Network]:
    if is_ipv6:
        return ipaddress.collapse_addresses(ipaddress.IPv6Network(each, strict=False) for each in ranges)
    return ipaddress.collapse_addresses(ipaddress.IPv4Network(each, strict=False) for each in ranges)


def _block(network: _Network) -> list[Instruction]:
    """Instructions that return `KEEP_WHOLE` inside the network and fall through outside it."""
    comparisons = _comparisons(network)
    instructions: list[Instruction] = []
    remaining = sum(len(each) for each in comparisons)
    for comparison in comparisons:
        remaining -= len(comparison)
        *loads, jump = comparison
        instructions += [*loads, jump._replace(if_false=remaining + 1)]  # past the rest, and past the return
    return [*instructions, Instruction(RETURN, 0, 0, KEEP_WHOLE)]


def _comparisons(network: _Network) -> list[list[Instruction]]:
    """For each word that the mask touches: load it, mask it unless it is whole, compare it."""
    source = _IPV6_SOURCE if network.version == 6 else _IPV4_SOURCE
    words = network.max_prefixlen // 32
    comparisons = []
    for index in range(words):
        shift = 32 * (words - 1 - index)
        mask = int(network.netmask) >> shift & _WORD
        if mask:
            wanted = int(network.network_address) >> shift & _WORD
            load = [Instruction(LOAD_WORD, 0, 0, NETWORK_HEADER + source + 4 * index)]
            masked = [Instruction(AND, 0, 0, mask)] if mask != _WORD else []
            comparisons.append([*load, *masked, Instruction(JUMP_IF_EQUAL, 0, 0, wanted)])
    return comparisons
