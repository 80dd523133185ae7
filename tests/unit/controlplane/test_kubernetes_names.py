"""Names follow the rules, and broken ones get the words, of apimachinery's `util/validation`."""

import pytest

from controlplane import names

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
KEY = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("web", ()),
        ("1web", ()),
        ("a" * 63, ()),
        ("", (LABEL,)),
        ("Web", (LABEL,)),
        ("web-", (LABEL,)),
        ("my_web", (LABEL,)),
        ("web\n", (LABEL,)),
        ("web.default", ("must not contain dots",)),
        ("a" * 64, ("must be no more than 63 characters",)),
        ("ä" * 32, ("must be no more than 63 characters", LABEL)),  # 64 bytes
    ],
)
def test_dns_1123_label(value, errors):
    assert names.dns_1123_label(value) == errors


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("web.example.com", ()),
        ("10.1.2.3", ()),  # an address passes for a name
        ("My_host", (SUBDOMAIN,)),
        ("a..b", (SUBDOMAIN,)),
        ("a" * 254, ("must be no more than 253 characters",)),
    ],
)
def test_dns_1123_subdomain(value, errors):
    assert names.dns_1123_subdomain(value) == errors


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("http", ()),
        ("80x", ()),
        ("a-very-long-port", ("must be no more than 15 characters",)),
        ("http_alt", ("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",)),
        ("8080", ("must contain at least one letter (a-z)",)),
        ("a--b", ("must not contain consecutive hyphens",)),
        ("-a", ("must not begin or end with a hyphen",)),
        ("a-", ("must not begin or end with a hyphen",)),
        (
            "",
            (
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                "must contain at least one letter (a-z)",
            ),
        ),
    ],
)
def test_port_name(value, errors):
    assert names.port_name(value) == errors


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("app", ()),
        ("app.kubernetes.io/name", ()),
        ("kubernetes.io/h2c", ()),
        ("", ("name part must be non-empty", f"name part {KEY}")),
        ("a" * 64, ("name part must be no more than 63 bytes",)),
        ("my app", (f"name part {KEY}",)),
        ("/app", ("prefix part must be non-empty",)),
        ("Example.com/app", (f"prefix part {SUBDOMAIN}",)),
        ("a" * 254 + "/app", ("prefix part must be no more than 253 bytes",)),
        (
            "a/b/c",
            (f"a valid label key {KEY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",),
        ),
    ],
)
def test_qualified_name(value, errors):
    assert names.qualified_name(value) == errors


@pytest.mark.parametrize(
    ("value", "errors"),
    [("", ()), ("v1.2_3", ()), ("a b", (VALUE,)), ("a" * 64, ("must be no more than 63 bytes",))],
)
def test_label_value(value, errors):
    assert names.label_value(value) == errors
