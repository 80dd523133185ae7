"""An update is judged as `kubectl apply` would have it judged: what stays, what goes, what may not change."""

import pytest

from controlplane.updates import validate_update

WEB = [{"port": 80}]
NODE_PORT = {"type": "NodePort", "ports": WEB}
BALANCER = {"type": "LoadBalancer", "ports": WEB}
LOCAL = {**BALANCER, "externalTrafficPolicy": "Local"}
NAME = {"type": "ExternalName", "externalName": "a.example"}
HEADLESS = {"clusterIP": "None", "selector": {"app": "db"}, "ports": WEB}
DUAL = ("10.96.0.0/16", "fd00:10:96::/108")
BOTH = {"ipFamilyPolicy": "PreferDualStack", "ports": WEB}


@pytest.mark.parametrize(
    "spec",
    [
        {"ports": WEB}, NODE_PORT, BALANCER, LOCAL, NAME, HEADLESS,
        {"clusterIP": "None", "ports": WEB},
        {"clusterIP": "10.96.0.9", "ports": WEB},
        {**BALANCER, "loadBalancerClass": "a.example/b", "allocateLoadBalancerNodePorts": False},
        {"type": "NodePort", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80, "protocol": "UDP"}]},
    ],
)  # fmt: skip
def test_the_same_manifest_again_changes_nothing(cluster, spec):
    first = cluster.apply(spec)
    assert cluster.apply(spec) == first


@pytest.mark.parametrize("policy", ["PreferDualStack", "RequireDualStack"])
def test_so_it_is_with_two_addresses(cluster_of, policy):
    cluster = cluster_of(*DUAL)
    first = cluster.apply({**BOTH, "ipFamilyPolicy": policy})
    assert cluster.apply({**BOTH, "ipFamilyPolicy": policy}) == first
    again = {**BOTH, "ipFamilyPolicy": policy, "clusterIP": first.spec.cluster_ip}
    assert cluster.apply(again) == first
    whole = {**again, "clusterIPs": list(first.spec.cluster_ips), "ipFamilies": ["IPv4", "IPv6"]}
    assert cluster.apply(whole) == first


@pytest.mark.parametrize(
    ("before", "after", "errors"),
    [
        ({"clusterIP": "10.96.0.8", "ports": WEB}, {"clusterIP": "10.96.0.9", "ports": WEB},
         ['spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set']),
        ({"clusterIP": "10.96.0.8", "ports": WEB}, {"clusterIP": "10.0.0.1", "ports": WEB},
         ['spec.clusterIPs[0]: Invalid value: ["10.0.0.1"]: may not change once set']),
        ({"ports": WEB}, {**HEADLESS},
         ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set']),
        (HEADLESS, {"clusterIP": "10.96.0.9", "ports": WEB},
         ['spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set']),
        (HEADLESS, NODE_PORT,
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
        (HEADLESS, BALANCER,
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"]),
        ({**BALANCER, "loadBalancerClass": "a.example/b"}, {**BALANCER, "loadBalancerClass": "a.example/c"},
         ['spec.loadBalancerClass: Invalid value: "a.example/c": may not change once set']),
        ({**BALANCER, "loadBalancerClass": "a.example/b"}, BALANCER,
         ["spec.loadBalancerClass: Invalid value: null: may not change once set"]),
        ({**LOCAL, "healthCheckNodePort": 31000}, {**LOCAL, "healthCheckNodePort": 31001},
         ["spec.healthCheckNodePort: Forbidden: field is immutable"]),
        ({"ports": WEB}, {**NAME, "clusterIP": "10.96.0.9"},
         ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"]),
        (NODE_PORT, {"ports": [{"port": 80, "nodePort": 30099}]},
         ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
    ],
)  # fmt: skip
def test_what_may_not_change(cluster, before, after, errors):
    old = cluster.apply(before)
    assert cluster.refuse(after) == errors
    for port in old.spec.ports:
        asked = {"type": "NodePort", "ports": [{"port": 80, "nodePort": port.node_port}]}
        assert port.node_port == 0 or cluster.refuse(asked, name="other")[0].endswith("already allocated")
    if not old.is_headless:
        asked = {"clusterIP": old.spec.cluster_ip, "ports": WEB}
        assert cluster.refuse(asked, name="other")[0].endswith("already allocated")
    assert cluster.apply(before) == old


def test_an_address_of_another_service_stays_with_it(cluster):
    cluster.apply({"clusterIP": "10.96.0.9", "ports": WEB}, name="other")
    cluster.apply({"ports": WEB})
    cluster.refuse({"clusterIP": "10.96.0.9", "ports": WEB})
    assert cluster.refuse({"clusterIP": "10.96.0.9", "ports": WEB}, name="third")[0].endswith("already allocated")


@pytest.mark.parametrize(
    ("before", "after"),
    [({"ports": WEB}, NODE_PORT), (NODE_PORT, BALANCER), (NODE_PORT, {"ports": WEB}), (LOCAL, {"ports": WEB}),
     (LOCAL, BALANCER), (BALANCER, NODE_PORT), (HEADLESS, {"ports": WEB})],
)  # fmt: skip
def test_the_address_stays_when_the_type_changes(cluster, before, after):
    assert cluster.apply(before).spec.cluster_ip == cluster.apply(after).spec.cluster_ip


def test_an_external_name_gives_its_address_back(cluster):
    held = cluster.apply({"clusterIP": "10.96.0.9", **NODE_PORT}).spec
    spec = cluster.apply({"clusterIP": "10.96.0.9", **NAME}).spec
    assert (spec.cluster_ip, spec.cluster_ips, spec.ip_families, spec.ip_family_policy) == ("", (), (), None)
    ports = [{"port": 80, "nodePort": held.ports[0].node_port}]
    cluster.apply({"clusterIP": "10.96.0.9", "type": "NodePort", "ports": ports}, name="other")
    assert cluster.apply({"ports": WEB}).spec.cluster_ips != ()
    assert cluster.apply({**NAME}).spec.cluster_ips == ()
    assert cluster.refuse({"clusterIP": "10.96.0.9", "ports": WEB})[0].endswith("provided IP is already allocated")


def test_the_whole_stored_service_applies_as_an_external_name(cluster):
    old = cluster.apply({"ports": WEB}).spec
    fields = {"clusterIP": old.cluster_ip, "clusterIPs": [old.cluster_ip], "ipFamilies": ["IPv4"]}
    assert cluster.apply({**NAME, **fields, "ipFamilyPolicy": "SingleStack"}).spec.ip_families == ()


def test_a_load_balancer_that_becomes_less_drops_what_is_of_no_use(cluster):
    unused = {"healthCheckNodePort": 31000, "loadBalancerClass": "a.example/b", "allocateLoadBalancerNodePorts": True}
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    old = cluster.apply({**LOCAL, **unused}, status=status)
    kept = [{"port": 80, "nodePort": old.spec.ports[0].node_port}]
    service = cluster.apply({**LOCAL, **unused, "type": "ClusterIP", "ports": kept}, status=status)
    spec = service.spec
    assert (spec.health_check_node_port, spec.load_balancer_class, spec.allocate_load_balancer_node_ports) == (
        0,
        None,
        None,
    )
    assert spec.external_traffic_policy == ""
    assert spec.ports[0].node_port == 0
    assert service.status.load_balancer.ingress == ()
    cluster.apply({"type": "NodePort", "ports": [{"port": 80, "nodePort": 31000}]}, name="other")


def test_the_health_check_port_goes_with_the_policy(cluster):
    cluster.apply({**LOCAL, "healthCheckNodePort": 31000})
    assert cluster.apply(BALANCER).spec.health_check_node_port == 0
    cluster.apply({"type": "NodePort", "ports": [{"port": 80, "nodePort": 31000}]}, name="other")
    assert cluster.apply(LOCAL).spec.health_check_node_port != 0


def test_a_node_port_may_change_and_the_old_one_is_free(cluster):
    cluster.apply({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]})
    cluster.apply({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30081}]})
    cluster.apply({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}, name="other")
    assert cluster.refuse({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}) == [
        "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    ]


def named(**node_ports):
    ports = [{"name": name, "port": 80 + i, "nodePort": port} for i, (name, port) in enumerate(node_ports.items())]
    return {"type": "NodePort", "ports": ports}


def numbers(service):
    return [port.node_port for port in service.spec.ports]


def test_node_ports_are_carried_over_by_the_name_of_the_port(cluster):
    cluster.apply(named(http=30080, https=30443))
    assert numbers(cluster.apply(named(https=0, http=0))) == [30443, 30080]
    new, kept = numbers(cluster.apply(named(admin=0, http=0)))
    assert (kept, new in range(30086, 32768)) == (30080, True)


def test_a_node_port_that_moves_to_another_name_is_not_carried_over_twice(cluster):
    cluster.apply(named(http=30080))
    first, second = numbers(cluster.apply(named(web=30080, http=0)))
    assert first == 30080
    assert second != 30080


def test_two_protocols_may_share_a_node_port_that_is_there(cluster):
    cluster.apply(named(http=30080))
    ports = [{"name": "http", "port": 80}, {"name": "quic", "port": 80, "nodePort": 30080, "protocol": "UDP"}]
    service = cluster.apply({"type": "NodePort", "ports": ports})
    assert numbers(service)[1] == 30080
    ports = [{"name": name, "port": 80 + i, "nodePort": 30080} for i, name in enumerate("ab")]
    assert cluster.refuse({"type": "NodePort", "ports": ports}) == [
        "Internal error occurred: duplicate nodePort: {TCP 30080}"
    ]


def test_node_ports_stay_when_they_are_no_longer_given_out(cluster):
    held = numbers(cluster.apply(BALANCER))
    assert numbers(cluster.apply({**BALANCER, "allocateLoadBalancerNodePorts": False})) == held
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    service = cluster.apply({**BALANCER, "allocateLoadBalancerNodePorts": False, "ports": ports})
    assert numbers(service) == [0, 0]


def test_a_second_address_may_come_and_go(cluster_of):
    cluster = cluster_of(*DUAL)
    single = cluster.apply({"ports": WEB}).spec
    both = cluster.apply({"ports": WEB, "ipFamilyPolicy": "RequireDualStack"}).spec
    assert both.cluster_ips[0] == single.cluster_ip
    assert both.ip_families == ("IPv4", "IPv6")
    assert cluster.apply({"ports": WEB, "ipFamilyPolicy": "SingleStack"}).spec == single
    taken = {"clusterIP": both.cluster_ips[1], "ports": WEB}
    assert cluster.apply(taken, name="other").spec.cluster_ip == both.cluster_ips[1]


def test_a_second_address_may_be_named(cluster_of):
    cluster = cluster_of(*DUAL)
    ip = cluster.apply({"ports": WEB}).spec.cluster_ip
    named = {"ports": WEB, "ipFamilyPolicy": "PreferDualStack", "clusterIP": ip, "clusterIPs": [ip, "fd00:10:96::9"]}
    assert cluster.apply(named).spec.cluster_ips == (ip, "fd00:10:96::9")


def test_a_service_that_prefers_two_does_not_follow_the_cluster(cluster_of):
    cluster = cluster_of()
    old = cluster.apply(BOTH)
    richer = cluster_of("10.96.0.0/12", "fd00:10:96::/108")
    richer.accepted["web"] = old
    richer.allocations.reserve(old)
    same = {**BOTH, "clusterIPs": list(old.spec.cluster_ips), "clusterIP": old.spec.cluster_ip, "ipFamilies": ["IPv4"]}
    assert richer.apply(same) == old


POLICY = "spec.ipFamilyPolicy"


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"clusterIPs": 1},
         [f'{POLICY}: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary cluster IP']),
        ({"clusterIPs": 1, "ipFamilies": ["IPv4"]},
         [f'{POLICY}: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary cluster IP',
          f'{POLICY}: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary IP family']),
        ({"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]},
         ['spec.clusterIPs[0]: Invalid value: "IP": expected an IPv6 value as indicated by `ipFamilies[0]`']),
    ],
)  # fmt: skip
def test_the_second_address_goes_only_when_the_policy_says_so(cluster_of, change, errors):
    cluster = cluster_of(*DUAL)
    ips = cluster.apply(BOTH).spec.cluster_ips
    fields = {**BOTH, **change}
    if "clusterIPs" in change:
        fields |= {"clusterIP": ips[0], "clusterIPs": [ips[0]]}
    assert cluster.refuse(fields) == [error.replace('"IP"', f'"{ips[0]}"') for error in errors]


def old_and_new(make, before, after):
    return make("Service", spec=after), make("Service", spec=before)


ONE = {"type": "ClusterIP", "clusterIPs": ["10.96.0.8"], "ipFamilies": ["IPv4"]}
TWO = {"type": "ClusterIP", "clusterIPs": ["10.96.0.8", "fd00::8"], "ipFamilies": ["IPv4", "IPv6"]}


@pytest.mark.parametrize(
    ("before", "after", "errors"),
    [
        (ONE, TWO, []),
        (TWO, {**ONE, "ipFamilyPolicy": "SingleStack"}, []),
        (TWO, ONE,
         [f"{POLICY}: Invalid value: null: must be set to 'SingleStack' when releasing the secondary clusterIP",
          f"{POLICY}: Invalid value: null: must be set to 'SingleStack' when releasing the secondary ipFamily"]),
        (ONE, {"type": "ClusterIP"},
         ["spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset",
          "spec.ipFamilies[0]: Invalid value: []: primary ipFamily can not be unset"]),
        (ONE, {"type": "ClusterIP", "clusterIPs": ["fd00::8", "10.96.0.8"], "ipFamilies": ["IPv6", "IPv4"]},
         ['spec.clusterIPs[0]: Invalid value: ["fd00::8","10.96.0.8"]: may not change once set',
          'spec.ipFamilies[0]: Invalid value: ["fd00::8","10.96.0.8"]: may not change once set']),
        (ONE, {**ONE, "ipFamilies": ["IPv6"]},
         ['spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set']),
        (ONE, {"type": "ExternalName"}, []),
        ({"type": "ExternalName"}, ONE, []),
        ({"type": "ClusterIP", "clusterIPs": ["None"], "ipFamilies": ["IPv4"]},
         {"type": "ClusterIP", "clusterIPs": ["None"], "ipFamilies": ["IPv6"]}, []),
        ({"type": "ClusterIP"}, ONE, []),
    ],
)  # fmt: skip
def test_addresses_and_families_by_themselves(make, before, after, errors):
    assert [error.message for error in validate_update(*old_and_new(make, before, after))] == errors


def test_an_address_that_was_cleared_with_its_list_unchanged(make):
    from controlplane.updates import carry_over

    before = {"type": "ExternalName", "clusterIP": "10.96.0.8", "clusterIPs": ["10.96.0.8"]}
    new, old = old_and_new(make, before, {"type": "ClusterIP", "clusterIPs": ["10.96.0.8"]})
    assert carry_over(new, old).spec.cluster_ips == ()


def test_the_address_type_of_a_slice_is_immutable(make):
    four, six = (make("EndpointSlice", addressType=kind) for kind in ("IPv4", "IPv6"))
    assert validate_update(four, four) == []
    assert [error.message for error in validate_update(six, four)] == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_the_selector_of_a_workload_is_immutable(make, kind):
    old = make(kind, spec={"selector": {"matchLabels": {"app": "web"}}})
    new = make(kind, spec={"selector": {"matchLabels": {"tier": "x", "app": "api"}}})
    assert validate_update(old, old) == []
    assert [error.message for error in validate_update(new, old)] == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"api","tier":"x"}}: field is immutable'
    ]
    assert [error.message for error in validate_update(make(kind), old)] == [
        "spec.selector: Invalid value: null: field is immutable"
    ]


def test_a_stateful_set_may_change_in_a_few_fields_only(make):
    old = make("StatefulSet", spec={"serviceName": "db", "replicas": 1})
    assert validate_update(make("StatefulSet", spec={"serviceName": "db", "replicas": 2}), old) == []
    assert [error.message for error in validate_update(make("StatefulSet", spec={"serviceName": "x"}), old)] == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
        "forbidden"
    ]


def test_other_objects_may_change_as_they_like(make):
    assert validate_update(make("Namespace"), make("Namespace", metadata={"labels": {"a": "b"}})) == []
