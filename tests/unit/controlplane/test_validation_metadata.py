"""`metadata` is judged alike for all kinds; what differs is the rule for the name, and whether there is a namespace."""

import pytest

POD = {"containers": [{"name": "main", "image": "nginx"}]}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("Pod", {"spec": POD}), ("Node", {}), ("Endpoints", {}), ("EndpointSlice", {"addressType": "IPv4"})],
)
def test_most_names_may_have_dots(errors_of, make, kind, fields):
    assert errors_of(make(kind, name="a.b-1", **fields)) == []
    (error,) = errors_of(make(kind, name="A", **fields))
    assert error.startswith('metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of')


def test_the_name_of_a_namespace_has_no_dots(errors_of, make):
    assert errors_of(make("Namespace", name="prod")) == []
    assert errors_of(make("Namespace", name="a.b")) == ['metadata.name: Invalid value: "a.b": must not contain dots']


def test_a_node_has_no_namespace(errors_of, make):
    node = make("Node", metadata={"namespace": "default"})
    assert errors_of(node) == ["metadata.namespace: Forbidden: not allowed on this type"]


@pytest.mark.parametrize(
    ("namespace", "error"),
    [
        ("", "metadata.namespace: Required value"),
        ("a.b", 'metadata.namespace: Invalid value: "a.b": must not contain dots'),
    ],
)
def test_everything_else_has_one(errors_of, make, namespace, error):
    assert errors_of(make("Pod", metadata={"namespace": namespace}, spec=POD)) == [error]


def test_a_generated_name_may_end_with_a_hyphen(errors_of, make):
    assert errors_of(make("Pod", metadata={"generateName": "web-"}, spec=POD)) == []
    assert len(errors_of(make("Pod", metadata={"generateName": "Web"}, spec=POD))) == 1


def test_labels_are_judged_by_key_and_value(errors_of, make):
    pod = make("Pod", metadata={"labels": {"b": "x y", "a/": "", "ok": ""}}, spec=POD)
    errors = errors_of(pod)
    assert errors[0] == 'metadata.labels: Invalid value: "a/": name part must be non-empty'
    assert errors[-1].startswith('metadata.labels: Invalid value: "x y": a valid label must be an empty string or')


def test_the_case_of_an_annotation_does_not_matter_but_its_size_does(errors_of, make):
    assert errors_of(make("Pod", metadata={"annotations": {"Example.COM/Key": "any ☺ text"}}, spec=POD)) == []
    assert errors_of(make("Pod", metadata={"annotations": {"k": "x" * 262144}}, spec=POD)) == [
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    ]
    (error,) = errors_of(make("Pod", metadata={"annotations": {"a b": ""}}, spec=POD))
    assert error.startswith('metadata.annotations: Invalid value: "a b": name part must consist of')
