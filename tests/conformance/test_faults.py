"""Each fault of the process has a test."""

import pytest

from .faults import claimed, faults


@pytest.mark.parametrize(("number", "promise"), faults().items(), ids=str)
def test_a_fault_has_a_test_that_shows_its_outcome(number: int, promise: str):
    assert claimed().get(number), f"no test says that it shows this: {promise}"


def test_no_test_shows_what_is_not_promised():
    assert claimed().keys() <= faults().keys()
