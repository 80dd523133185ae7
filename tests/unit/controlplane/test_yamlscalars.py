"""What a YAML scalar stands for; every expectation was seen of go-yaml v2.4 through sigs.k8s.io/yaml 1.6."""

import math

import pytest

from controlplane.yamlscalars import go_syntax, integral, key_text, resolve_plain, resolve_tagged


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80:30", "80:30"),
        ("190:20:30", "190:20:30"),
        ("2001-01-01", "2001-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("=", "="),
        ("web", "web"),
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("yes", True),
        ("y", True),
        ("On", True),
        ("oN", "oN"),
        ("n", False),
        ("off", False),
        ("False", False),
        ("8080", 8080),
        ("0777", 511),
        ("-0777", -511),
        ("0o17", 15),
        ("08", 8.0),
        ("0x1F", 31),
        ("0X1f", 31),
        ("+0x10", 16),
        ("0b11", 3),
        ("-0b11", -3),
        ("0b2", "0b2"),
        ("1_000", 1000),
        ("1__0", 10),
        ("_1", "_1"),
        ("+5", 5),
        ("-", "-"),
        ("0", 0),
        ("-0", 0),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        (".1_0", 0.1),
        ("._1", "._1"),
        (".e", ".e"),
        ("1e3", 1000.0),
        ("1E+5", 100000.0),
        ("1e400", "1e400"),
        ("0x1p4", "0x1p4"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 1.8446744073709552e19),
        ("-9223372036854775809", -9.223372036854776e18),
        ("10.96.0.10", "10.96.0.10"),
        ("9" * 1000, "9" * 1000),
    ],
)
def test_plain_scalars_are_read_as_kubectl_reads_them(text, value):
    assert resolve_plain(text) == value
    assert type(resolve_plain(text)) is type(value)


def test_not_a_number_is_a_float():
    assert math.isnan(resolve_plain(".NaN"))


@pytest.mark.parametrize(
    ("number", "in_json"),
    [(1000.0, 1000), (1.5, 1.5), (1e20, 10**20), (1e21, 1e21), (-9.223372036854776e18, -9223372036854776000)],
)
def test_a_float_without_fraction_reaches_the_api_server_as_an_integer(number, in_json):
    assert integral(number) == in_json
    assert type(integral(number)) is type(in_json)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("int", "3", 3),
        ("float", "3", 3),
        ("float", "1.5", 1.5),
        ("bool", "yes", True),
        ("null", "~", None),
        ("timestamp", "2001-01-01", "2001-01-01"),
        ("str", "4", "4"),
        ("binary", "aGk=", "hi"),
        ("binary", "a\nGk=", "hi"),
        ("foo", "x", "x"),
    ],
)
def test_tagged_scalars_have_the_type_of_their_tag(tag, text, value):
    assert resolve_tagged(f"tag:yaml.org,2002:{tag}", text) == value


@pytest.mark.parametrize(
    ("tag", "text", "message"),
    [
        ("int", "x", "cannot decode !!str `x` as a !!int"),
        ("int", "1.5", "cannot decode !!float `1.5` as a !!int"),
        ("bool", "3", "cannot decode !!int `3` as a !!bool"),
        ("null", "no", "cannot decode !!bool `no` as a !!null"),
        ("float", "~", "cannot decode !!null `~` as a !!float"),
        ("binary", "!", "!!binary value contains invalid base64 data"),
    ],
)
def test_a_scalar_that_is_not_of_its_tag_is_refused_in_the_words_of_go_yaml(tag, text, message):
    with pytest.raises(ValueError, match="^" + message.replace("!", "[!]").replace("`", "[`]") + "$"):
        resolve_tagged(f"tag:yaml.org,2002:{tag}", text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("8080", "8080"),
        ("0x10", "16"),
        ("yes", "true"),
        ("off", "false"),
        ("1.0", "1"),
        ("1.23456789", "1.2345679"),
        ("1e-5", "1e-05"),
        ("3E7", "3e+07"),
        ("26E7", "2.6e+08"),
        ("1e39", ".inf"),
        ("-.inf", "-.inf"),
        ("-1e39", "-.inf"),
        (".nan", ".nan"),
        ("app", "app"),
        ("~", None),
        ("12345678901234567890", None),
    ],
)
def test_keys_become_the_strings_that_json_wants(text, key):
    assert key_text(resolve_plain(text)) == key


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([], "[]interface {}{}"),
        (["a", 1, True, False, None], '[]interface {}{"a", 1, true, false, interface {}(nil)}'),
        ({".Values.name": None}, 'map[interface {}]interface {}{".Values.name":interface {}(nil)}'),
        ('a"b\\c\n\t', '"a\\"b\\\\c\\n\\t"'),
    ],
)
def test_values_are_shown_in_go_syntax(value, shown):
    assert go_syntax(value) == shown
