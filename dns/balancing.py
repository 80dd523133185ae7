"""Pure: what the `loadbalance` plugin does to a reply (plugin/loadbalance/loadbalance.go)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from .model import Rcode, Record, RecordType, Reply

if TYPE_CHECKING:
    from random import Random  # chance is an argument

_ADDRESSES = frozenset({RecordType.A, RecordType.AAAA})


def shuffled(reply: Reply, rng: "Random", turn: int) -> Reply:
    """The reply with its A, AAAA and MX records in a random order, CNAMEs first, in each section of a good answer.

    Which of them comes first is not left to chance: over so many turns as there are addresses, each does once.
    """
    if reply.rcode is not Rcode.NOERROR:
        return reply
    return msgspec.structs.replace(
        reply,
        answer=_shuffled(reply.answer, rng, turn),
        authority=_shuffled(reply.authority, rng, turn),
        additional=_shuffled(reply.additional, rng, turn),
    )


def _shuffled(section: Sequence[Record], rng: "Random", turn: int) -> tuple[Record, ...]:
    if len(section) < 2:
        return tuple(section)
    names = [record for record in section if record.type == RecordType.CNAME]
    addresses = [record for record in section if record.type in _ADDRESSES]
    exchanges = [record for record in section if record.type == RecordType.MX]
    moved = {RecordType.CNAME, RecordType.MX, *_ADDRESSES}
    others = [record for record in section if record.type not in moved]
    return (*names, *others, *_in_turn(addresses, rng, turn), *_in_turn(exchanges, rng, turn))


def _in_turn(records: list[Record], rng: "Random", turn: int) -> list[Record]:
    if not records:
        return records
    first = records.pop(turn % len(records))
    rng.shuffle(records)
    return [first, *records]


def orders(reply: Reply) -> int:
    """How many orders of the reply can differ in what comes first; 1 if shuffling it changes nothing."""
    if reply.rcode is not Rcode.NOERROR:
        return 1
    sections = (reply.answer, reply.authority, reply.additional)
    return max(1, *(sum(record.type in _ADDRESSES for record in section) for section in sections))
