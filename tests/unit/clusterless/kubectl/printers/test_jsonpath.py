"""kubectl's JSONPath: templates, what they find, and what is said of those that are wrong."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from clusterless.kubectl.printers.jsonpath import render
from clusterless.kubectl.printers.jsonpathnodes import JSONPathError
from clusterless.kubectl.printers.jsonpathparse import parse_template

WEB = {
    "kind": "Service",
    "metadata": {"name": "web", "labels": {"app": "web", "app.kubernetes.io/part-of": "shop"}},
    "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}]},
}
DB = {"kind": "Service", "metadata": {"name": "db"}, "spec": {"type": "ClusterIP", "ports": [{"port": 5432}]}}
LIST = {"kind": "List", "items": [WEB, DB], "ready": True, "nothing": None, "ratio": 0.5}


def text(template: str, value: Any = LIST) -> str:
    return render(parse_template(template), value)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain text", "plain text"),
        ("{.kind}", "List"),
        ("{$.kind}", "List"),
        ("{@.kind}", "List"),
        ("kind: {.kind}!", "kind: List!"),
        ("{.items[0].metadata.name}", "web"),
        ("{.items[-1].metadata.name}", "db"),
        ("{.items[-2:-1].metadata.name}", "web"),
        ("{.items[*].metadata.name}", "web db"),
        ("{.items[:].metadata.name}", "web db"),
        ("{.items[0:1].metadata.name}", "web"),
        ("{.items[1:].metadata.name}", "db"),
        ("{.items[::2].metadata.name}", "web"),
        ("{.items[0,1].metadata.name}", "web db"),
        ("{.items[*]['metadata.name', 'spec.type']}", "web db NodePort ClusterIP"),
        ("{.items[0]['metadata']['name']}", "web"),
        ("{.items[0].metadata.labels.app\\.kubernetes\\.io/part-of}", "shop"),
        ("{.items[0].metadata.labels['app\\.kubernetes\\.io/part-of']}", "shop"),
        ("{.items[0].spec.ports[*].port}", "80 443"),
        ("{.items[0].metadata.*}", 'web {"app":"web","app.kubernetes.io/part-of":"shop"}'),
        ("{..port}", "80 443 5432"),
        ("{.items[*]..name}", "web http https db"),
        ('{.items[?(@.spec.type=="NodePort")].metadata.name}', "web"),
        ("{.items[?(@.spec.type!='NodePort')].metadata.name}", "db"),
        ('{.items[?(@.metadata.labels.app=="web")].kind}', "Service"),
        ("{.items[?(@.metadata.labels)].metadata.name}", "web"),
        ("{.items[0].spec.ports[?(@.port>80)].name}", "https"),
        ("{.items[0].spec.ports[?(@.port<=80)].name}", "http"),
        ('{.items[0].spec.ports[?(@.name=="a)b")].name}', ""),
        ("{range .items[*]}{.metadata.name}{end}", "webdb"),
        ('{range .items[*]}{.metadata.name}{"\\t"}{.spec.type}{"\\n"}{end}', "web\tNodePort\ndb\tClusterIP\n"),
        ("{range .items[*]}{.metadata.name}:{range .spec.ports[*]}{.port},{end};{end}.", "web:80,443,;db:5432,;."),
        ("{range .nowhere[*]}x{end}y", "y"),
        ("{range .items[*]}{.metadata.name} ", "web db "),
        ("{.ready} {.nothing} {.ratio}", "true null 0.5"),
        ("{.nowhere}", ""),
        ("{.kind.deeper}", ""),
        ("{'quoted'}{\"twice\"}", "quotedtwice"),
        ("{1}{-2.5}{true}", "1-2.5true"),
        ("{.items[1].spec}", '{"ports":[{"port":5432}],"type":"ClusterIP"}'),
        ("{.items[0:0]}", ""),
        ("", ""),
    ],
)
def test_a_template_is_filled(template: str, expected: str):
    assert text(template) == expected


def test_what_html_would_take_is_escaped_as_gos_json_does():
    assert text("{.a}", {"a": {"b": "<&>"}}) == '{"b":"\\u003c\\u0026\\u003e"}'
    assert text("{.a.b}", {"a": {"b": "<&>"}}) == "<&>"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.kind", "unclosed action"),
        ("{.kind\n}", "unclosed action"),
        ("{.items[0", "unterminated array"),
        ("{.items[x]}", "invalid array index x"),
        ("{.items[-]}", "array index - is not a number"),
        ("{.items[?(@.a}", "unterminated filter"),
        ("{.items[?(@.a)}", "unclosed array expect ]"),
        ('{"open}', "unterminated quoted string"),
        ("{....}", "invalid multiple recursive descent"),
        ("{%}", "unrecognized character in action: U+0025 '%'"),
        ("{1.2.3}", "cannot parse number 1.2.3"),
        ("{.kind}{end}", "not in range, nothing to end"),
    ],
)
def test_a_template_that_is_wrong_is_refused_in_kubectls_words(template: str, message: str):
    with pytest.raises(JSONPathError) as refused:
        parse_template(template)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.items[2]}", "array index out of bounds: index 2, length 2"),
        ("{.items[-3]}", "array index out of bounds: index -1, length 2"),
        ("{.items[0:3]}", "array index out of bounds: index 2, length 2"),
        ("{.items[1:0]}", "starting index 1 is greater than ending index 0"),
        ("{.items[0:2:0]}", "step must be > 0"),
        ("{.kind[0]}", "string is not array or slice"),
        ("{.items[0].metadata[?(@.a)]}", None),
        ("{.items[?(@.spec.ports[*].port==80)]}", "can only compare one element at a time"),
        ("{.items[?(@.kind=~'x')]}", "unrecognized character in action: U+007E '~'"),
        ("{.items[?(@.kind===1)]}", "unrecognized filter operator ==="),
        ("{.items[?(@.kind==1)]}", "incompatible types for comparison"),
        ("{unheard}", "unrecognized identifier unheard"),
    ],
)
def test_what_cannot_be_found_is_told_in_kubectls_words(template: str, message: str | None):
    with pytest.raises(JSONPathError) as refused:
        text(template)
    if message is not None:
        assert str(refused.value) == message
    else:
        assert str(refused.value).endswith("is not array or slice and cannot be filtered")


PIECES = (
    *"{}[]()?@$.*:,=!<>+-_ \t\n'\"\\%",
    *("..", "a", "b", "range ", "end", "0", "-1", "1.5", "true", "[?(@.b==1)]", "{range .a[*]}", "{end}", "[*]"),
)


@given(strategies.lists(strategies.sampled_from(PIECES), max_size=12).map("".join))
@settings(deadline=None)
def test_whatever_is_written_is_filled_or_refused(template: str):
    value = {"a": [{"b": 1}, {"b": None, "c": [True, ["x"], {}]}], "b": "text"}
    for written in (template, f"{{{template}}}"):
        with contextlib.suppress(JSONPathError):
            text(written, value)
