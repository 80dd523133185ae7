"""After very many connections an agent holds what it held before. `make soak` does the same with a million."""

from pathlib import Path

import pytest

from tests.soak.soaking import soak

from .conftest import InNamespace


@pytest.mark.reliability(54)
@pytest.mark.timeout(150)
def test_fifty_thousand_connections_leave_nothing_behind(in_namespace: InNamespace):
    rounds = in_namespace(soak, "50000", timeout=140).splitlines()
    assert len(rounds) == 6


def test_the_soak_of_a_million_is_a_target_of_make():
    assert "tests.soak" in (Path(__file__).parents[2] / "Makefile").read_text()
