"""After very many connections an agent holds what it held before. `make soak` does the same with a million."""

import pytest

from tests.soak.soaking import soak

from .conftest import InNamespace


@pytest.mark.reliability(54)
@pytest.mark.timeout(150)
def test_fifty_thousand_connections_leave_nothing_behind(in_namespace: InNamespace):
    rounds = in_namespace(soak, "50000", timeout=140).splitlines()
    assert len(rounds) == 6
