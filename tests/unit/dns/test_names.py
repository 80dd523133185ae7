import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dns.names import from_text, is_within, lower, to_text, wire_length
from dns.podnames import address_of_label
from dns.reversal import address_of, is_reverse, reverse_name

LABELS = st.lists(st.binary(min_size=1, max_size=30), max_size=8).map(tuple)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", ()),
        (".", ()),
        ("cluster.local", (b"cluster", b"local")),
        ("cluster.local.", (b"cluster", b"local")),
        ("Web.Shop", (b"Web", b"Shop")),
        (r"a\.b.c", (b"a.b", b"c")),
        (r"a\046b.c", (b"a.b", b"c")),
        (r"\000\255", (b"\0\xff",)),
        (r"\\.x", (b"\\", b"x")),
        ("a" * 63, (b"a" * 63,)),
    ],
)
def test_text_becomes_labels(text, name):
    assert from_text(text) == name


@pytest.mark.parametrize(
    "text", ["a..b", ".a", "..", "a" * 64, ".".join(["a" * 49] * 6), r"\256", "a\\", r"\12", "naïve.example"]
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        from_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ((), "."),
        ((b"web", b"shop"), "web.shop."),
        ((b"_http", b"a-b"), "_http.a-b."),
        ((b"a.b", b'"(\\'), r"a\.b.\"\(\\."),
        ((b"\0 \xff",), r"\000\032\255."),
    ],
)
def test_labels_become_text(name, text):
    assert to_text(name) == text


@given(LABELS)
def test_text_and_labels_are_the_same_name(name):
    assert from_text(to_text(name)) == name


@given(LABELS)
def test_a_name_is_within_itself_its_parents_and_the_root(name):
    assert all(is_within(name, name[start:]) for start in range(len(name) + 1))
    assert not is_within(name[1:], name) or not name


def test_a_name_is_not_within_what_it_only_looks_like():
    assert not is_within((b"mycluster", b"local"), (b"cluster", b"local"))
    assert not is_within((b"x.cluster", b"local"), (b"cluster", b"local"))


def test_only_ascii_letters_are_lowered():
    assert lower((b"WEB", b"\xc4")) == (b"web", b"\xc4")


def test_the_longest_name_takes_255_octets():
    name = from_text(".".join(["a" * 63] * 3 + ["b" * 61]))
    assert wire_length(name) == 255


@given(st.ip_addresses())
def test_reverse_names_stand_for_their_addresses(address):
    name = reverse_name(str(address))
    assert address_of(name) == str(address)
    assert is_reverse(name)


@pytest.mark.parametrize(
    "text",
    [
        "arpa",
        "in-addr.arpa",
        "10.in-addr.arpa",
        "1.2.3.4.5.in-addr.arpa",
        "a.2.3.4.in-addr.arpa",
        "1000.2.3.4.in-addr.arpa",
        "00.2.3.4.in-addr.arpa",
        r"\178.2.3.4.in-addr.arpa",
        "ip6.arpa",
        ".".join(["0"] * 31) + ".ip6.arpa",
        ".".join(["00"] * 32) + ".ip6.arpa",
        ".".join(["x"] * 32) + ".ip6.arpa",
        "1.2.3.4.cluster.local",
    ],
)
def test_other_names_stand_for_no_address(text):
    assert address_of(from_text(text)) is None


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("10-0-0-1", "10.0.0.1"),
        ("fd00--1", "fd00::1"),
        ("fd00-0-0-0-0-0-0-1", "fd00:0:0:0:0:0:0:1"),
        ("--1", "::1"),
        ("10-0-0", None),
        ("10-0-0-256", None),
        ("a-b-c-d", None),
        ("fe80--1%1", None),
        ("10.0.0.1", None),
        ("web", None),
    ],
)
def test_a_pods_label_spells_its_address(label, address):
    assert address_of_label(label) == address
    assert address is None or ipaddress.ip_address(address)
