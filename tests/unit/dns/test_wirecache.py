import pytest

from dns.wirecache import HITS_PER_SHUFFLE, HITS_PER_VARIANT, MAX_ANSWER, MAX_VARIANTS, Kind, WireCache, folded

KIND = Kind(".", 1, 0, 40, 60, dnssec_ok=False)
OTHER = Kind(".", 28, 3, 40, 60, dnssec_ok=False)


ID = b"\x12\x34"
HEADER = bytes(10)


def question(name, tail=b"\0\x00\x01\x00\x01"):
    return HEADER + name + tail


def find(cache, question):
    packed = cache.find(ID + question)
    assert packed is None or packed[:2] == ID
    return packed and packed[2:]


def test_an_answer_is_found_by_the_very_bytes_of_the_question_only():
    cache = WireCache()
    cache.put(question(b"name"), b"answer", KIND)
    assert find(cache, question(b"name")) == b"answer"
    assert find(cache, question(b"Name")) is None
    assert find(cache, question(b"name", b"\0\x00\x1c\x00\x01")) is None
    assert len(cache) == 1


def test_a_shared_answer_is_found_by_every_spelling_and_spelled_as_asked():
    cache = WireCache()
    cache.put(question(b"name"), question(b"name") + b"answer", KIND, is_shared=True)
    for spelled in (b"name", b"NAME", b"nAmE"):
        assert find(cache, question(spelled)) == question(spelled) + b"answer"
    assert dict(cache.take_hits()) == {KIND: 3}


def test_an_answer_becomes_shared_when_that_is_known():
    cache = WireCache()
    cache.put(question(b"name"), question(b"name"), KIND)
    assert (find(cache, question(b"NAME")), cache.is_shared(question(b"name"))) == (None, False)
    cache.put(question(b"name"), question(b"name"), KIND, is_shared=True)
    assert (find(cache, question(b"NAME")), cache.is_shared(question(b"name"))) == (question(b"NAME"), True)


@pytest.mark.parametrize("tail", [b"\0\x00\x41\x00\x01", b"\0\x00\x01\x00\x01\0\x00\x29\x04\xd0ABC"])
def test_what_stands_behind_the_name_is_never_folded(tail):
    cache = WireCache()
    lowered = question(b"name", tail.lower())
    cache.put(lowered, b"another", KIND, is_shared=True)
    assert find(cache, question(b"name", tail)) is None
    assert folded(ID + question(b"NAME", tail)) == question(b"name", tail)


@pytest.mark.parametrize("packet", [b"", b"\x12", ID, ID + bytes(9), ID + HEADER, ID + HEADER + b"\x04name"])
def test_what_is_no_query_is_not_found(packet):
    cache = WireCache()
    cache.put(question(b"name"), b"answer", KIND, is_shared=True)
    assert cache.find(packet) is None


def test_clearing_forgets_answers_and_keeps_counts():
    cache = WireCache()
    cache.put(b"q", b"a", KIND)
    find(cache, b"q")
    cache.clear()
    assert find(cache, b"q") is None
    assert (len(cache), cache.octets) == (0, 0)
    assert dict(cache.take_hits()) == {KIND: 1}


def test_hits_are_told_once_by_kind():
    cache = WireCache()
    cache.put(b"q", b"a", KIND)
    cache.put(b"r", b"b", OTHER)
    cache.put(b"s", b"c", OTHER)
    for question in (b"q", b"r", b"s", b"s", b"t"):
        find(cache, question)
    assert dict(cache.take_hits()) == {KIND: 1, OTHER: 3}
    assert dict(cache.take_hits()) == {}
    find(cache, b"q")
    assert dict(cache.take_hits()) == {KIND: 1}


def test_the_oldest_leave_when_there_are_too_many():
    cache = WireCache(max_entries=2)
    for question in (b"1", b"2", b"3"):
        cache.put(question, b"a", KIND)
    assert [find(cache, question) for question in (b"1", b"2", b"3")] == [None, b"a", b"a"]


def test_the_oldest_leave_when_they_are_too_long():
    cache = WireCache(max_octets=100)
    cache.put(b"1", b"a" * 50, KIND)
    cache.put(b"2", b"a" * 40, KIND)
    assert (len(cache), cache.octets) == (2, 92)
    cache.put(b"3", b"a" * 60, KIND)
    assert (len(cache), cache.octets) == (1, 61)
    assert find(cache, b"3") is not None


def test_what_ages_is_gone_when_its_time_has_come():
    cache = WireCache()
    for question, until in ((b"1", 11.0), (b"2", 10.5), (b"3", None)):
        cache.put(question, b"a", KIND, **({} if until is None else {"until": until}))
    seen = []
    for now in (10.0, 10.5, 10.9, 11.0, 1e9):
        cache.expire(now)
        seen.append([question for question in (b"1", b"2", b"3") if find(cache, question)])
    assert seen == [[b"1", b"2", b"3"], [b"1", b"3"], [b"1", b"3"], [b"3"], [b"3"]]
    assert dict(cache.take_hits()) == {KIND: 9}
    assert cache.octets == 2


def test_what_is_made_anew_stays_its_own_time():
    cache = WireCache()
    for until in (11.0, 12.0, 13.0):
        cache.put(b"q", b"a", KIND, until=until)
        cache.clear()
    cache.put(b"q", b"a", KIND, until=14.0)
    for now, is_there in ((13.5, True), (14.0, False)):
        cache.expire(now)
        assert (find(cache, b"q") is not None) is is_there


def test_of_two_orders_of_an_answer_the_one_that_ages_first_takes_both_along():
    cache = WireCache()
    for until in (12.0, 11.0, 13.0):
        cache.put(b"q", b"a", KIND, orders=2, until=until)
    cache.expire(11.0)
    assert len(cache) == 0


def test_answers_for_many_queries_are_those_for_each():
    cache = WireCache()
    cache.put(question(b"one"), question(b"one") + b"1", KIND, is_shared=True)
    for number in range(2):
        cache.put(b"two", b"%d" % number, OTHER, orders=2)
    packets = [b"\0\1" + question(b"one"), b"\0\2two", b"\0\3none", b"", b"\0\4" + question(b"ONE"), b"\0\5two"]
    found = cache.find_all(packets)
    assert [packed and packed[:2] for packed in found] == [b"\0\1", None, None, None, b"\0\4", b"\0\5"]
    assert found[4] == b"\0\4" + question(b"ONE") + b"1"
    assert found[5][2:] in {b"0", b"1"}
    assert dict(cache.take_hits()) == {KIND: 2, OTHER: 1}


def test_very_long_answers_are_not_kept():
    cache = WireCache()
    cache.put(b"q", bytes(MAX_ANSWER + 1), KIND)
    assert len(cache) == 0


@pytest.mark.parametrize("orders", [2, 3])
def test_orders_of_a_balanced_answer_take_turns_once_all_are_there(orders):
    cache = WireCache()
    for number in range(orders):
        assert find(cache, b"q") is None
        cache.put(b"q", b"%d" % number, KIND, orders=orders)
    seen = [find(cache, b"q") for _ in range(2 * orders)]
    assert sorted(seen) == sorted([b"%d" % number for number in range(orders)] * 2)
    assert set(seen[:orders]) == set(seen[orders:])


def test_only_as_many_as_make_an_order_wait_for_it():
    cache = WireCache()
    cache.put(b"q", b"0", KIND, orders=3)
    assert [find(cache, b"q") for _ in range(5)] == [None, None, b"0", b"0", b"0"]


def test_turns_go_on_with_every_order_that_is_made():
    cache = WireCache()
    assert cache.turn(b"q") is None
    for number in range(5):
        cache.put(b"q", b"%d" % number, KIND, orders=2, turn=cache.turn(b"q") or 70)
    assert cache.turn(b"q") == 75


def test_a_new_order_takes_the_place_of_the_oldest():
    cache = WireCache()
    find(cache, b"q")
    for number in range(5):
        cache.put(b"q", b"%d" % number, KIND, orders=2)
    assert {find(cache, b"q") for _ in range(5)} - {None} == {b"3", b"4"}
    assert cache.octets == 3


def test_many_orders_are_bounded():
    cache = WireCache()
    for number in range(MAX_VARIANTS):
        assert find(cache, b"q") is None
        cache.put(b"q", b"%d" % number, KIND, orders=40)
    assert find(cache, b"q") is not None


@pytest.mark.parametrize(
    ("orders", "hits"), [(2, HITS_PER_SHUFFLE), (MAX_VARIANTS, HITS_PER_SHUFFLE), (MAX_VARIANTS + 1, HITS_PER_VARIANT)]
)
def test_now_and_then_a_new_order_is_wanted_while_the_others_are_used(orders, hits):
    cache = WireCache()
    for _ in range(min(orders, MAX_VARIANTS)):
        find(cache, b"q")
        cache.put(b"q", b"a", KIND, orders=orders)
    answers = [find(cache, b"q") for _ in range(4 * hits)]
    assert answers.count(None) == 4
    assert dict(cache.take_hits()) == {KIND: 4 * hits - 4}


def test_who_looks_again_does_not_make_what_others_made_meanwhile():
    cache = WireCache()
    assert cache.find(ID + b"q", is_second_look=True) is None
    cache.put(b"q", b"0", KIND, orders=2)
    assert find(cache, b"q") is None
    assert cache.find(ID + b"q", is_second_look=True) is None
    cache.put(b"q", b"1", KIND, orders=2)
    assert cache.find(ID + b"q", is_second_look=True) is not None
    while find(cache, b"q") is not None:
        pass
    assert cache.find(ID + b"q", is_second_look=True) is None
