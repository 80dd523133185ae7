import errno

import pytest

from proxy.counters import DialOutcome
from proxy.outcomes import EXHAUSTION, OURS, OUTCOMES, known_errno


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.ECONNREFUSED, DialOutcome.REFUSED),
        (errno.ECONNRESET, DialOutcome.REFUSED),
        (errno.EPIPE, DialOutcome.REFUSED),
        (errno.ECONNABORTED, DialOutcome.REFUSED),
        (errno.EHOSTUNREACH, DialOutcome.UNREACHABLE),
        (errno.ENETUNREACH, DialOutcome.UNREACHABLE),
        (errno.ETIMEDOUT, DialOutcome.TIMED_OUT),
        (errno.EPERM, DialOutcome.PROHIBITED),
        (errno.EADDRNOTAVAIL, DialOutcome.NO_PORTS),
        (errno.EMFILE, DialOutcome.NO_DESCRIPTORS),
        (errno.ENOBUFS, DialOutcome.NO_DESCRIPTORS),
    ],
)
def test_every_way_to_fail_has_a_name(number, outcome):
    assert OUTCOMES[known_errno(OSError(number, "failed"))] is outcome


def test_what_this_host_lacks_is_not_held_against_the_endpoint():
    assert {OUTCOMES[number] for number in EXHAUSTION} <= OURS
    assert DialOutcome.REFUSED not in OURS


def test_an_error_that_no_peer_can_cause_is_raised_again():
    bug = OSError(errno.EBADF, "a bug")
    with pytest.raises(OSError, match="a bug") as caught:
        known_errno(bug)
    assert caught.value is bug
