import pytest

from clusterless.introspection.selectors import field_selector, label_selector

LABELS = {"app": "web", "tier": "front", "example.com/zone": "a", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier=front", True),
        ("app!=web", False),
        ("app=api", False),
        ("other!=x", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("other", False),
        ("app in (api, web)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("other notin (api)", True),
        ("app notin (web),tier", False),
        ("app in (web,api),tier=front,!other", True),
        ("example.com/zone=a", True),
        ("empty=", True),
        ("app=", False),
    ],
)
def test_labels_match_as_in_kubernetes(selector: str, matches: bool):
    assert label_selector(selector)(LABELS) is matches


@pytest.mark.parametrize("selector", ["=web", "app=web,", "app in (a", "app in a", "app=a b", "a,,b", "app~web"])
def test_what_is_no_selector_is_told(selector: str):
    with pytest.raises(ValueError, match="unable to parse requirement"):
        label_selector(selector)


FIELDS = {"metadata": {"name": "web"}, "status": {"phase": "Running"}, "count": 3}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("metadata.name=web", True),
        ("metadata.name==web,status.phase=Running", True),
        ("metadata.name!=web", False),
        ("status.phase!=Pending", True),
        ("status.reason=", True),
        ("count=3", True),
    ],
)
def test_fields_match_by_their_text(selector: str, matches: bool):
    supported = ("metadata.name", "status.phase", "status.reason", "count")
    assert field_selector(selector, *supported)(FIELDS) is matches


def test_what_is_no_field_selector_is_told():
    with pytest.raises(ValueError, match="invalid selector: 'web'; can't understand 'web'"):
        field_selector("web", "metadata.name")
