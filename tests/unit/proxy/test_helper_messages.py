import errno

import msgspec
import pytest

from proxy.addresses.messages import (
    MAX_ADDRESSES,
    MAX_KEYS,
    MAX_PACKET,
    Announce,
    Claim,
    Filter,
    Filtered,
    NumberedReply,
    NumberedRequest,
    Open,
    Opened,
    Refusals,
    Release,
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode,
)
from proxy.addresses.sourcefilter import DROP_ALL
from proxy.model import FrontendKey, Protocol
from proxy.sockets import OpenFailure

KEY = FrontendKey("fd00::1", 443, Protocol.UDP)
LONGEST_KEY = FrontendKey("2001:db8:1111:2222:3333:4444:5555:6666", 65535, Protocol.SCTP)


@pytest.mark.parametrize(
    "request_",
    [
        Announce(("10.96.0.0/12",), ("192.0.2.1",), force=True),
        Claim(("10.96.0.1",)),
        Release(("10.96.0.1",)),
        Open((KEY,)),
        Filter(DROP_ALL),
        Filter(None),
    ],
)
def test_every_request_arrives_as_it_was_sent(request_: Request) -> None:
    assert decode_request(encode(NumberedRequest(7, request_))) == NumberedRequest(7, request_)


@pytest.mark.parametrize(
    "reply", [Refusals({"10.96.0.1": "no"}), Opened((None, OpenFailure(errno.EACCES, "no"))), Filtered(errno.EPERM)]
)
def test_every_reply_arrives_as_it_was_sent(reply: Reply) -> None:
    assert decode_reply(encode(NumberedReply(7, reply))) == NumberedReply(7, reply)


@pytest.mark.parametrize(
    "message",
    [
        NumberedRequest(1, Claim((LONGEST_KEY.address,) * MAX_ADDRESSES)),
        NumberedRequest(1, Open((LONGEST_KEY,) * MAX_KEYS)),
        NumberedReply(1, Refusals({f"{LONGEST_KEY.address}{n}": "x" * 180 for n in range(MAX_ADDRESSES)})),
        NumberedReply(1, Opened((OpenFailure(errno.EACCES, "x" * 180),) * MAX_KEYS)),
    ],
    ids=lambda message: type(message[1] if isinstance(message, tuple) else message).__name__,
)
def test_the_longest_messages_fit_into_a_packet(message: NumberedRequest | NumberedReply) -> None:
    assert len(encode(message)) < MAX_PACKET


def test_what_we_did_not_write_is_no_message() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_request(b"\xc1")
