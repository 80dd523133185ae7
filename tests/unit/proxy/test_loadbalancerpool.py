import msgspec
import pytest

from controlplane.objects import NamespacedName, Service
from proxy.loadbalancerpool import allocate

RANGE = "203.0.113.0/28"  # .1 to .14
RANGE_V6 = "2001:db8::/120"
WEB, SHOP = NamespacedName("default", "web"), NamespacedName("default", "shop")


def service(name="web", wish="", families=("IPv4",), ingress=(), **spec):
    raw = {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"type": "LoadBalancer", "ipFamilies": families, "loadBalancerIP": wish, **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ingress]}},
    }
    return msgspec.convert(raw, Service)


def given(*services, ranges=(RANGE,), before=None, reserved=()):
    return allocate(services, ranges, before or {}, reserved)


def test_the_address_depends_on_the_name_alone():
    (first,) = given(service()).given[WEB]
    assert first == given(service(), service("shop")).given[WEB][0] == given(service()).given[WEB][0]
    assert given(service(), service("shop")).given.keys() == {WEB, SHOP}


def test_everybody_gets_an_address_of_the_range_until_it_is_full():
    services = [service(f"web-{number:02}") for number in range(16)]
    pool = given(*services)
    addresses = sorted(address for (address,) in pool.given.values())
    assert sorted(addresses) == sorted(f"203.0.113.{number}" for number in range(1, 15))
    assert {key.name for key in pool.full} == {"web-14", "web-15"}


def test_a_wish_is_met_while_its_address_is_free():
    pool = given(service(wish="203.0.113.7"), service("shop"))
    assert pool.given[WEB] == ("203.0.113.7",)
    assert pool.unmet == {}


@pytest.mark.parametrize(
    ("wish", "reserved", "why"),
    [
        ("203.0.113.7", ("203.0.113.7",), "203.0.113.7 is taken"),
        ("192.0.2.7", (), "192.0.2.7 is not in --load-balancer-ip-range"),
        ("203.0.113.0", (), "203.0.113.0 is not in --load-balancer-ip-range"),
        ("nonsense", (), "nonsense is not in --load-balancer-ip-range"),
        ("2001:db8::7", (), "2001:db8::7 is not in --load-balancer-ip-range"),
    ],
)
def test_a_wish_that_cannot_be_met_gets_another_address(wish, reserved, why):
    pool = given(service(wish=wish), reserved=reserved)
    assert pool.unmet == {WEB: why}
    assert len(pool.given[WEB]) == 1
    assert pool.given[WEB] != (wish,)


def test_of_two_with_one_wish_the_first_by_name_gets_it():
    pool = given(service(wish="203.0.113.7"), service("shop", wish="203.0.113.7"))
    assert pool.given[SHOP] == ("203.0.113.7",)
    assert pool.unmet == {WEB: "203.0.113.7 is taken by default/shop"}


@pytest.mark.parametrize(
    ("made", "before", "expected"),
    [
        pytest.param(service(), ("203.0.113.3",), "203.0.113.3", id="it stays"),
        pytest.param(service(wish="203.0.113.3"), ("203.0.113.3",), "203.0.113.3", id="it was wished for"),
        pytest.param(service(wish="203.0.113.4"), ("203.0.113.3",), "203.0.113.4", id="another is wished for"),
        pytest.param(service(wish="192.0.2.1"), ("203.0.113.3",), "203.0.113.3", id="a wish that cannot be met"),
    ],
)
def test_what_was_given_stays_unless_another_is_wished_for(made, before, expected):
    assert given(made, before={WEB: before}).given[WEB] == (expected,)


def test_what_was_given_is_kept_from_newer_wishes():
    before = {SHOP: ("203.0.113.3",)}
    pool = given(service(wish="203.0.113.3"), service("shop"), before=before)
    assert pool.given[SHOP] == ("203.0.113.3",)
    assert pool.unmet[WEB] == "203.0.113.3 is taken by default/shop"


def test_a_service_whose_new_wish_is_taken_keeps_what_it_had():
    before = {WEB: ("203.0.113.3",), SHOP: ("203.0.113.4",)}
    pool = given(service(wish="203.0.113.4"), service("shop"), before=before)
    assert pool.given == {WEB: ("203.0.113.3",), SHOP: ("203.0.113.4",)}


def test_an_address_outside_the_range_of_today_is_not_kept():
    (address,) = given(service(), before={WEB: ("192.0.2.9",)}).given[WEB]
    assert address.startswith("203.0.113.")


def test_a_status_in_the_manifest_is_kept_and_not_published():
    pool = given(service(ingress=["203.0.113.9"]), service("shop", wish="203.0.113.9"))
    assert pool.written == {WEB: ("203.0.113.9",)}
    assert pool.addresses(WEB) == ("203.0.113.9",)
    assert pool.given.keys() == {SHOP}
    assert pool.unmet == {SHOP: "203.0.113.9 is taken"}


def test_a_status_that_is_what_was_given_is_ours():
    pool = given(service(ingress=["203.0.113.9"]), before={WEB: ("203.0.113.9",)})
    assert (pool.written, pool.given) == ({}, {WEB: ("203.0.113.9",)})


@pytest.mark.parametrize(
    ("families", "ranges", "expected"),
    [
        (("IPv4", "IPv6"), (RANGE, RANGE_V6), ["IPv4", "IPv6"]),
        (("IPv6",), (RANGE, RANGE_V6), ["IPv6"]),
        (("IPv4", "IPv6"), (RANGE,), ["IPv4"]),
        (("IPv6",), (RANGE,), []),
        ((), (RANGE,), ["IPv4"]),  # by the clusterIPs
    ],
)
def test_one_address_a_family(families, ranges, expected):
    pool = given(service(families=families, clusterIPs=["10.96.0.7"]), ranges=ranges)
    assert ["IPv6" if ":" in each else "IPv4" for each in pool.addresses(WEB)] == expected


def test_each_family_of_two_keeps_its_own():
    before = {WEB: ("203.0.113.3", "2001:db8::3")}
    pool = given(service(families=("IPv4", "IPv6"), wish="2001:db8::4"), ranges=(RANGE, RANGE_V6), before=before)
    assert set(pool.given[WEB]) == {"203.0.113.3", "2001:db8::4"}


def test_a_range_of_one_address():
    pool = given(service(), service("shop"), ranges=("203.0.113.9/32",))
    assert pool.given == {SHOP: ("203.0.113.9",)}
    assert pool.full == {WEB}
