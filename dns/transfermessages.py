"""Pure: a whole zone as messages for a TCP connection (RFC 5936 section 2.2)."""

from collections.abc import Iterator

import msgspec

from .model import Query, Reply
from .packet import MAX_MESSAGE, render

RECORDS_PER_MESSAGE = 100  # packed in about a millisecond: everybody else has a turn between two messages


def transfer_messages(query: Query, reply: Reply) -> Iterator[bytes]:
    """The reply's records, in order, each message packed when it is asked for."""
    for start in range(0, max(len(reply.answer), 1), RECORDS_PER_MESSAGE):
        part = reply.answer[start : start + RECORDS_PER_MESSAGE]
        yield render(query, msgspec.structs.replace(reply, answer=part), MAX_MESSAGE)
