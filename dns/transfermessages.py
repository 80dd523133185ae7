"""Pure: a whole zone as messages for a TCP connection (RFC 5936 section 2.2)."""

from collections.abc import Iterator
from itertools import islice

from .model import Query, Record, Reply
from .packet import MAX_MESSAGE, render

RECORDS_PER_MESSAGE = 100  # packed in about a millisecond: everybody else has a turn between two messages


def transfer_messages(query: Query, records: Iterator[Record]) -> Iterator[bytes]:
    """The records, in order; each message is made when it is asked for."""
    while part := tuple(islice(records, RECORDS_PER_MESSAGE)):
        yield render(query, Reply(answer=part), MAX_MESSAGE)
