"""Addresses and CIDRs are read as Kubernetes 1.36 reads them (apimachinery `util/validation/ip_test.go`)."""

import pytest

from controlplane.netaddr import (
    INVALID_ADDRESS,
    INVALID_CIDR,
    LOOPBACK,
    Address,
    address_error,
    address_warning,
    canonical,
    cidr_error,
    cidr_warning,
    family_of,
    parse_address,
    parse_cidr,
    sloppy_cidr,
    special_purpose_errors,
)

LINK_LOCAL = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
MULTICAST = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"


@pytest.mark.parametrize(
    ("text", "family", "value"),
    [
        ("1.2.3.4", "IPv4", 0x01020304),
        ("0.0.0.0", "IPv4", 0),
        ("255.255.255.255", "IPv4", 0xFFFFFFFF),
        ("::", "IPv6", 0),
        ("::1", "IPv6", 1),
        ("1234::ABCD", "IPv6", 0x1234 << 112 | 0xABCD),
        ("0001:002:03:4::", "IPv6", 0x0001_0002_0003_0004 << 64),
        ("::1.2.3.4", "IPv6", 0x01020304),
    ],
)
def test_an_address_is_a_family_and_a_number(text, family, value):
    assert parse_address(text) == Address(family, value)
    assert address_error(text) == ""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1.1.1.01", "must not have leading 0s"),
        ("010.002.003.004", "must not have leading 0s"),
        ("1.2.3.00", "must not have leading 0s"),
        ("1.2.3.0004", "must not have leading 0s"),
        ("00001::", "must not have leading 0s"),
        ("::ffff:1.1.1.01", "must not have leading 0s"),
        ("::ffff:1.1.1.1", "must not be an IPv4-mapped IPv6 address"),
        ("::ffff:101:101", "must not be an IPv4-mapped IPv6 address"),
        *(
            (text, INVALID_ADDRESS)
            for text in (
                "", "aaaaaaa", "myhost.mydomain", "1.2.3.0/24", "1.2.3.400", "-1.0.0.0", "2001:db8::10005",
                "1.2.3.4:80", "[2001:db8::1]", "[2001:db8::1]:80", "example.com:80", "1234::abcd%eth0",
                "169.254.0.0%eth0", "1.2.3", "1.2.3.4.5", "1.2.3.", "1.2.3.²", "None",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_address_is_named(text, error):
    assert parse_address(text) is None
    assert address_error(text) == error


@pytest.mark.parametrize(
    ("text", "family", "spelling"),
    [
        ("10.0.0.1", "IPv4", "10.0.0.1"),
        ("010.0.0.01", "IPv4", "10.0.0.1"),
        ("::FFFF:10.0.0.1", "IPv4", "10.0.0.1"),
        ("2001:db8:0:0::2", "IPv6", "2001:db8::2"),
        ("nonsense", "", "nonsense"),
    ],
)
def test_an_address_has_one_spelling(text, family, spelling):
    assert family_of(text) == family
    assert canonical(text) == spelling


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("10.1.2.3", ()),
        ("2001:db8::1", ()),
        ("224.0.1.1", ()),
        ("0.0.0.0", ("may not be unspecified (0.0.0.0)",)),
        ("::", ("may not be unspecified (::)",)),
        ("127.0.0.1", (LOOPBACK,)),
        ("127.255.0.1", (LOOPBACK,)),
        ("::1", (LOOPBACK,)),
        ("::ffff:127.0.0.1", (LOOPBACK,)),
        ("169.254.169.254", (LINK_LOCAL,)),
        ("fe80::1", (LINK_LOCAL,)),
        ("febf::1", (LINK_LOCAL,)),
        ("224.0.0.9", (MULTICAST,)),
        ("ff02::1", (MULTICAST,)),
        ("ff12::1", (MULTICAST,)),
        ("host", ("must be a valid IP address",)),
    ],
)
def test_addresses_of_special_purpose_are_no_endpoints(text, errors):
    assert special_purpose_errors(text) == errors


@pytest.mark.parametrize(
    "text", ["1.0.0.0/8", "0.0.0.0/0", "1.1.1.1/32", "2001:4860:4860::/48", "::/0", "::1/128", "2001:DB8::/64"]
)
def test_a_cidr_is_a_network_with_a_length(text):
    assert cidr_error(text) == ""
    assert str(parse_cidr(text)) == text.lower()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1.1.01.0/24", "must not have leading 0s in IP or prefix length"),
        ("192.168.0.0/016", "must not have leading 0s in IP or prefix length"),
        ("::ffff:1.1.1.0/24", "must not have an IPv4-mapped IPv6 address"),
        ("::ffff:1.1.1.0/120", "must not have an IPv4-mapped IPv6 address"),
        ("::ffff:1.1.1.0/129", INVALID_CIDR),
        ("1.2.3.4/24", "must not have bits set beyond the prefix length"),
        ("10.0.0.5/24", "must not have bits set beyond the prefix length"),
        ("2001:db8::1/64", "must not have bits set beyond the prefix length"),
        *(
            (text, INVALID_CIDR)
            for text in (
                "", "aaaaaaa", "1.2.3.4", "192.168.0.1/healthz", "192.168.0.1/0/99", "192.168.0.0/-16",
                "192.168.0.0/+16", "1.2.3.0/33", "::/129", "1.2.3.0/", "fe80::1%eth0/64", "1.2.3.0/999999999",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_cidr_is_named(text, error):
    assert cidr_error(text) == error
    assert parse_cidr(text) is None


def test_the_bits_beyond_the_length_can_be_cleared():
    assert str(sloppy_cidr("10.1.2.3/8")) == "10.0.0.0/8"
    assert sloppy_cidr("10.1.2.3") is None


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("10.96.0.0/12", "10.100.0.0/16", True),
        ("10.100.0.0/16", "10.96.0.0/12", True),
        ("10.96.0.0/12", "10.244.0.0/16", False),
        ("10.96.0.0/12", "fd00::/108", False),
    ],
)
def test_ranges_overlap_when_one_holds_the_start_of_the_other(one, other, overlap):
    assert parse_cidr(one).overlaps(parse_cidr(other)) is overlap


def test_a_range_counts_its_addresses_and_finds_them_by_index():
    prefix = parse_cidr("10.96.0.0/24")
    assert prefix.size == 256
    assert str(prefix.address(10)) == "10.96.0.10"
    assert prefix.holds(parse_address("10.96.0.255"))
    assert not prefix.holds(parse_address("10.96.1.0"))


@pytest.mark.parametrize(
    ("text", "spelling"),
    [("2001:db8:0:0::2", "2001:db8::2"), ("2001:db8::2", None), ("10.0.0.1", None), ("010.0.0.1", None)],
)
def test_an_ipv6_address_in_another_spelling_is_warned_of(text, spelling):
    expected = f'spec.x: IPv6 address "{text}" should be in RFC 5952 canonical format ("{spelling}")'
    assert address_warning("spec.x", text) == (expected if spelling else "")


@pytest.mark.parametrize(
    ("text", "spelling"), [("2001:DB8::/64", "2001:db8::/64"), ("::/0", None), ("10.0.0.0/8", None)]
)
def test_an_ipv6_cidr_in_another_spelling_is_warned_of(text, spelling):
    expected = f'spec.x: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{spelling}")'
    assert cidr_warning("spec.x", text) == (expected if spelling else "")
