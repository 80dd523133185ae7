from dns.fairqueue import FairQueue


def drained(queue):
    found = []
    while queue:
        found.append(queue.take())
    return found


def test_sources_take_turns_each_in_its_own_order():
    queue = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        assert queue.put(item[0], item)
    assert drained(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_source_that_comes_later_need_not_wait_for_a_flood():
    queue = FairQueue()
    for number in range(60):
        queue.put("flood", f"flood{number}")
    queue.take()
    queue.put("other", "other")
    assert "other" in [queue.take() for _ in range(2)]


def test_the_newest_of_a_source_that_sends_too_much_are_shed():
    queue = FairQueue(max_per_source=2)
    assert [queue.put("a", number) for number in range(4)] == [True, True, False, False]
    assert queue.put("b", "b")
    assert drained(queue) == [0, "b", 1]
    assert queue.put("a", 5)


def test_sources_are_bounded():
    queue = FairQueue(max_sources=2)
    assert [queue.put(source, source) for source in "abca"] == [True, True, False, True]
    assert drained(queue) == ["a", "b", "a"]
