"""Selectors match as in apimachinery's TestSelectorMatches and TestLabelSelectorAsSelector."""

import pytest

from controlplane.labels import matches
from controlplane.objects import LabelSelector, LabelSelectorRequirement


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ("web", "api"), {"app": "api"}, True),
        ("In", ("web", "api"), {"app": "db"}, False),
        ("In", ("web",), {}, False),
        ("NotIn", ("web",), {"app": "db"}, True),
        ("NotIn", ("web",), {"app": "web"}, False),
        ("NotIn", ("web",), {}, True),  # what is not there is not among the values
        ("Exists", (), {"app": ""}, True),
        ("Exists", (), {}, False),
        ("DoesNotExist", (), {}, True),
        ("DoesNotExist", (), {"app": "web"}, False),
        ("Near", ("web",), {"app": "web"}, False),
    ],
)
def test_an_expression_matches_by_its_operator(operator, values, labels, expected):
    requirement = LabelSelectorRequirement(key="app", operator=operator, values=values)
    assert matches(LabelSelector(match_expressions=(requirement,)), labels) is expected


def test_pairs_and_expressions_must_all_hold():
    exists = LabelSelectorRequirement(key="tier", operator="Exists")
    selector = LabelSelector(match_labels={"app": "web"}, match_expressions=(exists,))
    assert matches(selector, {"app": "web", "tier": "front"})
    assert not matches(selector, {"app": "web"})
    assert not matches(selector, {"app": "api", "tier": "front"})


def test_no_selector_matches_nothing_and_an_empty_one_everything():
    assert not matches(None, {"app": "web"})
    assert matches(LabelSelector(), {"app": "web"})
