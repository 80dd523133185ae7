import errno
import ipaddress

import pytest

from proxy.addresses.ranges import Occupied, overlap, refusal
from proxy.addresses.refusals import failed_claim, is_loopback, never_claimed, reaches_others

SERVICES = ipaddress.ip_network("10.96.0.0/12")
SERVICES_V6 = ipaddress.ip_network("fd00:10:96::/112")


@pytest.mark.parametrize(
    ("wanted", "present", "is_taken"),
    [
        pytest.param(SERVICES, "10.100.0.0/24", True, id="a network inside the range"),
        pytest.param(SERVICES, "10.0.0.0/8", True, id="a network around the range"),
        pytest.param(SERVICES, "10.96.0.0/12", True, id="the range itself"),
        pytest.param(SERVICES, "192.0.2.0/24", False, id="a network elsewhere"),
        pytest.param(SERVICES, "0.0.0.0/0", False, id="the default route"),
        pytest.param(SERVICES, "0.0.0.0/1", False, id="half of a default route"),
        pytest.param(SERVICES, "fd00::/8", False, id="the other family"),
        pytest.param(SERVICES_V6, "fd00::/8", True, id="IPv6"),
        pytest.param(SERVICES_V6, "::/0", False, id="the default route of IPv6"),
    ],
)
def test_a_range_overlaps_what_shares_addresses_with_it(
    wanted: ipaddress.IPv4Network | ipaddress.IPv6Network, present: str, is_taken: bool
) -> None:
    occupied = Occupied(ipaddress.ip_network(present), "eth0")
    assert overlap(wanted, [occupied]) == (occupied if is_taken else None)


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("eth0", "10.96.0.0/12 overlaps 10.0.0.0/8 (device eth0), which this host has a route or an address in"),
        ("", "10.96.0.0/12 overlaps 10.0.0.0/8, which this host has a route or an address in"),
    ],
)
def test_a_refused_range_names_what_it_overlaps(device: str, sentence: str) -> None:
    assert refusal(SERVICES, Occupied(ipaddress.ip_network("10.0.0.0/8"), device)) == sentence


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.9.8.7", True), ("::1", True), ("10.96.0.1", False), ("fd00::1", False)],
)
def test_loopback_addresses_need_no_claim(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.0.2.1", True), ("2001:db8::1", True), ("127.0.0.1", False), ("::1", False), ("fe80::1", False)],
)
def test_only_addresses_that_reach_others_are_sources(address: str, expected: bool) -> None:
    assert reaches_others(address) is expected


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("10.96.0.1", ""),
        ("fd00::1", ""),
        ("0.0.0.0", "0.0.0.0 is unspecified: such addresses are not claimed"),
        ("224.0.0.1", "224.0.0.1 is multicast: such addresses are not claimed"),
        ("ff02::1", "ff02::1 is multicast: such addresses are not claimed"),
        ("169.254.1.1", "169.254.1.1 is link-local: such addresses are not claimed"),
        ("web", "'web' is not an IP address"),
    ],
)
def test_some_addresses_are_never_claimed(address: str, sentence: str) -> None:
    assert never_claimed(address) == sentence


@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        (
            "10.96.0.1",
            errno.EPERM,
            "10.96.0.1 needs CAP_NET_ADMIN: run as root, in `clusterless lab`, or choose "
            "--service-cluster-ip-range inside 127.0.0.0/8",
        ),
        ("fd00::1", errno.EOPNOTSUPP, "fd00::1 cannot be claimed: this host has no IPv6"),
        ("fd00::1", errno.EACCES, "fd00::1 cannot be claimed: this host has no IPv6"),
        ("10.96.0.1", errno.EAFNOSUPPORT, "10.96.0.1 cannot be claimed: this host has no IPv4"),
        ("10.96.0.1", errno.ENETDOWN, "10.96.0.1 cannot be claimed: the device is down (`ip link set lo up`)"),
        ("10.96.0.1", errno.EINVAL, "10.96.0.1 cannot be claimed: invalid argument"),
    ],
)
def test_the_kernels_refusal_becomes_a_sentence(address: str, code: int, sentence: str) -> None:
    assert failed_claim(address, code) == sentence
