"""Pure: what the DNS servers are asked, as lines for dnsperf."""

import struct
from random import Random

from .manifests import HEADLESS, name

FORWARDED_ZONE = "example.org."
_ZONE = "default.svc.cluster.local"
SERVICES = 1000
_MANY = 100_000  # lines of random ones: more than are asked in a round


def packet(qname: str) -> bytes:
    """A query for the name's A records."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in qname.rstrip(".").split("."))
    return struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def vip() -> str:
    """One Service's name."""
    return f"{name(7)}.{_ZONE} A\n"


def headless() -> str:
    """A headless Service's name."""
    return f"{HEADLESS}.{_ZONE} A\n"


def nxdomain() -> str:
    """A name that is not there."""
    return f"no-such-service.{_ZONE} A\n"


def searched() -> str:
    """What a pod asks for `service.default` with its search path: two names, A and AAAA each."""
    return "".join(
        f"{name(number)}.default.{suffix} {rtype}\n"
        for number in range(SERVICES)
        for suffix in (_ZONE, "svc.cluster.local")
        for rtype in ("A", "AAAA")
    )


def forwarded(rng: Random) -> str:
    """Names of the world outside that nobody asked before."""
    return "".join(f"{rng.getrandbits(60):x}.{FORWARDED_ZONE} A\n" for _ in range(_MANY))


def kept() -> str:
    """A hundred names of the world outside, which caches hold after a moment."""
    return "".join(f"host-{number}.{FORWARDED_ZONE} A\n" for number in range(100))


def shuffled(rng: Random) -> str:
    """All names in random order."""
    return "".join(f"{name(rng.randrange(SERVICES))}.{_ZONE} A\n" for _ in range(_MANY))


def mixed_case(rng: Random) -> str:
    """All names in random order, each letter in random case (draft-vixie-dnsext-dns0x20)."""
    return "".join(f"{_mixed(rng, f'{name(rng.randrange(SERVICES))}.{_ZONE}')} A\n" for _ in range(_MANY))


def _mixed(rng: Random, text: str) -> str:
    bits = rng.getrandbits(len(text))
    return "".join(each.upper() if bits >> place & 1 else each for place, each in enumerate(text))
