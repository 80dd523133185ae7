"""How a file's text becomes documents: separators, Lists, places of fields."""

import json

import pytest

from controlplane.manifests_chunks import Locator, chunks_of, parse_chunk
from controlplane.parsefailures import Stage
from controlplane.problems import Position


def raws(text):
    parsed = parse_chunk(text)
    assert parsed.failures == ()
    return [item.raw for item in parsed.items]


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("", []),
        ("a: 1", [("a: 1", 1)]),
        ("---\na: 1\n", [("---\na: 1\n", 1)]),
        ("a: 1\n---\nb: 2\n", [("a: 1\n", 1), ("b: 2\n", 3)]),
        ("a: 1\n--- # second\nb: 2\n---\n", [("a: 1\n", 1), ("b: 2\n", 3)]),
        ("---\n---\na: 1\n", [("---\n", 1), ("a: 1\n", 3)]),
        ("a: |\n  x\n  ---\n  y\n", [("a: |\n  x\n  ---\n  y\n", 1)]),
        ("a: 1\n---", [("a: 1\n", 1)]),
    ],
)
def test_documents_are_split_where_kubectl_splits_them(text, chunks):
    assert [(chunk.text, chunk.line) for chunk in chunks_of(text)] == chunks


def test_a_separator_with_content_is_refused_as_kubectl_refuses_it():
    first, second = chunks_of("a: 1\nb: 2\n--- {c: d}\ne: 3\n")
    assert first.failure.message == "invalid Yaml document separator: {c: d}"
    assert first.failure.position == Position(3, 1)
    assert (second.text, second.line, second.failure) == ("e: 3\n", 4, None)


def test_a_document_without_content_is_none():
    assert raws("# nothing here\n") == []
    assert raws("null\n") == []


@pytest.mark.parametrize("text", ["hello\n", "- a\n", "5\n"])
def test_a_document_that_is_no_mapping_is_no_object(text):
    (failure,) = parse_chunk(text).failures
    assert (failure.message, failure.stage) == ("invalid object to validate", Stage.VALIDATING)


def test_items_of_a_list_are_documents_of_their_own():
    text = "apiVersion: v1\nkind: List\nitems:\n- {kind: Service, apiVersion: v1}\n- kind: Pod\n  apiVersion: v1\n"
    parsed = parse_chunk(text)
    assert [item.raw["kind"] for item in parsed.items] == ["Service", "Pod"]
    assert parsed.items[1].locator("apiVersion") == Position(6, 3)
    assert parsed.items[1].locator("") == Position(5, 3)
    assert parsed.items[0].digest != parsed.items[1].digest


def test_items_of_a_typed_list_have_its_kind():
    (item,) = raws("apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: web}\n")
    assert (item["apiVersion"], item["kind"]) == ("v1", "Service")


def test_lists_may_hold_lists():
    text = "kind: List\nitems:\n- kind: List\n  items:\n  - kind: Pod\n    metadata: {name: a}\n"
    (item,) = parse_chunk(text).items
    assert item.raw["kind"] == "Pod"
    assert item.locator("metadata.name") == Position(6, 16)


@pytest.mark.parametrize("items", ["", "items:\n", "items: []\n"])
def test_a_list_may_be_empty(items):
    assert raws("kind: List\n" + items) == []


def test_an_item_that_is_no_mapping_is_told_with_its_place():
    (failure,) = parse_chunk("kind: List\nitems:\n- kind: Pod\n- web\n").failures
    assert failure.position == Position(4, 3)


def test_a_kind_that_only_ends_in_list_is_an_object():
    assert raws("kind: AllowList\nitems: {a: b}\n") == [{"kind": "AllowList", "items": {"a": "b"}}]


def test_the_same_content_has_the_same_digest_wherever_it_stands():
    text = "kind: List\nitems:\n- {kind: Pod, metadata: {name: a}}\n- {kind: Pod, metadata: {name: a}}\n"
    one, other = parse_chunk(text).items
    assert one.digest == other.digest


def test_json_may_hold_several_objects_and_characters_that_yaml_refuses():
    text = '{"kind": "Pod", "metadata": {"name": "\\ud83d\\ude00"}}\n{"kind": "Node",\n "metadata": {"name": "b"}}\n'
    pod, node = parse_chunk(text).items
    assert pod.raw["metadata"]["name"] == "\U0001f600"
    assert node.line == 2
    assert node.locator("metadata.name") == Position(3, 15)
    assert pod.locator("metadata.name") == Position()


def test_a_list_in_json_is_read_and_located():
    text = json.dumps({"kind": "List", "items": [{"kind": "Pod"}, {"kind": "Node", "spec": {"podCIDR": 1}}]}, indent=1)
    _, node = parse_chunk(text).items
    assert node.locator("spec.podCIDR").line == 10


def test_what_is_not_json_but_begins_like_it_may_be_yaml():
    assert raws("{kind: Pod, # a comment\n apiVersion: v1}\n") == [{"kind": "Pod", "apiVersion": "v1"}]


def test_what_is_neither_is_told_as_json():
    (failure,) = parse_chunk('{"kind": "Pod"\n"a": }\n').failures
    assert failure.message == "json: offset 16: invalid character '\"' after object key:value pair"


def test_a_stream_that_began_as_json_stays_json():
    (failure,) = parse_chunk('{"kind": "Pod"}}\n').failures
    assert failure.message == "json: offset 16: invalid character '}' looking for beginning of value"


SERVICE = """\
metadata:
  labels:
    app.kubernetes.io/name: web
spec:
  ports:
  - port: 80
    name: http
  -
    port: 81
  loadBalancerSourceRanges: &all [10.0.0.0/8]
  externalIPs: *all
base: &base {a: {b: 1}}
merged:
  <<: *base
"""


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("", (1, 1)),
        ("spec", (4, 1)),
        ("spec.ports", (5, 3)),
        ("spec.ports[0]", (6, 5)),
        ("spec.ports[0].port", (6, 5)),
        ("spec.ports[0].name", (7, 5)),
        ("spec.ports[1].port", (9, 5)),
        ("spec.ports[1].protocol", (9, 5)),
        ("spec.ports[2].port", (5, 3)),
        ("spec.ports[x]", (5, 3)),
        ("spec.clusterIP", (4, 1)),
        ("spec.clusterIPs[0]", (4, 1)),
        ("spec.LoadBalancerSourceRanges[0]", (10, 35)),
        ("spec.externalIPs[0]", (10, 35)),
        ("metadata.labels[app.kubernetes.io/name]", (3, 5)),
        ("metadata.labels[other]", (2, 3)),
        ("spec.ports[0].port.deeper", (6, 5)),
        ("status.loadBalancer", (1, 1)),
        ("merged.a.b", (12, 18)),
    ],
)
def test_a_field_path_has_the_place_of_its_key_or_of_the_nearest_parent(path, position):
    assert Locator(SERVICE)(path) == Position(*position)


def test_a_place_counts_from_the_top_of_the_file():
    assert Locator(SERVICE, line_offset=100)("spec") == Position(104, 1)
    assert Locator(SERVICE, prefix="spec").lowered(10)("ports[0].name") == Position(17, 5)
