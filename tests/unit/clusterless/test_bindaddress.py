"""Addresses to listen on: how they are written, and what a wildcard stands for."""

import pytest

from clusterless.bindaddress import BindAddress, bind_addresses, host_port, node_addresses
from proxy.hostfacts import HostAddress, HostFacts

FACTS = HostFacts(
    (
        HostAddress("127.0.0.1", 8, "lo"),
        HostAddress("10.0.0.5", 24, "eth0"),
        HostAddress("fd00::5", 64, "eth0"),
        HostAddress("fe80::1", 64, "eth0"),
        HostAddress("10.0.0.5", 32, "eth1"),
    )
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.53", BindAddress("10.0.0.53", 53, is_added=False)),
        ("10.0.0.53:5353", BindAddress("10.0.0.53", 5353, is_added=False)),
        ("+10.0.0.53", BindAddress("10.0.0.53", 53, is_added=True)),
        ("fd00::53", BindAddress("fd00::53", 53, is_added=False)),
        ("[fd00::53]", BindAddress("fd00::53", 53, is_added=False)),
        ("+[fd00:0::53]:5353", BindAddress("fd00::53", 5353, is_added=True)),
    ],
)
def test_a_dns_address_may_have_a_port_and_a_plus(value: str, expected: BindAddress):
    assert bind_addresses([value]) == (expected,)


@pytest.mark.parametrize("value", ["dns.example", "10.0.0.53:0", "10.0.0.53:x", "10.0.0.53:70000", "0.0.0.0", "::", ""])
def test_what_is_no_dns_address_is_refused(value: str):
    with pytest.raises(ValueError, match=r"must be|no such port|wildcard"):
        bind_addresses([value])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("127.0.0.1:10249", ("127.0.0.1", 10249)), ("[::1]:80", ("::1", 80)), (":8080", ("", 8080))],
)
def test_an_address_with_its_port(text: str, expected: tuple[str, int] | None):
    assert host_port(text) == expected


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "localhost:80"])
def test_what_has_no_port_or_no_address_is_refused(text: str):
    with pytest.raises(ValueError, match="must be IP:port"):
        host_port(text)


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("10.9.9.9", ("10.9.9.9",)),
        ("0.0.0.0", ("127.0.0.1", "10.0.0.5")),
        ("::", ("127.0.0.1", "10.0.0.5", "fd00::5")),
        ("", ("127.0.0.1", "10.0.0.5", "fd00::5")),
    ],
)
def test_a_wildcard_stands_for_the_nodes_own_addresses(host: str, addresses: tuple[str, ...]):
    assert node_addresses(host, FACTS) == addresses
