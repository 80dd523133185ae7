from collections.abc import Iterator

import pytest

from .agents import Running, an_agent


@pytest.fixture
def running() -> Iterator[Running]:
    with an_agent() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One agent for the tests that only read."""
    with an_agent() as made:
        yield made
