"""The forms that `-o` gives objects, besides tables."""

from typing import Any

import pytest

from clusterless.kubectl.printers.customcolumns import CustomTable, custom_columns
from clusterless.kubectl.printers.gotext import go_text
from clusterless.kubectl.printers.jsonpathnodes import JSONPathError
from clusterless.kubectl.printers.output import Format, Output, OutputError, as_json, by_path, document, formats, output
from clusterless.kubectl.printers.sorting import sorted_by
from clusterless.kubectl.yamltext import as_yaml
from controlplane.objects import ObjectMeta, Service, ServicePort, ServiceSpec

A, B = {"kind": "Service", "metadata": {"name": "a"}}, {"kind": "Service", "metadata": {"name": "b"}}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", Output(Format.TABLE)),
        ("wide", Output(Format.WIDE)),
        ("yaml", Output(Format.YAML)),
        ("name", Output(Format.NAME)),
        ("jsonpath={.a}={.b}", Output(Format.JSONPATH, "{.a}={.b}")),
        ("custom-columns=A:.a", Output(Format.CUSTOM_COLUMNS, "A:.a")),
    ],
)
def test_formats(text: str, chosen: Output):
    assert output(text) == chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xml", 'unable to match a printer suitable for the output format "xml", allowed formats are: custom-columns,'),
        ("json=x", 'unable to match a printer suitable for the output format "json=x"'),
        ("jsonpath", "template format specified but no template given"),
        ("jsonpath=", "template format specified but no template given"),
        ("go-template={{.kind}}", 'output format "go-template" is not supported: there are no Go templates here'),
        ("template", 'output format "template" is not supported'),
    ],
)
def test_a_format_that_is_not_there_is_refused(text: str, message: str):
    with pytest.raises(OutputError) as refused:
        output(text)
    assert str(refused.value).startswith(message)


def test_the_formats_that_take_an_argument_say_so():
    assert [each for each in formats() if each.endswith("=")] == ["custom-columns=", "jsonpath-as-json=", "jsonpath="]


def test_one_object_that_was_asked_for_stands_alone_and_others_in_a_list():
    assert document([A], is_single=True) == A
    assert document([A], is_single=False)["items"] == [A]
    whole = document([], is_single=False)
    assert whole == {"apiVersion": "v1", "items": [], "kind": "List", "metadata": {"resourceVersion": ""}}


def test_json_is_sorted_and_indented_by_four():
    assert as_json({"b": [1], "a": {}, "c": "<"}) == (
        '{\n    "a": {},\n    "b": [\n        1\n    ],\n    "c": "\\u003c"\n}'
    )


def test_jsonpath_as_json_writes_what_each_part_finds():
    assert by_path(Output(Format.JSONPATH_AS_JSON, "{.metadata}"), A) == '[\n    {\n        "name": "a"\n    }\n]\n'


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.a", "error parsing jsonpath {.a, unclosed action"),
        ("{.kind[0]}", 'error executing jsonpath "{.kind[0]}": Error executing template: string is not array or slice'),
    ],
)
def test_a_wrong_path_is_told_with_its_text(template: str, message: str):
    with pytest.raises(JSONPathError) as refused:
        by_path(Output(Format.JSONPATH, template), A)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<nil>"),
        (True, "true"),
        (7, "7"),
        (0.5, "0.5"),
        ("a b", "a b"),
        (["a", 1], "[a 1]"),
        ({"b": {"c": 1}, "a": None}, "map[a:<nil> b:map[c:1]]"),
    ],
)
def test_values_look_as_go_prints_them(value: Any, text: str):
    assert go_text(value) == text


def test_custom_columns():
    table = CustomTable(custom_columns("NAME:.metadata.name,KIND:{.kind},LABELS:metadata.labels"), headings=True)
    assert table.lines([A]) == ["NAME   KIND      LABELS", "a      Service   <none>"]
    assert table.lines([B]) == ["b      Service   <none>"]


def test_a_column_holds_all_that_its_path_finds():
    columns = custom_columns("PORTS:.ports[*].port")
    assert CustomTable(columns, headings=False).lines([{"ports": [{"port": 80}, {"port": 443}]}]) == ["80,443"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "custom-columns format specified but no custom columns given"),
        ("NAME", "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>"),
        ("NAME:", "unexpected path string, expected a 'name1.name2' or '.name1.name2' or"),
        ("NAME:{a}{b}", "unexpected path string, expected a 'name1.name2' or '.name1.name2' or"),
        ("NAME:.a[", "unterminated array"),
    ],
)
def test_wrong_columns_are_refused(spec: str, message: str):
    with pytest.raises(JSONPathError) as refused:
        custom_columns(spec)
    assert str(refused.value).startswith(message)


def service(name: str, port: int = 0, **spec: Any) -> Service:
    ports = (ServicePort(port=port),) if port else ()
    return Service(metadata=ObjectMeta(name=name), spec=ServiceSpec(ports=ports, **spec))


@pytest.mark.parametrize("path", [".metadata.name", "metadata.name", "{.metadata.name}"])
def test_numbers_in_names_sort_as_numbers(path: str):
    names = ["web-10", "web-2", "db", "web-2a"]
    assert [each.metadata.name for each in sorted_by(path, map(service, names))] == ["db", "web-2", "web-2a", "web-10"]


def test_what_lacks_the_field_comes_first():
    services = [service("b", 9), service("c"), service("a", 10)]
    assert [each.metadata.name for each in sorted_by(".spec.ports[0:1].port", services)] == ["c", "b", "a"]


def test_a_field_that_nobody_has_cannot_be_sorted_by():
    with pytest.raises(JSONPathError, match="couldn't find any field with path"):
        sorted_by(".spec.nowhere", [service("a")])
    assert sorted_by(".spec.nowhere", []) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.96.0.1", "10.96.0.1"),
        ("fd00::1", "fd00::1"),
        ("<none>", "<none>"),
        ("http", "http"),
        ("", '""'),
        ("80", '"80"'),
        ("true", '"true"'),
        ("no", '"no"'),
        ("y", '"y"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("1e3", '"1e3"'),
        ("0o17", '"0o17"'),
        ("0x1f", '"0x1f"'),
        ("1:30", '"1:30"'),
        ("2026-01-01", '"2026-01-01"'),
        ("a: b", "'a: b'"),
        ("*", "'*'"),
        ("# x", "'# x'"),
        (" x", "' x'"),
        (80, "80"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_yaml_quotes_what_would_be_read_as_something_else(value: Any, text: str):
    assert as_yaml({"a": value}) == f"a: {text}\n"


def test_yaml_is_laid_out_as_kubectl_does():
    shared = {"z": 1}
    assert as_yaml({"b": [shared, {"x": shared}], "a": "two\nlines"}) == (
        "a: |-\n  two\n  lines\nb:\n- z: 1\n- x:\n    z: 1\n"
    )
