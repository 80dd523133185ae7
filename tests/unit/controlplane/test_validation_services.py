"""A broken Service is refused in kubectl's words: each row is what the API server says of that `spec`."""

import pytest

from controlplane.fielderrors import ErrorType

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
RANGE = "must be between 1 and 65535, inclusive"
HTTP = {"name": "http", "port": 80}
WEB = [{"port": 80}]


@pytest.mark.parametrize("name", ["web", "1web", "a" * 63])
def test_a_service_name_is_a_dns_label_and_may_begin_with_a_digit(cluster, name):
    cluster.apply({"ports": WEB}, name=name)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "metadata.name: Required value: name or generateName is required"),
        ("Web", f'metadata.name: Invalid value: "Web": {LABEL}'),
        ("web.prod", 'metadata.name: Invalid value: "web.prod": must not contain dots'),
        ("a" * 64, f'metadata.name: Invalid value: "{"a" * 64}": must be no more than 63 characters'),
    ],
)
def test_a_broken_service_name(cluster, name, error):
    assert cluster.refuse({"ports": WEB}, name=name) == [error]


@pytest.mark.parametrize(
    ("ports", "errors"),
    [
        ([], ["spec.ports: Required value"]),
        ([HTTP, {"port": 81}], ["spec.ports[1].name: Required value"]),
        ([HTTP, {"name": "http", "port": 81}], ['spec.ports[1].name: Duplicate value: "http"']),
        ([{"name": "Http", "port": 80}], [f'spec.ports[0].name: Invalid value: "Http": {LABEL}']),
        ([{"port": 0}], [f"spec.ports[0].port: Invalid value: 0: {RANGE}",
                         f"spec.ports[0].targetPort: Invalid value: 0: {RANGE}"]),
        ([{"port": 70000, "targetPort": 80}], [f"spec.ports[0].port: Invalid value: 70000: {RANGE}"]),
        ([{"port": -1, "targetPort": 80}], [f"spec.ports[0].port: Invalid value: -1: {RANGE}"]),
        ([{"port": 80, "protocol": "HTTP"}],
         ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"']),
        ([{"port": 80, "protocol": "tcp"}],
         ['spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"']),
        ([{"port": 80, "targetPort": 65536}], [f"spec.ports[0].targetPort: Invalid value: 65536: {RANGE}"]),
        ([{"port": 80, "targetPort": "8080"}],
         ['spec.ports[0].targetPort: Invalid value: "8080": must contain at least one letter (a-z)']),
        ([{"port": 80, "targetPort": "a-port-name-too-long"}],
         ['spec.ports[0].targetPort: Invalid value: "a-port-name-too-long": must be no more than 15 characters']),
        ([{"name": "a", "port": 80}, {"name": "b", "port": 80}],
         ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
          '"NodePort":0}']),
        ([{"port": 80, "nodePort": 30080}],
         ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        ([{"port": 80, "appProtocol": ""}],
         ['spec.ports[0].appProtocol: Invalid value: "": name part must be non-empty',
          'spec.ports[0].appProtocol: Invalid value: "": name part must consist of alphanumeric characters, '
          "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
          "'123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]),
    ],
)  # fmt: skip
def test_broken_ports(cluster, ports, errors):
    assert cluster.refuse({"ports": ports}) == errors


@pytest.mark.parametrize(
    "ports",
    [
        [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}],
        [{"port": 80, "targetPort": "http", "appProtocol": "kubernetes.io/h2c"}],
        [{"port": 1, "targetPort": 65535, "protocol": "SCTP"}],
    ],
)
def test_good_ports(cluster, ports):
    cluster.apply({"ports": ports})


def test_a_headless_service_needs_no_ports(cluster):
    cluster.apply({"clusterIP": "None", "selector": {"app": "db"}})


def test_the_same_node_port_twice_in_a_protocol(errors_of, make):
    ports = [{"name": name, "port": port, "nodePort": 30080} for name, port in (("a", 80), ("b", 81))]
    service = make("Service", spec={"type": "NodePort", "ports": ports})
    assert errors_of(service) == ["spec.ports[1].nodePort: Duplicate value: 30080"]


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"type": "Foo"},
         ['spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
          '"NodePort"']),
        ({"type": "NodePort", "clusterIP": "None"},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
        ({"type": "LoadBalancer", "clusterIP": "None"},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"]),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        ({"type": "ExternalName", "externalName": "."}, ["spec.externalName: Required value"]),
        ({"type": "ExternalName", "externalName": "My_host"},
         [f'spec.externalName: Invalid value: "My_host": {SUBDOMAIN}']),
        ({"type": "ExternalName", "externalName": "a.example", "clusterIP": "10.96.0.9", "ipFamilies": ["IPv4"],
          "ipFamilyPolicy": "SingleStack"},
         ["spec.clusterIPs: Forbidden: may not be set for ExternalName services",
          "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
          "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"]),
        ({"selector": {"app": "a b"}},
         ["spec.selector: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric "
          "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
          "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
        ({"sessionAffinity": "X"},
         ['spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"']),
        *(
            ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": seconds}}},
             [f"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: {seconds}: must be greater than 0 "
              "and less than 86400"])
            for seconds in (0, -1, 86401)
        ),
        ({"externalIPs": ["10.0.0.256"]},
         ['spec.externalIPs[0]: Invalid value: "10.0.0.256": must be a valid IP address, '
          "(e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        ({"externalIPs": ["203.0.113.7", "010.0.0.1"]},
         ['spec.externalIPs[1]: Invalid value: "010.0.0.1": must not have leading 0s']),
        ({"externalIPs": ["::ffff:10.0.0.1"]},
         ['spec.externalIPs[0]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address']),
        ({"externalIPs": ["0.0.0.0"]},
         ['spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)']),
        ({"externalIPs": ["127.0.0.1"]},
         ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]},
         ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"type": "LoadBalancer", "loadBalancerSourceRanges": [" 10.0.0.0/8 ", "10.0.0.5/24"]},
         ['spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.5/24": must not have bits set beyond the prefix '
          "length"]),
        ({"type": "NodePort", "allocateLoadBalancerNodePorts": False, "loadBalancerClass": "a.example/b"},
         ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
          "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"type": "LoadBalancer", "loadBalancerClass": "/b"},
         ['spec.loadBalancerClass: Invalid value: "/b": prefix part must be non-empty']),
        ({"externalTrafficPolicy": "Local"},
         ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']),
        ({"type": "NodePort", "externalTrafficPolicy": "Global"},
         ['spec.externalTrafficPolicy: Unsupported value: "Global": supported values: "Cluster", "Local"']),
        ({"type": "NodePort", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000},
         ["spec.healthCheckNodePort: Invalid value: 31000: may only be set when `type` is 'LoadBalancer' and "
          "`externalTrafficPolicy` is 'Local'"]),
        ({"internalTrafficPolicy": "Node"},
         ['spec.internalTrafficPolicy: Unsupported value: "Node": supported values: "Cluster", "Local"']),
        ({"trafficDistribution": "Random"},
         ['spec.trafficDistribution: Unsupported value: "Random": supported values: "PreferClose", "PreferSameNode", '
          '"PreferSameZone"']),
    ],
)  # fmt: skip
def test_a_broken_spec(cluster, spec, errors):
    assert cluster.refuse({"ports": WEB, **spec}) == errors


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "ExternalName", "externalName": "db.example.com."},
        {"type": "ExternalName", "externalName": "192.0.2.1"},  # digits and dots: a useless name, but a name
        {"externalName": "ignored.example.com"},
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}},
        {"sessionAffinity": "None", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}},
        {"externalIPs": ["203.0.113.7"], "externalTrafficPolicy": "Local"},
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "loadBalancerClass": "a.example/b"},
        {"internalTrafficPolicy": "Local", "trafficDistribution": "PreferClose"},
    ],
)
def test_a_good_spec(cluster, spec):
    cluster.apply({"ports": WEB, **spec})


IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.8"]},
         ['spec.clusterIPs: Invalid value: ["10.96.0.8"]: first value must match `clusterIP`']),
        ({"clusterIPs": ["10.96.0.8"]},
         ['spec.clusterIPs: Invalid value: ["10.96.0.8"]: must be empty when `clusterIP` is not specified']),
        ({"clusterIP": "None", "clusterIPs": ["None", "10.96.0.8"]},
         ["spec.clusterIPs: Invalid value: [\"None\",\"10.96.0.8\"]: 'None' must be the first and only value"]),
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "None"]},
         [f'spec.clusterIPs[1]: Invalid value: "None": {IP_TEXT}']),
        ({"clusterIP": "10.96.0"}, [f'spec.clusterIPs[0]: Invalid value: "10.96.0": {IP_TEXT}']),
        ({"clusterIP": "none"}, [f'spec.clusterIPs[0]: Invalid value: "none": {IP_TEXT}']),
        ({"clusterIP": "10.96.0.09"},
         ['spec.clusterIPs[0]: Invalid value: "10.96.0.09": must not have leading 0s']),
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "10.96.0.10"]},
         ['spec.clusterIPs: Invalid value: ["10.96.0.9","10.96.0.10"]: may specify no more than one IP for each IP '
          "family"]),
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9", "fd00::8"]},
         ['spec.clusterIPs: Invalid value: ["10.96.0.9","fd00::9","fd00::8"]: may only hold up to 2 values']),
        ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "x", "y"]},
         [f'spec.clusterIPs[1]: Invalid value: "x": {IP_TEXT}', f'spec.clusterIPs[2]: Invalid value: "y": {IP_TEXT}',
          'spec.clusterIPs: Invalid value: ["10.96.0.9","x","y"]: may only hold up to 2 values']),
        ({"clusterIP": "fd00::9", "ipFamilies": ["IPv4"]},
         ['spec.clusterIPs[0]: Invalid value: "fd00::9": expected an IPv4 value as indicated by `ipFamilies[0]`']),
        ({"clusterIP": "10.96.0.9", "ipFamilies": ["IPv6"]},
         ['spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`']),
        ({"ipFamilies": ["IPv4", "IPv4"], "ipFamilyPolicy": "PreferDualStack"},
         ['spec.ipFamilies[1]: Duplicate value: "IPv4"']),
        ({"ipFamilies": ["ipv4"]},
         ['spec.ipFamilies[0]: Unsupported value: "ipv4": supported values: "IPv4", "IPv6"']),
        ({"ipFamilyPolicy": "DualStack"},
         ['spec.ipFamilyPolicy: Unsupported value: "DualStack": supported values: "PreferDualStack", '
          '"RequireDualStack", "SingleStack"']),
    ],
)  # fmt: skip
def test_broken_cluster_ips_are_told_alone_and_first(cluster, spec, errors):
    assert cluster.refuse({"ports": [{"port": 0}], **spec}) == errors


def test_a_cluster_ip_without_its_plural(errors_of, make):
    assert errors_of(make("Service", spec={"clusterIP": "10.96.0.9", "ports": WEB})) == [
        "spec.clusterIPs: Required value"
    ]


RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


@pytest.mark.parametrize(
    ("spec", "annotation", "errors"),
    [
        ({"type": "LoadBalancer"}, " 10.0.0.0/8, 192.168.0.0/16 ", []),
        ({"type": "LoadBalancer"}, " ", []),
        ({"type": "LoadBalancer"}, "10.0.0.0/8,10.1.1.1/8",
         [f'metadata.annotations[{RANGES}]: Invalid value: "10.1.1.1/8": must not have bits set beyond the prefix '
          "length"]),
        ({}, "10.0.0.0/8",
         [f"metadata.annotations[{RANGES}]: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}, "nonsense", []),
    ],
)  # fmt: skip
def test_the_annotation_for_source_ranges_counts_where_the_field_is_empty(errors_of, make, spec, annotation, errors):
    service = make("Service", metadata={"annotations": {RANGES: annotation}}, spec={"ports": WEB, **spec})
    assert errors_of(service) == errors


@pytest.mark.parametrize(("hints", "good"), [("Auto", True), ("Disabled", False)])
def test_the_two_topology_annotations_must_agree(errors_of, make, hints, good):
    mode, old = "service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"
    service = make("Service", metadata={"annotations": {mode: "Auto", old: hints}}, spec={"ports": WEB})
    error = (
        f'metadata.annotations[{mode}]: Invalid value: "Auto": must match annotations[{old}] when both are specified'
    )
    assert errors_of(service) == ([] if good else [error])


INGRESS = "status.loadBalancer.ingress"


@pytest.mark.parametrize(
    ("kind", "ingress", "errors"),
    [
        ("LoadBalancer", {"ip": "203.0.113.7"}, []),
        ("LoadBalancer", {"ip": "203.0.113.7", "ipMode": "Proxy"}, []),
        ("LoadBalancer", {"hostname": "lb.example.com"}, []),
        ("ClusterIP", {"ip": "203.0.113.7"},
         [f"{INGRESS}: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]),
        ("LoadBalancer", {"ip": "203.0.113"},
         [f'{INGRESS}[0].ip: Invalid value: "203.0.113": {IP_TEXT}']),
        ("LoadBalancer", {"hostname": "lb.example.com", "ipMode": "VIP"},
         [f"{INGRESS}[0].ipMode: Forbidden: may not be specified when `ip` is not set"]),
        ("LoadBalancer", {"ip": "203.0.113.7", "ipMode": "Nat"},
         [f'{INGRESS}[0].ipMode: Unsupported value: "Nat": supported values: "Proxy", "VIP"']),
        ("LoadBalancer", {"hostname": "203.0.113.7"},
         [f'{INGRESS}[0].hostname: Invalid value: "203.0.113.7": must be a DNS name, not an IP address']),
        ("LoadBalancer", {"hostname": "LB"}, [f'{INGRESS}[0].hostname: Invalid value: "LB": {SUBDOMAIN}']),
    ],
)  # fmt: skip
def test_the_status_that_a_manifest_brings(errors_of, make, kind, ingress, errors):
    status = {"loadBalancer": {"ingress": [ingress]}}
    assert errors_of(make("Service", spec={"type": kind, "ports": WEB}, status=status)) == errors


def test_a_load_balancer_needs_the_health_check_port_that_its_policy_promises(errors_of, make):
    spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": WEB}
    assert errors_of(make("Service", spec=spec)) == ["spec.healthCheckNodePort: Required value"]
    assert errors_of(make("Service", spec={**spec, "healthCheckNodePort": 70000})) == [
        f"spec.healthCheckNodePort: Invalid value: 70000: {RANGE}"
    ]


def test_what_defaults_would_have_filled_in_is_required(make):
    from controlplane.options import ClusterOptions
    from controlplane.validation import validate

    service = make("Service", spec={"ports": WEB})
    required = [e.path for e in validate(service, ClusterOptions()) if e.type is ErrorType.REQUIRED]
    assert required == ["spec.ports[0].protocol", "spec.sessionAffinity", "spec.type"]
    spec = {"type": "LoadBalancer", "sessionAffinity": "ClientIP"}
    service = make("Service", spec=spec, status={"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})
    messages = [e.message for e in validate(service, ClusterOptions())]
    assert messages == [
        "spec.ports: Required value",
        "spec.sessionAffinityConfig: Required value: when session affinity type is ClientIP",
        "allocateLoadBalancerNodePorts: Required value",
        "spec.externalTrafficPolicy: Required value",
        "spec.internalTrafficPolicy: Required value",
        "status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set",
    ]


@pytest.mark.parametrize(("config", "path"), [({}, "clientIP"), ({"clientIP": {}}, "clientIP.timeoutSeconds")])
def test_affinity_needs_its_configuration_whole(make, config, path):
    from controlplane.options import ClusterOptions
    from controlplane.validation import validate

    spec = {"type": "Foo", "sessionAffinity": "ClientIP", "sessionAffinityConfig": config}
    messages = [e.message for e in validate(make("Service", spec=spec), ClusterOptions())]
    assert f"spec.sessionAffinityConfig.{path}: Required value: when session affinity type is ClientIP" in messages


def test_a_configuration_without_affinity_is_forbidden(make):
    from controlplane.options import ClusterOptions
    from controlplane.validation import validate

    spec = {"sessionAffinity": "None", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}
    messages = [e.message for e in validate(make("Service", spec=spec), ClusterOptions())]
    assert "spec.sessionAffinityConfig: Forbidden: must not be set when session affinity is None" in messages


def test_all_errors_of_a_service_come_at_once_in_the_api_servers_order(cluster):
    spec = {
        "type": "NodePort",
        "ports": [{"port": 70000, "targetPort": "8080", "protocol": "HTTP"}],
        "sessionAffinity": "Cookie",
        "externalIPs": ["127.0.0.1"],
        "internalTrafficPolicy": "Node",
    }
    paths = [message.split(":")[0] for message in cluster.refuse(spec, metadata={"labels": {"a b": "c"}})]
    assert paths == [
        "metadata.labels",
        "spec.ports[0].port",
        "spec.ports[0].protocol",
        "spec.ports[0].targetPort",
        "spec.sessionAffinity",
        "spec.externalIPs[0]",
        "spec.internalTrafficPolicy",
    ]


def test_nothing_is_said_twice(errors_of, make):
    service = make("Service", metadata={"labels": {"a": "x y", "b": "x y"}}, spec={"ports": WEB})
    assert len(errors_of(service)) == 1
