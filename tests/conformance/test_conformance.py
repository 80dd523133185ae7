import pytest

from .claims import DOCUMENT, claims, document, is_there, key, names, result


def test_the_document_says_what_the_tests_claim():
    assert DOCUMENT.read_text() == document(names()), "make conformance writes it"


def test_every_claim_is_about_a_test_that_kubernetes_has():
    assert claims().keys() <= {key(each) for each in names()}


@pytest.mark.parametrize("name", names(), ids=key)
def test_a_name_has_tests_that_exist_or_a_reason_why_not(name):
    assert name.tests or name.but
    assert [each for each in name.tests if not is_there(each)] == []


def test_no_name_is_listed_twice():
    listed = [key(each) for each in names()]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("tests", "but", "told"),
    [(("a",), "", "pass"), (("a",), "not all", "in part: not all"), ((), "nothing", "no: nothing")],
)
def test_what_does_not_hold_is_told(tests, but, told):
    assert result(names()[0]._replace(tests=tests, but=but)) == told
