import pytest

from clusterless.configuration.bindaddress import BindAddress, bind_addresses, host_port, node_addresses
from proxy.hostfacts import HostAddress, HostFacts

FACTS = HostFacts(
    (
        HostAddress("127.0.0.1", 8, "lo"),
        HostAddress("10.240.0.4", 24, "eth0"),
        HostAddress("10.244.1.1", 32, "veth1"),
        HostAddress("10.244.1.1", 32, "veth2"),
        HostAddress("fe80::1", 64, "eth0"),
        HostAddress("2001:db8::4", 64, "eth0"),
    )
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.1", BindAddress("10.0.0.1", 53, is_added=False)),
        ("10.0.0.1:5353", BindAddress("10.0.0.1", 5353, is_added=False)),
        ("+10.0.0.1", BindAddress("10.0.0.1", 53, is_added=True)),
        ("2001:db8::1", BindAddress("2001:db8::1", 53, is_added=False)),
        ("[2001:DB8::1]", BindAddress("2001:db8::1", 53, is_added=False)),
        ("+[2001:db8::1]:5353", BindAddress("2001:db8::1", 5353, is_added=True)),
    ],
)
def test_dns_addresses_may_have_a_port_and_be_additions(value: str, expected: BindAddress):
    assert bind_addresses([value]) == (expected,)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("localhost", "localhost: must be an IP address, with a port or without"),
        ("", ": must be an IP address, with a port or without"),
        ("10.0.0.1:0", "10.0.0.1:0: no such port"),
        ("10.0.0.1:70000", "10.0.0.1:70000: no such port"),
        ("10.0.0.1:²", "10.0.0.1:²: no such port"),
        (
            "0.0.0.0:53",
            "0.0.0.0:53: a wildcard would answer on every cluster IP; name the addresses, repeating the flag",
        ),
    ],
)
def test_a_wrong_dns_address_is_refused_with_a_sentence(value: str, sentence: str):
    with pytest.raises(ValueError, match=r".*") as caught:
        bind_addresses([value])
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("127.0.0.1:10249", ("127.0.0.1", 10249)),
        ("[::]:10256", ("::", 10256)),
        (":10256", ("", 10256)),
        ("*:10256", ("*", 10256)),
    ],
)
def test_a_server_has_an_address_and_a_port_or_is_off(value: str, expected: tuple[str, int] | None):
    assert host_port(value) == expected


@pytest.mark.parametrize("value", ["10256", "localhost:80", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1"])
def test_what_is_no_address_with_a_port_is_refused(value: str):
    with pytest.raises(ValueError, match="must be IP:port"):
        host_port(value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7", ("192.0.2.7",)),
        ("0.0.0.0", ("127.0.0.1", "10.240.0.4", "10.244.1.1", "2001:db8::4")),
        ("::", ("127.0.0.1", "10.240.0.4", "10.244.1.1", "2001:db8::4")),
        ("", ("127.0.0.1", "10.240.0.4", "10.244.1.1", "2001:db8::4")),
    ],
)
def test_a_wildcard_stands_for_the_nodes_own_addresses_each_once(host: str, expected: tuple[str, ...]):
    assert node_addresses(host, FACTS) == expected


def test_a_wildcard_leaves_addresses_to_the_services_that_have_the_port():
    assert node_addresses("0.0.0.0", FACTS, ["10.240.0.4"]) == ("127.0.0.1", "10.244.1.1", "2001:db8::4")
    assert node_addresses("10.240.0.4", FACTS, ["10.240.0.4"]) == ("10.240.0.4",)
