"""Pure: what the program asks its privileged helper, and what the helper answers."""

import msgspec

from proxy.model import FrontendKey
from proxy.sockets import OpenFailure

from .sourcefilter import Instruction

# A packet stays far below the smallest usual socket buffer, and one datagram carries at most 253 descriptors
# (SCM_MAX_FD in the kernel's include/net/scm.h).
MAX_ADDRESSES = 500
MAX_KEYS = 250
MAX_DESCRIPTORS = 253
MAX_PACKET = 1 << 17  # bytes


class Announce(msgspec.Struct, frozen=True, tag=True):
    """Answer for whole ranges; see `AddressBook.announce`. Answered by `Refusals`, by range."""

    ranges: tuple[str, ...]
    sources: tuple[str, ...]
    force: bool


class Claim(msgspec.Struct, frozen=True, tag=True):
    """Make addresses bindable. Answered by `Refusals`, by address."""

    addresses: tuple[str, ...]


class Release(msgspec.Struct, frozen=True, tag=True):
    """Take addresses back. Answered by `Refusals` without any."""

    addresses: tuple[str, ...]


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open a socket for each key. Answered by `Opened`, after the descriptors of those that could be."""

    keys: tuple[FrontendKey, ...]


class Filter(msgspec.Struct, frozen=True, tag=True):
    """Put a packet filter on the one socket that comes along, or take it off. Answered by `Filtered`."""

    program: tuple[Instruction, ...] | None


Request = Announce | Claim | Release | Open | Filter


class Refusals(msgspec.Struct, frozen=True, tag=True):
    """The sentence for each range or address that could not be had."""

    sentences: dict[str, str]


class Opened(msgspec.Struct, frozen=True, tag=True):
    """For each key `None`, its descriptor being the next of those that came before, or why there is none."""

    failures: tuple[OpenFailure | None, ...]


class Filtered(msgspec.Struct, frozen=True, tag=True):
    """0, or the errno."""

    code: int


Reply = Refusals | Opened | Filtered


class NumberedRequest(msgspec.Struct, frozen=True, array_like=True):
    """A request with the number that its answer bears, so that an answer nobody waits for any more is known."""

    number: int
    request: Request


class NumberedReply(msgspec.Struct, frozen=True, array_like=True):
    """An answer with its request's number."""

    number: int
    reply: Reply


_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(NumberedRequest)
_reply_decoder = msgspec.msgpack.Decoder(NumberedReply)


def encode(message: NumberedRequest | NumberedReply) -> bytes:
    """The packet of a message."""
    return _encoder.encode(message)


def decode_request(packet: bytes) -> NumberedRequest:
    """The message of a packet; `msgspec.DecodeError` for one that we did not write."""
    return _request_decoder.decode(packet)


def decode_reply(packet: bytes) -> NumberedReply:
    """The message of a packet; `msgspec.DecodeError` for one that we did not write."""
    return _reply_decoder.decode(packet)
