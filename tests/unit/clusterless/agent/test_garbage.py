"""What an agent makes while it starts is not looked at by the garbage collector, and is freed like all else."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from clusterless.agent.garbage import resting, spared


class Thing:
    """Something that the collector would look at."""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def is_looked_at(thing: object) -> bool:
    return any(each is thing for each in gc.get_objects())


def test_what_is_made_by_the_end_is_never_looked_at():
    with spared():
        assert not gc.isenabled()
        made = Thing()
        assert is_looked_at(made)
    assert gc.isenabled()
    assert not is_looked_at(made)
    later = Thing()
    assert is_looked_at(later)


def test_the_collector_works_again_after_a_start_that_fails():
    with pytest.raises(LookupError), spared():
        raise LookupError
    assert gc.isenabled()


def test_the_collector_rests_until_the_outer_block_ends():
    with resting():
        with resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_nobody_refers_to_any_more_is_freed():
    with spared():
        made = Thing()
    gone = weakref.ref(made)
    del made
    assert gone() is None
