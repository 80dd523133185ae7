"""DNS packets that nobody should send, by chance: good ones, and what is left of them after a few changes."""

import struct
from random import Random

HEADER = struct.Struct("!HHHHHH")
NAMES = [
    b"\3web\4shop\3svc\7cluster\5local\0",
    b"\4hTTp\4_tcp\3WEB\4shop\3svc\7cluster\5local\0",
    b"\2db\4data\3svc\7cluster\5local\0",
    b"\7outside\4shop\3svc\7cluster\5local\0",
    b"\7cluster\5local\0",
    b"\0011\0011\00296\00210\7in-addr\4arpa\0",
    b"\3www\10upstream\7example\0",
    b"\4a.bc\1\0\1\xff\3svc\7cluster\5local\0",
    b"\4ip-7\2ip\4test\0",
    b"\3old\4test\0",
    b"\7version\4bind\0",
    b"\11localhost\0",
    b"\0",
    b"\77" + b"x" * 63 + b"\7cluster\5local\0",
    b"".join(b"\1a" for _ in range(127)) + b"\0",
]
TYPES = [0, 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 41, 64, 65, 250, 251, 252, 255, 256, 65280]
OPTIONS = [b"", b"\0\3\0\0", b"\0\12\0\10abcdefgh", b"\0\10\0\7\0\1\30\0\12\0\0", b"\0\13\0\2\0\1", b"\0\17\0\2\0\0"]
SOA = b"\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" + bytes(range(20))
NASTY = [
    b"",
    b"\0" * 12,
    b"\xff" * 12,
    b"\0" * 512,
    b"\xff" * 512,
    HEADER.pack(7, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
    HEADER.pack(7, 0x0100, 1, 0, 0, 0) + b"\x3f" * 400,
    HEADER.pack(7, 0x0100, 9000, 0, 0, 0) + b"\0\0\1\0\1" * 80,
    HEADER.pack(7, 0x0100, 1, 0, 0, 60000) + b"\0\0\1\0\1" + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\0" * 30,
    HEADER.pack(7, 0x0100, 1, 0, 0, 1)
    + b"\0\0\1\0\1"
    + b"".join(struct.pack("!H", 0xC000 | n) for n in range(12, 400)),
]


def query(rng: Random) -> bytes:
    """A query that makes sense, or nearly."""
    edns = rng.random() < 0.6
    authority = rng.random() < 0.1
    bits = rng.choice([0x0100, 0x0100, 0, 0x0110, 0x2000, rng.getrandbits(15)])
    qclass = rng.choice([1, 1, 1, 1, 3, 255, 0])
    packet = HEADER.pack(rng.getrandbits(16), bits, 1, 0, int(authority), int(edns)) + rng.choice(NAMES)
    packet += struct.pack("!HH", rng.choice(TYPES), qclass)
    packet += SOA if authority else b""
    if edns:
        data = b"".join(rng.choice(OPTIONS) for _ in range(rng.randrange(3)))
        size, version = rng.choice([0, 511, 512, 1232, 4096, 65535]), rng.choice([0, 0, 0, 0, 1])
        packet += (
            b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, rng.choice([0, 0x8000, 0xFFFF]), len(data)) + data
        )
    return packet


def mutated(rng: Random, packet: bytes) -> bytes:
    """The packet after up to four changes."""
    data = bytearray(packet)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        where = rng.randrange(len(data) + 1)
        match rng.randrange(7):
            case 0 if data:
                data[where % len(data)] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[where % len(data)] = rng.choice([0, 1, 0x3F, 0x40, 0xC0, 0xFF])
            case 2:
                del data[where:]
            case 3:
                data[where:where] = rng.randbytes(rng.choice([1, 2, 11, 100]))
            case 4:
                data[where:where] = data[: rng.randrange(40)]
            case 5 if len(data) >= HEADER.size:
                struct.pack_into("!H", data, rng.choice([4, 6, 8, 10]), rng.choice([0, 1, 2, 3, 65535]))
            case _:
                data[where:] = rng.choice(NASTY)[where:]
    return bytes(data)
