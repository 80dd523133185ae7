"""Pure: one resource record of its master file text (RFC 1035 section 5.1), as `template` writes them."""

import ipaddress
import re
import struct

from .constants import CLASSES, TYPES
from .model import Labels, Record, RecordData, RecordType, Soa, Srv
from .names import from_text

DEFAULT_TTL = 3600  # seconds, Go dns `NewRR`
_MAX_TTL = 0x7FFFFFFF
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"()]+)')
_DURATION = re.compile(r"(?:\d+[smhdw]?)+", re.IGNORECASE)
_PART = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_STRING = 255


class RecordError(ValueError):
    """Not a resource record."""


def parse_record(text: str) -> Record:
    """`NAME [TTL] [CLASS] TYPE DATA`, all on one line; parentheses mean nothing. Raises `RecordError`."""
    words = [quoted if bare == "" else bare for quoted, bare in _TOKEN.findall(text)]
    try:
        owner, *rest = words
        ttl, rest = _ttl_and_class(rest)
        rtype, *data = rest
        return Record(from_text(owner), TYPES[rtype.upper()], ttl, _data(TYPES[rtype.upper()], data))
    except (KeyError, ValueError, struct.error) as error:
        raise RecordError(f"not a resource record: {text!r}") from error


def _ttl_and_class(words: list[str]) -> tuple[int, list[str]]:
    """Both may be missing, and come in either order."""
    ttl = DEFAULT_TTL
    while words and words[0].upper() not in TYPES:
        if words[0].upper() not in CLASSES:
            ttl = _seconds(words[0])
        words = words[1:]
    return ttl, words


def _seconds(text: str) -> int:
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    total = sum(int(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(text))
    if total > _MAX_TTL:
        raise ValueError(text)
    return total


def _data(rtype: int, words: list[str]) -> RecordData:
    match rtype:
        case RecordType.A:
            (address,) = words
            return str(ipaddress.IPv4Address(address))
        case RecordType.AAAA:
            (address,) = words
            return str(ipaddress.IPv6Address(address))
        case RecordType.CNAME | RecordType.NS | RecordType.PTR:
            (name,) = words
            return from_text(name)
        case RecordType.MX:
            preference, name = words
            return struct.pack("!H", int(preference)) + uncompressed(from_text(name))
        case RecordType.SRV:
            priority, weight, port, name = words
            return Srv(*_shorts(priority, weight, port), from_text(name))
        case RecordType.SOA:
            mname, rname, serial, *times = words
            refresh, retry, expire, minimum = map(_seconds, times)
            return Soa(from_text(mname), from_text(rname), int(serial) & 0xFFFFFFFF, refresh, retry, expire, minimum)
        case RecordType.TXT | RecordType.HINFO:
            return _strings(words)
        case _:
            return _unknown(words)


def _shorts(*words: str) -> tuple[int, int, int]:
    first, second, third = struct.unpack("!HHH", struct.pack("!HHH", *map(int, words)))
    return first, second, third


def _strings(words: list[str]) -> tuple[str, ...]:
    if not words or any(len(word.encode()) > _MAX_STRING for word in words):
        raise ValueError("no character strings")
    return tuple(words)


def _unknown(words: list[str]) -> bytes:
    r"""The data of any type as RFC 3597 writes it: `\# LENGTH HEX`."""
    mark, length, *digits = words
    data = bytes.fromhex("".join(digits))
    if mark != r"\#" or len(data) != int(length):
        raise ValueError("no data of an unknown type")
    return data


def uncompressed(name: Labels) -> bytes:
    """The name as it stands on the wire."""
    return b"".join([bytes((len(label),)) + label for label in name]) + b"\0"


def from_wire(data: bytes) -> Labels:
    """The name that `uncompressed` made the octets of."""
    labels = []
    while data[0]:
        labels.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return tuple(labels)
