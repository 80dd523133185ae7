import pytest

from proxy.nodeports import node_port_addresses, node_port_addresses_errors, without_loopback

PRIMARY = ("192.168.0.2",)
OWN = ("127.0.0.1", "192.168.0.2", "10.9.0.2")
DUAL_PRIMARY = ("192.168.0.2", "fd00::2")
DUAL_OWN = ("127.0.0.1", "192.168.0.2", "10.9.0.2", "::1", "fd00::2", "fe80::2")


@pytest.mark.parametrize(
    ("setting", "primary", "own", "expected"),
    [
        pytest.param((), PRIMARY, OWN, ["192.168.0.2", "127.0.0.1"], id="the default is primary and localhost"),
        pytest.param(
            (), DUAL_PRIMARY, DUAL_OWN, ["192.168.0.2", "fd00::2", "127.0.0.1", "::1"], id="localhost has both families"
        ),
        pytest.param(("primary",), PRIMARY, OWN, ["192.168.0.2"], id="primary"),
        pytest.param(("localhost",), PRIMARY, OWN, ["127.0.0.1"], id="localhost"),
        pytest.param(("10.0.0.0/8",), PRIMARY, OWN, ["10.9.0.2"], id="a CIDR filters the host's addresses"),
        pytest.param(
            ("10.0.0.0/8", "localhost"), PRIMARY, OWN, ["10.9.0.2", "127.0.0.1"], id="localhost beside a CIDR"
        ),
        pytest.param(("0.0.0.0/0",), PRIMARY, OWN, list(OWN), id="a zero CIDR takes all, loopback too"),
        pytest.param(("172.16.0.0/12",), PRIMARY, OWN, [], id="a CIDR that matches nothing"),
        pytest.param(
            ("10.0.0.0/8",),
            DUAL_PRIMARY,
            DUAL_OWN,
            ["10.9.0.2", "::1", "fd00::2"],
            id="IPv4 CIDRs leave IPv6 unfiltered",
        ),
        pytest.param(
            ("fd00::/8", "10.0.0.0/8"), DUAL_PRIMARY, DUAL_OWN, ["10.9.0.2", "fd00::2"], id="CIDRs of both families"
        ),
    ],
)
def test_node_port_addresses(setting, primary, own, expected):
    assert list(node_port_addresses(setting, primary, own)) == expected


def test_without_loopback():
    assert without_loopback(["192.168.0.2", "127.0.0.1", "::1", "fd00::2"]) == ("192.168.0.2", "fd00::2")


BAD_CIDR = "must be a valid CIDR"
MIXED = "can't use both 'primary' and CIDRs"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        pytest.param([], [], id="no addresses"),
        pytest.param(["primary"], [], id="valid 4"),
        pytest.param(["primary", "localhost"], [], id="the default, written out"),
        pytest.param(["localhost", "10.0.0.0/8"], [], id="localhost beside a CIDR"),
        pytest.param(["0.0.0.0/0", "::/0"], [], id="valid 3"),
        pytest.param(
            ["10.20.30.40"], [f'nodePortAddresses[0]: Invalid value: "10.20.30.40": {BAD_CIDR}'], id="no prefix"
        ),
        pytest.param(
            ["::0", "::1", "2001:db8::/32"],
            [f'nodePortAddresses[{i}]: Invalid value: "::{i}": {BAD_CIDR}' for i in (0, 1)],
            id="missing ipv6 subnet ranges",
        ),
        pytest.param(
            ["2001:db8:xyz/64"],
            [f'nodePortAddresses[0]: Invalid value: "2001:db8:xyz/64": {BAD_CIDR}'],
            id="invalid ipv6 ip format",
        ),
        pytest.param(
            ["primary", "127.0.0.1/32"],
            [f'nodePortAddresses[0]: Invalid value: "primary": {MIXED}'],
            id="invalid primary/CIDR mix 1",
        ),
        pytest.param(
            ["127.0.0.1/32", "primary"],
            [f'nodePortAddresses[1]: Invalid value: "primary": {MIXED}'],
            id="invalid primary/CIDR mix 2",
        ),
    ],
)
def test_validate_kube_proxy_node_port_address(setting, expected):
    assert [error.message for error in node_port_addresses_errors(setting, "nodePortAddresses")] == expected
