from proxy.retries import FIRST_SECONDS, LAST_SECONDS, Retries


def test_nothing_is_due_when_nothing_failed():
    retries = Retries[str]()
    assert (retries.due(1e9), retries.next_due()) == ([], None)


def test_a_retry_is_due_after_its_wait():
    retries = Retries[str]()
    retries.failed("a", 100.0)
    assert retries.next_due() == 100.0 + FIRST_SECONDS
    assert retries.due(100.0) == []
    assert retries.due(100.0 + FIRST_SECONDS) == ["a"]


def test_waits_double_up_to_a_bound():
    retries, now, waits = Retries[str](), 0.0, []
    for _ in range(8):
        retries.failed("a", now)
        waits.append(retries.next_due() - now)
        now = retries.next_due()
    assert [round(wait / FIRST_SECONDS) for wait in waits[:5]] == [1, 2, 4, 8, 16]
    assert waits[-1] == LAST_SECONDS


def test_each_key_waits_for_itself():
    retries = Retries[str]()
    retries.failed("a", 0.0)
    retries.failed("a", 0.0)
    retries.failed("b", 0.0)
    assert retries.due(FIRST_SECONDS) == ["b"]
    assert retries.next_due() == FIRST_SECONDS


def test_what_went_well_begins_anew():
    retries = Retries[str]()
    retries.failed("a", 0.0)
    retries.failed("a", 0.0)
    retries.forget(["a", "never failed"])
    assert "a" not in retries
    retries.failed("a", 0.0)
    assert retries.next_due() == FIRST_SECONDS
