"""YAML as kubectl reads it; texts and their line numbers were seen of kubectl 1.32."""

import pytest

from controlplane.manifests_yaml import compose
from controlplane.problems import Position

CONVERTING = "error converting YAML to JSON: "


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("---\n", None),
        ("a: 1\n...\nb: 2\n", {"a": 1}),
        ("a: b\n%YAML 1.2\n", {"a": "b"}),
        ("- 1.5\n- 2.0\n", [1.5, 2]),
        ("- a\n- [b, {c: d}]\n", ["a", ["b", {"c": "d"}]]),
        ("a: '1'\nb: \"yes\"\nc: |\n  2\nd: ! 5\ne: !!str 4\n", {"a": "1", "b": "yes", "c": "2\n", "d": "5", "e": "4"}),
        (
            "a: 80:30\nb: 0777\nc: yes\nd: =\ne: 2001-01-01\n",
            {"a": "80:30", "b": 511, "c": True, "d": "=", "e": "2001-01-01"},
        ),
        ("a: 1e3\n1e3: a\n", {"a": 1000, "1000": "a"}),
        ("labels: {8080: x, yes: w, 1.5: z}\n", {"labels": {"8080": "x", "true": "w", "1.5": "z"}}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", {"a": 1, "b": 1, "c": 2, "d": 2}),
        ("&k a: 1\nz: {*k : 3}\n", {"a": 1, "z": {"a": 3}}),
        ("x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  b: 3\n", {"x": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}}),
        ("x: &x {b: 2}\nz:\n  b: 3\n  <<: *x\n", {"x": {"b": 2}, "z": {"b": 2}}),
        ("z:\n  <<: [{a: 1}, {a: 2, b: 2}]\n", {"z": {"a": 1, "b": 2}}),
        ('"<<": 3\n', {"<<": 3}),
        ("a: !!foo x\n", {"a": "x"}),
    ],
)
def test_documents_are_read_as_kubectl_reads_them(text, data):
    composition = compose(text)
    assert composition.failures == ()
    assert composition.data == data


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("kind: X\nspec:\n  a: b: c\n", "yaml: line 3: mapping values are not allowed in this context", (3, 7)),
        ("a: b: c\n", "yaml: mapping values are not allowed in this context", (1, 5)),
        ("a:\n\tname: x\n", "yaml: line 2: found character that cannot start any token", (2, 1)),
        ("a: 1\nb: [1,\n2\nc: d\n", "yaml: line 3: did not find expected ',' or ']'", (4, 2)),
        ('a: "x\n\n\n', "yaml: line 4: found unexpected end of stream", (4, 1)),
        ("a:\n  b: 1\n c: 2\n", "yaml: line 2: did not find expected key", (3, 2)),
        ("a: *\n", "yaml: did not find expected alphabetic or numeric character", (1, 5)),
        ("a: 1\nip: ***.***\n", "yaml: line 2: did not find expected alphabetic or numeric character", (2, 6)),
        ("a: @x\n", "yaml: found character that cannot start any token", (1, 4)),
        ('a: "\\q"\n', "yaml: found unknown escape character", (1, 5)),
        ("- a\nb: c\n", "yaml: line 1: did not find expected '-' indicator", (2, 1)),
        ("kind: X\nx\ny: 1\n", "yaml: line 3: could not find expected ':'", (3, 1)),
        ("a: é\n\x01c: d\n", "yaml: control characters are not allowed", (2, 1)),
        ("a: &x 1\nb: *y\n", "yaml: unknown anchor 'y' referenced", (2, 4)),
        ("a: &a [*a]\n", "yaml: anchor 'a' value contains itself", (1, 8)),
        ("? [a, b]\n: c\n", 'yaml: invalid map key: []interface {}{"a", "b"}', (1, 3)),
        (
            "kind: X\nname: {{ .Values.name }}\n",
            'yaml: invalid map key: map[interface {}]interface {}{".Values.name":interface {}(nil)}',
            (2, 8),
        ),
        ("~: c\n", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "c"', (1, 1)),
        (
            "12345678901234567890: g\n",
            'unsupported map key of type: uint64, key: 0xab54a98ceb1f0ad2, value: "g"',
            (1, 1),
        ),
        ("a: .inf\n", "json: unsupported value: +Inf", (1, 4)),
        ("a: [-.inf]\n", "json: unsupported value: -Inf", (1, 5)),
        ("a: .nan\n", "json: unsupported value: NaN", (1, 4)),
        ("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int", (1, 4)),
        ("<<: 3\n", "yaml: map merge requires map or sequence of maps as the value", (1, 1)),
        ("x: &x [{a: 1}]\ny:\n  <<: *x\n", "yaml: map merge requires map or sequence of maps as the value", (3, 3)),
        ("a:\n  b: 1\n  b: 2\n", 'yaml: unmarshal errors:\n  line 3: key "b" already set in map', (3, 3)),
        ("8080: a\n'8080': b\n", 'yaml: unmarshal errors:\n  line 2: key "8080" already set in map', (2, 1)),
        ("[" * 101, "yaml: exceeded max depth of 100", (1, 101)),
        ("- " * 100_000, "yaml: exceeded max depth of 100", (1, 201)),
    ],
)
def test_mistakes_are_told_in_kubectls_words_and_with_our_place(text, message, position):
    (failure,) = compose(text).failures
    assert failure.message == CONVERTING + message
    assert failure.position == Position(*position)


def test_every_key_that_stands_twice_is_told():
    failures = compose("a: 1\na: 2\nb:\n- c: 1\n  c: 2\n").failures
    assert [failure.position for failure in failures] == [Position(2, 1), Position(5, 3)]


def test_a_hundred_levels_are_not_too_deep():
    assert compose("[" * 100 + "]" * 100).failures == ()


def bomb(levels: int, width: int) -> str:
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


def test_an_alias_bomb_is_refused_before_it_is_large():
    (failure,) = compose(bomb(levels=20, width=9)).failures
    assert failure.message == CONVERTING + "yaml: document contains excessive aliasing"


def test_a_few_aliases_are_no_bomb():
    assert compose(bomb(levels=3, width=3)).failures == ()


def test_a_long_document_may_have_a_hundred_aliased_nodes_for_one_of_its_own():
    text = "base: &base {a: 1}\nuses:\n" + "- *base\n" * 2000
    assert compose(text).failures == ()


def test_a_very_large_document_may_have_fewer_aliases():
    base = "base: &base [" + ", ".join(["x"] * 1000) + "]\n"
    assert compose(base + "uses: [" + ", ".join(["*base"] * 500) + "]").failures != ()


def test_places_are_those_of_keys_and_items():
    composition = compose("spec:\n  ports:\n  - port: 80\n  - {port: 81}\n", with_places=True)
    spec = composition.data["spec"]
    assert composition.places[id(spec)] == {"ports": Position(2, 3)}
    assert composition.places[id(spec["ports"])] == [Position(3, 5), Position(4, 5)]
    assert composition.first == Position(1, 1)
