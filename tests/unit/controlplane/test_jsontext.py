"""JSON as kubectl reads it; the texts of mistakes were seen of kubectl."""

import pytest

from controlplane.jsontext import looks_like_json, read_json
from controlplane.problems import Position


def data(text):
    reading = read_json(text, 100)
    assert reading.failure is None
    return [value.data for value in reading.values]


def test_only_an_object_makes_a_text_json():
    assert looks_like_json('\n {"kind": "Service"}')
    assert not looks_like_json("kind: Service")
    assert not looks_like_json("")


def test_values_may_follow_each_other():
    reading = read_json(' {"a": 1}{"b": [2]}\n{"c": {}}\n', 100)
    assert [(value.data, value.start) for value in reading.values] == [({"a": 1}, 1), ({"b": [2]}, 9), ({"c": {}}, 20)]
    assert reading.failure is None


@pytest.mark.parametrize(
    ("number", "value"),
    [("80", 80), ("80.0", 80), ("1e3", 1000), ("1.5", 1.5), ("123456789012345678901234", 123456789012345680000000.0)],
)
def test_numbers_without_a_fraction_are_integers(number, value):
    assert data(f'{{"a": {number}}}') == [{"a": value}]


def test_surrogate_pairs_are_one_character():
    assert data('{"a": "\\ud83d\\ude00"}') == [{"a": "\U0001f600"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "json: offset 9: invalid character '}' looking for beginning of object key string"),
        (
            '{"k": "X", # no\n "a": 1}',
            "json: offset 12: invalid character '#' looking for beginning of object key string",
        ),
        ('{\n"kind": "X"\n"b": 1}', "json: offset 15: invalid character '\"' after object key:value pair"),
        ('{"a": [1 2]}', "json: offset 10: invalid character '2' after array element"),
        ('{"x": {"y": "]"}, "a": [1,\n 2}\n]}', "json: offset 30: invalid character '}' after array element"),
        ('{"a" 1}', "json: offset 6: invalid character '1' after object key"),
        ('{"a": "b\nc"}', "json: offset 9: invalid character '\\n' in string literal"),
        ('{"a": "\\q"}', "json: offset 9: invalid character 'q' in string escape code"),
        ('{"a": X}', "json: offset 7: invalid character 'X' looking for beginning of value"),
        ('{"é": X}', "json: offset 8: invalid character 'X' looking for beginning of value"),
        ('{"a": 1', "unexpected EOF"),
        ('{"a": "b', "unexpected EOF"),
        ('{"a": NaN}', "json: invalid character 'N' looking for beginning of value"),
        ('{"a": 1e400}', "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ('{"a": 1, "b": 2, "a": 3}', 'json: key "a" already set in map'),
        ('{"a":' + "[" * 101 + "]" * 101 + "}", "json: exceeded max depth of 100"),
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "json: exceeded max depth of 100"),
    ],
)
def test_mistakes_are_told_in_the_words_of_go(text, message):
    failure = read_json(text, 100).failure
    assert failure is not None
    assert failure.message == message


def test_a_hundred_levels_are_not_too_deep():
    assert read_json('{"a":' + "[" * 99 + "]" * 99 + "}", 100).failure is None


def test_a_mistake_has_its_line_and_column():
    assert read_json('{"a": 1,\n "b": X}', 100).failure.position == Position(2, 7)
    assert read_json('{"a": 1}\n{"b": 1, "b": 2}', 100).failure.position == Position(2, 1)


def test_what_stands_before_a_mistake_is_read():
    reading = read_json('{"a": 1}}', 100)
    assert [value.data for value in reading.values] == [{"a": 1}]
    assert reading.failure.message == "json: offset 9: invalid character '}' looking for beginning of value"
