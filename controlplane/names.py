"""Pure: the rules for names, labels and port names, with Kubernetes' words for what is wrong.

Each function takes a value and returns the messages about it, `()` if it is good; a caller wraps them in FieldErrors.
Sources: apimachinery `util/validation/validation.go` and `api/validate/content`. Lengths count bytes, as in Go.
"""

import re
from collections.abc import Callable
from functools import lru_cache

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_KEY = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_KEY})?"

_SEARCHED_LABEL = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCHED = rf"{_SEARCHED_LABEL}(\.{_SEARCHED_LABEL})*"

_MATCH_SEARCHED = re.compile(_SEARCHED)
_MATCH_LABEL = re.compile(_LABEL)
_MATCH_SUBDOMAIN = re.compile(_SUBDOMAIN)
_MATCH_KEY = re.compile(_KEY)
_MATCH_VALUE = re.compile(_VALUE)
_MATCH_PORT = re.compile(r"[-a-z0-9]+")
_MATCH_LETTER = re.compile(r"[a-z]")

LABEL_LENGTH = 63  # RFC 1035, 2.3.4
SUBDOMAIN_LENGTH = 253  # RFC 1035, 2.3.4, without the length bytes at both ends
PORT_NAME_LENGTH = 15  # RFC 6335, 5.1
_CACHE = 1 << 14

Rule = Callable[[str], tuple[str, ...]]  # what all functions here are


def _regex_error(message: str, regex: str, *examples: str) -> str:
    samples = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {samples}regex used for validation is '{regex}')"


_LABEL_ERROR = _regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
    " and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_ERROR = _regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_SEARCHED_ERROR = _regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.',"
    " and must start and end with an alphanumeric character",
    _SEARCHED,
    "example.com",
)
_KEY_ERROR = _regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _KEY,
    "MyName",
    "my.name",
    "123-abc",
)
_VALUE_ERROR = _regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character",
    _VALUE,
    "MyValue",
    "my_value",
    "12345",
)


def _too_long(value: str, most: int, unit: str = "characters") -> tuple[str, ...]:
    if len(value) <= most and (value.isascii() or len(value.encode(errors="surrogatepass")) <= most):
        return ()
    return (f"must be no more than {most} {unit}",)


@lru_cache(maxsize=_CACHE)
def dns_1123_label(value: str) -> tuple[str, ...]:
    """A name that is one DNS label: a namespace, a Service since 1.36, a port of a Service, a hostname."""
    errors = _too_long(value, LABEL_LENGTH)
    if _MATCH_LABEL.fullmatch(value):
        return errors
    if _MATCH_SUBDOMAIN.fullmatch(value):
        return (*errors, "must not contain dots")
    return (*errors, _LABEL_ERROR)


@lru_cache(maxsize=_CACHE)
def dns_1123_subdomain(value: str) -> tuple[str, ...]:
    """A name of DNS labels with dots between: most objects, nodes, an external name."""
    errors = _too_long(value, SUBDOMAIN_LENGTH)
    return errors if _MATCH_SUBDOMAIN.fullmatch(value) else (*errors, _SUBDOMAIN_ERROR)


def dns_search_path(value: str) -> tuple[str, ...]:
    """A suffix that a pod's resolver tries: labels may have underscores, and `.` is the root."""
    if value == ".":
        return ()
    errors = _too_long(value, SUBDOMAIN_LENGTH)
    return errors if _MATCH_SEARCHED.fullmatch(value.removesuffix(".")) else (*errors, _SEARCHED_ERROR)


@lru_cache(maxsize=_CACHE)
def port_name(value: str) -> tuple[str, ...]:
    """An IANA service name (RFC 6335): the port of a container, a named targetPort."""
    hyphen_at_end = value.startswith("-") or value.endswith("-")
    checks = (
        (not _MATCH_PORT.fullmatch(value), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (not _MATCH_LETTER.search(value), "must contain at least one letter (a-z)"),
        ("--" in value, "must not contain consecutive hyphens"),
        (hyphen_at_end, "must not begin or end with a hyphen"),
    )
    return _too_long(value, PORT_NAME_LENGTH) + tuple(message for broken, message in checks if broken)


@lru_cache(maxsize=_CACHE)
def qualified_name(value: str) -> tuple[str, ...]:
    """A label's key, an annotation's, an appProtocol, a loadBalancerClass: a name, with a DNS prefix or without."""
    parts = value.split("/")
    if len(parts) > 2:
        return (
            f"a valid label key {_KEY_ERROR} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        )
    return (_prefix_errors(parts[0]) if len(parts) == 2 else ()) + _name_part_errors(parts[-1])


def _prefix_errors(prefix: str) -> tuple[str, ...]:
    if not prefix:
        return ("prefix part must be non-empty",)
    errors = _too_long(prefix, SUBDOMAIN_LENGTH, "bytes")
    if not _MATCH_SUBDOMAIN.fullmatch(prefix):
        errors = (*errors, _SUBDOMAIN_ERROR)
    return tuple(f"prefix part {error}" for error in errors)


def _name_part_errors(name: str) -> tuple[str, ...]:
    errors = _too_long(name, LABEL_LENGTH, "bytes") if name else ("must be non-empty",)
    if not _MATCH_KEY.fullmatch(name):
        errors = (*errors, _KEY_ERROR)
    return tuple(f"name part {error}" for error in errors)


@lru_cache(maxsize=_CACHE)
def label_value(value: str) -> tuple[str, ...]:
    """The value of a label."""
    errors = _too_long(value, LABEL_LENGTH, "bytes")
    return errors if _MATCH_VALUE.fullmatch(value) else (*errors, _VALUE_ERROR)
