from collections import Counter
from random import Random

import pytest

from dns.balancing import orders, shuffled
from dns.model import Rcode, Record, RecordType, Reply, Srv

ADDRESSES = tuple(Record((b"web",), RecordType.A, 30, f"10.0.0.{n}") for n in range(1, 5))
CNAME = Record((b"www",), RecordType.CNAME, 30, (b"web",))
SERVICES = tuple(Record((b"web",), RecordType.SRV, 30, Srv(0, 50, port, (b"web",))) for port in (80, 443))
EXCHANGES = tuple(Record((b"web",), RecordType.MX, 30, bytes((0, n, 0))) for n in (1, 2))


def test_each_address_comes_first_in_its_turn_and_the_others_in_any_order():
    rng = Random(1)
    found = [shuffled(Reply(answer=ADDRESSES), rng, turn).answer for turn in range(400)]
    assert set(Counter(answer[0] for answer in found).values()) == {100}
    assert all(set(answer) == set(ADDRESSES) for answer in found)
    assert len({answer[1:] for answer in found if answer[0] == ADDRESSES[0]}) == 6


def test_names_come_first_then_services_in_their_order_then_addresses_then_exchanges():
    reply = Reply(answer=(*ADDRESSES[:2], *EXCHANGES, *SERVICES, CNAME), additional=ADDRESSES, authority=SERVICES)
    found = shuffled(reply, Random(2), 0)
    assert found.answer[:3] == (CNAME, *SERVICES)
    assert set(found.answer[3:5]) == set(ADDRESSES[:2])
    assert set(found.answer[5:]) == set(EXCHANGES)
    assert set(found.additional) == set(ADDRESSES)
    assert found.authority == SERVICES


@pytest.mark.parametrize(
    "reply", [Reply(), Reply(answer=ADDRESSES[:1]), Reply(Rcode.SERVFAIL, answer=ADDRESSES), Reply(answer=SERVICES)]
)
def test_what_has_no_order_to_change_stays(reply):
    assert shuffled(reply, Random(3), 7) == reply


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(), 1),
        (Reply(answer=ADDRESSES), 4),
        (Reply(answer=(CNAME, *ADDRESSES[:2])), 2),
        (Reply(answer=SERVICES, additional=ADDRESSES[:3]), 3),
        (Reply(answer=SERVICES), 1),
        (Reply(Rcode.NXDOMAIN, answer=ADDRESSES), 1),
    ],
)
def test_as_many_orders_are_worth_having_as_there_are_addresses(reply, expected):
    assert orders(reply) == expected
