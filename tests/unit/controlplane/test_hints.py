import pytest

from controlplane.hints import (
    ALIAS_HINT,
    COMMENT_HINT,
    TAB_HINT,
    TEMPLATE_HINT,
    edit_distance,
    name_hint,
    syntax_hint,
    value_hint,
)

NO_TOKEN = "yaml: line 4: found character that cannot start any token"
NO_ALIAS = "yaml: line 6: did not find expected alphabetic or numeric character"
NO_MAPPING = "yaml: line 6: mapping values are not allowed in this context"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("8080        //the Service's port", COMMENT_HINT),
        ("//all of it", COMMENT_HINT),
        ("http://example.com", ""),
        ("a//b", ""),
        (8080, ""),
        (None, ""),
    ],
)
def test_a_value_with_a_comment_in_it_is_recognised(value, hint):
    assert value_hint(value) == hint


@pytest.mark.parametrize(
    ("message", "line", "before", "hint"),
    [
        (NO_MAPPING, "  port: 80 //this: that", "", COMMENT_HINT),
        ("yaml: line 7: did not find expected key", "- 10.0.0.1", "externalIPs:   //of nodes", COMMENT_HINT),
        ("yaml: line 7: did not find expected key", "- 10.0.0.1", "externalIPs:", ""),
        (NO_TOKEN, "\tname: x", "metadata:", TAB_HINT),
        (NO_TOKEN, "a: @x", "", ""),
        (NO_ALIAS, "  loadBalancerIP: ***.***.***.***", "", ALIAS_HINT),
        (NO_ALIAS, "  ip: ***.*** //any", "", f"{ALIAS_HINT}; {COMMENT_HINT}"),
        (NO_ALIAS, "  a: &", "", ""),
        ("yaml: invalid map key: x", "name: {{ .Values.name }}", "", TEMPLATE_HINT),
        (NO_MAPPING, "  a: b: c", "", "a value that holds `: ` needs quotes"),
        (NO_MAPPING, "  c: d", "a: b", ""),
        (
            'yaml: unmarshal errors:\n  line 3: key "a" already set in map',
            "a: 1",
            "",
            "a key may stand once in a mapping",
        ),
    ],
)
def test_a_line_that_does_not_parse_shows_the_mistake_that_people_make(message, line, before, hint):
    assert syntax_hint(message, line, before) == hint


@pytest.mark.parametrize(
    ("unknown", "hint"),
    [
        ("ClusterIP", 'did you mean "clusterIP"?'),
        ("selecter", 'did you mean "selector"?'),
        ("tpye", 'did you mean "type"?'),
        ("prots", 'did you mean "ports"?'),
        ("completely", ""),
        ("xyz", ""),
    ],
)
def test_the_nearest_name_is_suggested(unknown, hint):
    assert name_hint(unknown, frozenset({"clusterIP", "clusterIPs", "selector", "type", "ports"})) == hint


def test_nothing_is_near_where_nothing_is_known():
    assert name_hint("x", frozenset()) == ""


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("abc", "", 3), ("abc", "abd", 1), ("abc", "acb", 1), ("abc", "xabc", 1), ("ports", "prots", 1)],
)
def test_edit_distance_counts_letters_and_swaps(one, other, distance):
    assert edit_distance(one, other) == distance
