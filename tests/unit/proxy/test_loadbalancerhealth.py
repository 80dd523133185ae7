import pytest

from proxy.loadbalancerhealth import TargetHealth


def health_after(checks):
    health = TargetHealth()
    for each in checks:
        health = health.after(success=each == "+")
    return health


@pytest.mark.parametrize(
    ("checks", "healthy"),
    [
        ("", False),
        ("+", True),
        ("-", False),
        ("-+", True),
        ("+-", True),
        ("+--", False),
        ("+-+-", True),
        ("+--+", True),
        ("+---+-", True),
    ],
)
def test_two_failures_out_one_success_in(checks, healthy):
    assert health_after(checks).is_healthy is healthy


@pytest.mark.parametrize(
    ("checks", "seconds"),
    [("", 0.1), ("-", 0.1), ("--", 0.2), ("-----", 1.6), ("------", 2.0), ("-" * 40, 2.0), ("+", 2.0), ("+---", 2.0)],
)
def test_a_node_that_was_never_up_is_asked_more_often(checks, seconds):
    assert health_after(checks).next_check_seconds == seconds
