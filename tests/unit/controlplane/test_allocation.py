"""Services get their addresses and ports as the API server gives them, but without chance."""

import pytest

from controlplane.allocation import Allocations, Refusal, dns_service_ip, kubernetes_service_ip
from controlplane.ipallocator import IPRange
from controlplane.netaddr import Address, parse_address, parse_cidr
from controlplane.numberpool import static_band
from controlplane.objects import NamespacedName
from controlplane.options import ClusterOptions, PortRange

WEB = [{"port": 80}]
NODE_PORT = {"type": "NodePort", "ports": WEB}
LOCAL = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": WEB}
DUAL = ("10.96.0.0/16", "fd00:10:96::/108")
TINY = "10.96.0.0/28"  # 14 addresses
SOMEONE = NamespacedName("default", "someone")


def spec_of(service):
    spec = service.spec
    return (spec.cluster_ips, spec.ip_families, spec.ip_family_policy)


@pytest.mark.parametrize(
    ("cidr", "last_static", "first_dynamic", "last"),
    [
        ("10.96.0.0/12", "10.96.1.0", "10.96.1.1", "10.111.255.254"),
        ("10.96.0.0/16", "10.96.1.0", "10.96.1.1", "10.96.255.254"),
        ("10.96.0.0/24", "10.96.0.16", "10.96.0.17", "10.96.0.254"),
        ("10.96.0.0/22", "10.96.0.64", "10.96.0.65", "10.96.3.254"),
        ("fd00::/112", "fd00::100", "fd00::101", "fd00::ffff"),
    ],
)
def test_a_range_keeps_its_first_addresses_for_those_who_ask(cidr, last_static, first_dynamic, last):
    prefix = parse_cidr(cidr)
    pool = IPRange(prefix).pool
    band = static_band(prefix.size, share=16, largest=256)
    assert [str(prefix.address(index)) for index in (band, band + 1)] == [last_static, first_dynamic]
    assert parse_address(last).value in pool
    assert parse_address(last).value + 1 not in pool
    assert prefix.network not in pool


@pytest.mark.parametrize(("size", "band"), [(16, 0), (17, 16), (128, 16), (256, 16), (1024, 64), (4096, 256)])
def test_the_static_band_grows_with_the_range(size, band):
    assert static_band(size, share=16, largest=256) == band


def test_the_default_node_ports_keep_their_first_86(cluster):
    assert static_band(2768, share=32, largest=128) == 86
    ports = [cluster.apply(NODE_PORT, name=f"s{i}").spec.ports[0].node_port for i in range(300)]
    assert min(ports) >= 30086
    assert len(set(ports)) == 300


def test_an_address_is_a_function_of_the_name_and_of_what_is_taken(cluster_of):
    one, other = cluster_of(), cluster_of()
    first = [one.apply({"ports": WEB}, name=name).spec.cluster_ip for name in "abc"]
    second = [other.apply({"ports": WEB}, name=name).spec.cluster_ip for name in "cba"]
    assert first == second[::-1]
    assert len(set(first)) == 3
    dynamic = parse_address("10.96.1.1").value
    assert all(parse_address(text).value >= dynamic for text in first)


def test_a_service_gets_an_address_and_the_cluster_family(cluster):
    service = cluster.apply({"ports": WEB})
    assert service.spec.cluster_ips == (service.spec.cluster_ip,)
    assert (service.spec.ip_families, service.spec.ip_family_policy) == (("IPv4",), "SingleStack")


def test_an_address_asked_for_is_given(cluster):
    assert spec_of(cluster.apply({"clusterIP": "10.96.0.10", "ports": WEB})) == (
        ("10.96.0.10",),
        ("IPv4",),
        "SingleStack",
    )


def in_range(ip):
    return f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is 10.96.0.0/12"


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("10.0.0.1", in_range("10.0.0.1")),
        ("10.96.0.0", in_range("10.96.0.0")),
        ("10.111.255.255", in_range("10.111.255.255")),
        ("10.96.0.10", "provided IP is already allocated"),
    ],
)
def test_an_address_that_cannot_be_given(cluster, ip, why):
    cluster.apply({"clusterIP": "10.96.0.10", "ports": WEB}, name="dns")
    assert cluster.refuse({"clusterIP": ip, "ports": WEB}) == [
        f'spec.clusterIPs: Invalid value: ["{ip}"]: failed to allocate IP {ip}: {why}'
    ]


def test_a_full_range(cluster_of):
    cluster = cluster_of(TINY)
    given = {cluster.apply({"ports": WEB}, name=f"s{i}").spec.cluster_ip for i in range(14)}
    assert given == {f"10.96.0.{i}" for i in range(1, 15)}
    assert cluster.refuse({"ports": WEB}) == [
        'Internal error occurred: failed to allocate a serviceIP for Service "web": range is full'
    ]
    cluster.delete("s3")
    cluster.apply({"ports": WEB})


def test_the_static_band_is_used_when_the_dynamic_one_is_full(cluster_of):
    cluster = cluster_of("10.96.0.0/27")  # 30 addresses, 16 of them static
    given = [cluster.apply({"ports": WEB}, name=f"s{i}").spec.cluster_ip for i in range(30)]
    assert all(int(ip.rsplit(".")[-1]) > 16 for ip in given[:14])
    assert len(set(given)) == 30


@pytest.mark.parametrize(
    ("spec", "families", "policy"),
    [
        ({"selector": {"app": "db"}}, ("IPv4",), "SingleStack"),
        ({}, ("IPv4", "IPv6"), "RequireDualStack"),
        ({"ipFamilies": ["IPv6"]}, ("IPv6", "IPv4"), "RequireDualStack"),
        ({"ipFamilyPolicy": "SingleStack"}, ("IPv4",), "SingleStack"),
    ],
)
def test_a_headless_service_has_families_but_no_address(cluster, spec, families, policy):
    service = cluster.apply({"clusterIP": "None", "ports": WEB, **spec})
    assert spec_of(service) == (("None",), families, policy)


def test_an_external_name_gets_nothing(cluster):
    assert spec_of(cluster.apply({"type": "ExternalName", "externalName": "a.example"})) == ((), (), None)


POLICY = "spec.ipFamilyPolicy"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"ipFamilyPolicy": "RequireDualStack"},
         [f'{POLICY}: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services']),
        ({"ipFamilies": ["IPv6"]}, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']),
        ({"clusterIP": "fd00::9"},
         ['spec.clusterIPs[0]: Invalid value: ["fd00::9"]: IPv6 is not configured on this cluster']),
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9"], "ipFamilies": ["IPv4", "IPv6"]},
         [f'{POLICY}: Invalid value: "SingleStack": must be \'RequireDualStack\' or \'PreferDualStack\' when multiple '
          "cluster IPs are specified",
          f'{POLICY}: Invalid value: "SingleStack": must be \'RequireDualStack\' or \'PreferDualStack\' when multiple '
          "IP families are specified"]),
    ],
)  # fmt: skip
def test_what_a_single_stack_cluster_cannot_give(cluster, spec, errors):
    assert cluster.refuse({"ports": WEB, **spec}) == errors


def test_a_single_stack_cluster_gives_one_address_to_whom_two_are_better(cluster):
    assert spec_of(cluster.apply({"ipFamilyPolicy": "PreferDualStack", "ports": WEB}))[1:] == (
        ("IPv4",),
        "PreferDualStack",
    )


@pytest.mark.parametrize(
    ("spec", "families"),
    [
        ({}, ("IPv4",)),
        ({"ipFamilies": ["IPv6"]}, ("IPv6",)),
        ({"ipFamilyPolicy": "PreferDualStack"}, ("IPv4", "IPv6")),
        ({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}, ("IPv6", "IPv4")),
        ({"clusterIP": "fd00:10:96::9"}, ("IPv6",)),
        ({"ipFamilyPolicy": "PreferDualStack", "clusterIP": "fd00:10:96::9"}, ("IPv6", "IPv4")),
        ({"ipFamilyPolicy": "RequireDualStack", "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00:10:96::9"]},
         ("IPv4", "IPv6")),
        ({"selector": {"app": "db"}, "clusterIP": "None", "ipFamilyPolicy": "PreferDualStack"}, ("IPv4", "IPv6")),
    ],
)  # fmt: skip
def test_a_dual_stack_cluster(cluster_of, spec, families):
    service = cluster_of(*DUAL).apply({"ports": WEB, **spec})
    assert service.spec.ip_families == families
    if service.spec.cluster_ip != "None":
        assert tuple(parse_address(ip).family for ip in service.spec.cluster_ips) == families


def test_when_the_second_address_cannot_be_given_the_first_is_free_again(cluster_of):
    cluster = cluster_of(*DUAL)
    spec = {"ipFamilyPolicy": "RequireDualStack", "clusterIP": "10.96.0.9", "ports": WEB}
    assert cluster.refuse({**spec, "clusterIPs": ["10.96.0.9", "fd00::9"]}) == [
        'spec.clusterIPs: Invalid value: ["10.96.0.9","fd00::9"]: failed to allocate IP fd00::9: the provided IP '
        "(fd00::9) is not in the valid range. The range of valid IPs is fd00:10:96::/108"
    ]
    cluster.apply({**spec, "clusterIPs": ["10.96.0.9", "fd00:10:96::9"]})


def test_the_special_services_have_the_first_and_the_tenth_address():
    options = ClusterOptions(service_cluster_ip_ranges=DUAL)
    assert kubernetes_service_ip(options) == ("10.96.0.1", "fd00:10:96::1")
    assert dns_service_ip(options) == ("10.96.0.10", "fd00:10:96::a")


def port(number):
    return {"type": "NodePort", "ports": [{"port": 80, "nodePort": number}]}


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
        (32768, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
        (-1, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
        (30080, "provided port is already allocated"),
    ],
)
def test_a_node_port_that_cannot_be_given(cluster, number, why):
    cluster.apply(port(30080), name="first")
    assert cluster.refuse(port(number)) == [f"spec.ports[0].nodePort: Invalid value: {number}: {why}"]


def test_node_ports_know_no_protocol(cluster):
    cluster.apply(port(30080), name="first")
    udp = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080, "protocol": "UDP"}]}
    assert cluster.refuse(udp) == ["spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"]


def both(tcp=0, udp=0, port=53):
    ports = [{"name": "tcp", "port": 53, "nodePort": tcp}, {"name": "udp", "port": port, "nodePort": udp}]
    ports[1]["protocol"] = "UDP"
    return {"type": "NodePort", "ports": ports}


@pytest.mark.parametrize("spec", [both(tcp=30053), both(udp=30053), both(tcp=30053, udp=30053)])
def test_one_port_number_has_one_node_port_for_all_protocols(cluster, spec):
    assert [p.node_port for p in cluster.apply(spec).spec.ports] == [30053, 30053]


def test_so_it_is_when_nobody_asks_for_one(cluster):
    tcp, udp = cluster.apply(both()).spec.ports
    assert tcp.node_port == udp.node_port >= 30086


def test_one_port_number_may_ask_for_two_node_ports(cluster):
    assert [p.node_port for p in cluster.apply(both(tcp=30053, udp=30054)).spec.ports] == [30053, 30054]
    assert cluster.refuse(both(tcp=30055, udp=30053), name="other") == [
        "spec.ports[1].nodePort: Invalid value: 30053: provided port is already allocated"
    ]


def test_other_port_numbers_cannot_share_a_node_port(cluster):
    assert cluster.refuse(both(tcp=30053, udp=30053, port=54)) == [
        "spec.ports[1].nodePort: Invalid value: 30053: provided port is already allocated"
    ]
    cluster.apply(port(30053))


def test_a_full_range_of_ports(cluster_of):
    cluster = cluster_of(service_node_port_range=PortRange(30000, 30001))
    for name in "ab":
        cluster.apply(NODE_PORT, name=name)
    assert cluster.refuse(NODE_PORT) == ["Internal error occurred: failed to allocate a nodePort: range is full"]


def test_a_load_balancer_may_do_without_node_ports(cluster):
    spec = {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30081}]
    assert [p.node_port for p in cluster.apply({**spec, "ports": ports}).spec.ports] == [0, 30081]
    assert cluster.refuse(port(30081), name="other")


def test_the_health_check_has_a_port_of_its_own(cluster):
    service = cluster.apply(LOCAL)
    assert service.spec.health_check_node_port >= 30086
    assert service.spec.health_check_node_port != service.spec.ports[0].node_port
    asked = cluster.apply({**LOCAL, "healthCheckNodePort": 31000}, name="asked")
    assert asked.spec.health_check_node_port == 31000


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (31000, "provided port is already allocated"),
        (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
    ],
)
def test_a_health_check_port_that_cannot_be_given(cluster, number, why):
    cluster.apply(port(31000), name="first")
    assert cluster.refuse({**LOCAL, "healthCheckNodePort": number}) == [
        f"Internal error occurred: failed to allocate requested HealthCheck NodePort {number}: {why}"
    ]


def test_no_port_left_for_the_health_check(cluster_of):
    cluster = cluster_of(service_node_port_range=PortRange(30000, 30000))
    assert cluster.refuse(LOCAL) == [
        "Internal error occurred: failed to allocate a HealthCheck NodePort 0: range is full"
    ]
    cluster.apply(port(30000))  # what was taken on the way is free again


def test_a_deleted_service_leaves_nothing(cluster):
    held = cluster.apply({**LOCAL, "healthCheckNodePort": 31000, "clusterIP": "10.96.0.9"})
    cluster.delete("web")
    again = {"clusterIP": "10.96.0.9", **port(held.spec.ports[0].node_port)}
    cluster.apply(again, name="other")
    cluster.apply(port(31000), name="third")


def test_what_was_accepted_before_is_reserved_as_far_as_it_can_be(make):
    allocations = Allocations(ClusterOptions())
    spec = {"type": "NodePort", "clusterIP": "10.96.0.9", "ports": [{"port": 80, "nodePort": 30080}]}
    allocations.reserve(make("Service", spec=spec))
    allocations.reserve(make("Service", name="late", spec=spec))  # holds nothing: the first one has it all
    foreign = {"clusterIP": "fd00::9", "ports": [{"port": 80, "nodePort": 80}], "type": "NodePort"}
    allocations.reserve(make("Service", name="foreign", spec=foreign))
    allocations.release(make("Service", name="late"))
    refusal = allocations.allocate(make("Service", name="new", spec={**spec, "sessionAffinity": "None"}))
    assert isinstance(refusal, Refusal)
    allocations.release(make("Service"))
    allocations.release(make("Service", name="never-seen"))
    assert not isinstance(allocations.allocate(make("Service", name="new", spec=spec)), Refusal)


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "NodePort", "ports": [{"port": 0}]},
        {"type": "NodePort", "ports": [{"port": 70000, "nodePort": -5}]},
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": -1, "ports": WEB},
        {"type": "NodePort", "ports": [{"port": 80}, {"port": 80}, {"port": 80, "name": "x"}]},
        {"clusterIP": "300.1.1.1", "ports": WEB},
        {"clusterIP": "None", "clusterIPs": ["None", "None"]},
        {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "", "x"], "ipFamilies": ["IPv5", "IPv4", "IPv4"]},
        {"ipFamilies": ["IPv4", "IPv6", "IPv4"], "ipFamilyPolicy": "PreferDualStack"},
        {"type": "Foo", "ipFamilyPolicy": "Foo"},
        {"clusterIPs": [""]},
    ],
)
def test_nonsense_is_refused_in_words_and_holds_nothing(cluster_of, spec):
    cluster = cluster_of(TINY, service_node_port_range=PortRange(30000, 30013))
    assert all(": " in message for message in cluster.refuse(spec))
    for index in range(14):
        cluster.apply(NODE_PORT, name=f"s{index}")


def test_an_address_has_a_text_in_both_families():
    assert str(Address("IPv4", 0x0A600001)) == "10.96.0.1"
    assert str(Address("IPv6", 10)) == "::a"


def test_a_number_is_held_by_one(make):
    pool = IPRange(parse_cidr(TINY)).pool
    first = parse_address("10.96.0.1").value
    assert pool.take(first, SOMEONE)
    assert not pool.take(first, NamespacedName("default", "other"))
    assert pool.owner(first) == SOMEONE
    pool.release(first)
    assert pool.owner(first) is None


def test_the_numbers_of_a_name_are_the_same_in_every_process_and_release(cluster_of):
    # Agents that share nothing but the manifests must agree: these change only with a new major version.
    spec = cluster_of("10.96.0.0/12", "fd00:10:96::/108").apply({**LOCAL, "ipFamilyPolicy": "PreferDualStack"}).spec
    assert spec.cluster_ips == ("10.100.54.209", "fd00:10:96::c:4ddc")
    assert (spec.ports[0].node_port, spec.health_check_node_port) == (31962, 31239)
