import pytest

from dns.wirecache import HITS_PER_VARIANT, MAX_ANSWER, MAX_VARIANTS, Kind, WireCache

KIND = Kind(".", 1, 0, 40, 60, dnssec_ok=False)
OTHER = Kind(".", 28, 3, 40, 60, dnssec_ok=False)


def test_an_answer_is_found_by_the_very_bytes_of_the_question_only():
    cache = WireCache()
    cache.put(b"question", b"answer", KIND)
    assert cache.get(b"question") == b"answer"
    assert cache.get(b"Question") is None
    assert len(cache) == 1


def test_clearing_forgets_answers_and_keeps_counts():
    cache = WireCache()
    cache.put(b"q", b"a", KIND)
    cache.get(b"q")
    cache.clear()
    assert cache.get(b"q") is None
    assert (len(cache), cache.octets) == (0, 0)
    assert dict(cache.take_hits()) == {KIND: 1}


def test_hits_are_told_once_by_kind():
    cache = WireCache()
    cache.put(b"q", b"a", KIND)
    cache.put(b"r", b"b", OTHER)
    cache.put(b"s", b"c", OTHER)
    for question in (b"q", b"r", b"s", b"s", b"t"):
        cache.get(question)
    assert dict(cache.take_hits()) == {KIND: 1, OTHER: 3}
    assert dict(cache.take_hits()) == {}
    cache.get(b"q")
    assert dict(cache.take_hits()) == {KIND: 1}


def test_the_oldest_leave_when_there_are_too_many():
    cache = WireCache(max_entries=2)
    for question in (b"1", b"2", b"3"):
        cache.put(question, b"a", KIND)
    assert [cache.get(question) for question in (b"1", b"2", b"3")] == [None, b"a", b"a"]


def test_the_oldest_leave_when_they_are_too_long():
    cache = WireCache(max_octets=100)
    cache.put(b"1", b"a" * 50, KIND)
    cache.put(b"2", b"a" * 40, KIND)
    assert (len(cache), cache.octets) == (2, 92)
    cache.put(b"3", b"a" * 60, KIND)
    assert (len(cache), cache.octets) == (1, 61)
    assert cache.get(b"3") is not None


def test_very_long_answers_are_not_kept():
    cache = WireCache()
    cache.put(b"q", bytes(MAX_ANSWER + 1), KIND)
    assert len(cache) == 0


@pytest.mark.parametrize("orders", [2, 3])
def test_orders_of_a_balanced_answer_take_turns_once_all_are_there(orders):
    cache = WireCache()
    for number in range(orders):
        assert cache.get(b"q") is None
        cache.put(b"q", b"%d" % number, KIND, orders=orders)
    seen = [cache.get(b"q") for _ in range(2 * orders)]
    assert sorted(seen) == sorted([b"%d" % number for number in range(orders)] * 2)
    assert set(seen[:orders]) == set(seen[orders:])


def test_turns_go_on_when_new_orders_are_made():
    cache = WireCache()
    assert cache.turn(b"q") == 0
    for number in range(2):
        cache.put(b"q", b"%d" % number, KIND, orders=2)
    assert cache.turn(b"q") == 2
    while cache.get(b"q") is not None:
        pass
    assert cache.turn(b"q") == MAX_VARIANTS


def test_no_more_orders_are_kept_than_wanted():
    cache = WireCache()
    for number in range(5):
        cache.put(b"q", b"%d" % number, KIND, orders=2)
    assert {cache.get(b"q") for _ in range(4)} == {b"0", b"1"}


def test_many_orders_are_bounded():
    cache = WireCache()
    for number in range(MAX_VARIANTS):
        assert cache.get(b"q") is None
        cache.put(b"q", b"%d" % number, KIND, orders=40)
    assert cache.get(b"q") is not None


def test_balanced_answers_get_new_orders_now_and_then():
    cache = WireCache()
    for _ in range(2):
        cache.put(b"q", b"a", KIND, orders=2)
    answers = [cache.get(b"q") for _ in range(2 * HITS_PER_VARIANT + 1)]
    assert None not in answers
    assert cache.get(b"q") is None
    assert dict(cache.take_hits()) == {KIND: 2 * HITS_PER_VARIANT + 1}
