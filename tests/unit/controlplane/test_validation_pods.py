"""Pods, the workloads that make them, Nodes and Namespaces are refused in the API server's words."""

import pytest

RANGE = "must be between 1 and 65535, inclusive"
MISMATCH = "`selector` does not match template `labels`"


def container(**fields):
    return {"name": "main", "image": "nginx", **fields}


def with_ports(*ports):
    return {"containers": [container(ports=list(ports))]}


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"containers": [container()], "initContainers": [container(name="setup")], "nodeName": "node-1",
          "hostname": "a", "subdomain": "db", "nodeSelector": {"disk": "ssd"}}, []),
        (with_ports({"name": "http", "containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}), []),
        ({}, ["spec.containers: Required value"]),
        ({"containers": [container()], "hostAliases": [{"ip": "1.2.3", "hostnames": ["ok.example"]}]},
         ['spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or '
          "2001:db8::ffff)"]),
        ({"containers": [container()], "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["ok"]}]}, []),
        ({"containers": [container()], "dnsPolicy": "None"},
         ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
        ({"containers": [container()], "dnsPolicy": "None", "dnsConfig": {}},
         ["spec.dnsConfig.nameservers: Required value: "
          "must provide at least one DNS nameserver when `dnsPolicy` is None"]),
        ({"containers": [container()], "dnsConfig": {"nameservers": ["1.1.1.1", "::1", "1.1.1.3", "x"]}},
         ['spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","::1","1.1.1.3","x"]: '
          "must not have more than 3 nameservers",
          'spec.dnsConfig.nameservers[3]: Invalid value: "x": '
          "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        ({"containers": [container()], "dnsConfig": {"searches": [".", "a_b.c.", "_d"], "options": [{"value": "2"}]}},
         ["spec.dnsConfig.options[0]: Required value: must not be empty"]),
        ({"containers": [{"image": "nginx"}]}, ["spec.containers[0].name: Required value"]),
        ({"containers": [container(name="a.b")]},
         ['spec.containers[0].name: Invalid value: "a.b": must not contain dots']),
        ({"containers": [{"name": "main"}]}, ["spec.containers[0].image: Required value"]),
        ({"containers": [container(), container()]}, ['spec.containers[1].name: Duplicate value: "main"']),
        ({"containers": [container()], "initContainers": [container()]},
         ['spec.initContainers[0].name: Duplicate value: "main"']),
        (with_ports({}), ["spec.containers[0].ports[0].containerPort: Required value"]),
        (with_ports({"containerPort": 65536}),
         [f"spec.containers[0].ports[0].containerPort: Invalid value: 65536: {RANGE}"]),
        (with_ports({"containerPort": 80, "hostPort": -1}),
         [f"spec.containers[0].ports[0].hostPort: Invalid value: -1: {RANGE}"]),
        (with_ports({"containerPort": 80, "protocol": "HTTP"}),
         ['spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"']),
        (with_ports({"name": "8080", "containerPort": 80}),
         ['spec.containers[0].ports[0].name: Invalid value: "8080": must contain at least one letter (a-z)']),
        (with_ports({"name": "http", "containerPort": 80}, {"name": "http", "containerPort": 81}),
         ['spec.containers[0].ports[1].name: Duplicate value: "http"']),
        (with_ports({"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 8080}),
         ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//8080"']),
        ({"containers": [container()], "dnsPolicy": "Cluster"},
         ['spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirst", "ClusterFirstWithHostNet", '
          '"Default", "None"']),
        ({"containers": [container()], "hostname": "a.b"},
         ['spec.hostname: Invalid value: "a.b": must not contain dots']),
        ({"containers": [container()], "subdomain": "a.b"},
         ['spec.subdomain: Invalid value: "a.b": must not contain dots']),
    ],
)  # fmt: skip
def test_pods(errors_of, make, spec, errors):
    assert errors_of(make("Pod", spec=spec)) == errors


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        ({"podIP": "10.244.0.5", "podIPs": [{"ip": "10.244.0.5"}, {"ip": "fd00::5"}]}, []),
        ({"podIP": "10.244.0"},
         ['status.podIP: Invalid value: "10.244.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
        ({"podIPs": [{"ip": "10.244.0.05"}]},
         ['status.podIPs[0]: Invalid value: "10.244.0.05": must not have leading 0s']),
        ({"podIPs": [{"ip": "10.244.0.5"}, {"ip": "10.244.0.6"}]},
         ['status.podIPs: Invalid value: ["10.244.0.5","10.244.0.6"]: may specify no more than one IP for each IP '
          "family"]),
    ],
)  # fmt: skip
def test_the_addresses_that_a_pod_reports(errors_of, make, status, errors):
    assert errors_of(make("Pod", spec={"containers": [container()]}, status=status)) == errors


def test_a_pod_without_defaults_has_no_dns_policy_and_no_protocol(make):
    from controlplane.options import ClusterOptions
    from controlplane.validation import validate

    errors = validate(make("Pod", spec=with_ports({"containerPort": 80})), ClusterOptions())
    assert [error.message for error in errors] == [
        "spec.containers[0].ports[0].protocol: Required value",
        "spec.dnsPolicy: Required value",
    ]


def workload_spec(selector, labels=None, **fields):
    template = {"metadata": {"labels": labels or {}}, "spec": {"containers": [container()]}}
    return {"template": template, **({} if selector is None else {"selector": selector}), **fields}


WEB = {"matchLabels": {"app": "web"}}
IN = {"key": "app", "operator": "In", "values": ["web"]}


KINDS = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]


@pytest.mark.parametrize(
    ("selector", "labels", "errors"),
    [
        (WEB, {"app": "web", "tier": "front"}, []),
        ({"matchExpressions": [IN, {"key": "tier", "operator": "Exists"}]}, {"app": "web", "tier": "front"}, []),
        (WEB, {"tier": "front", "app": "wbe"},
         [f'spec.template.metadata.labels: Invalid value: {{"app":"wbe","tier":"front"}}: {MISMATCH}']),
        (WEB, {}, [f"spec.template.metadata.labels: Invalid value: null: {MISMATCH}"]),
        ({"matchExpressions": [{**IN, "values": []}]}, {"app": "web"},
         ["spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or "
          "'NotIn'",
          f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}']),
        ({"matchExpressions": [{**IN, "operator": "Exists"}]}, {"app": "web"},
         ["spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or "
          "'DoesNotExist'"]),
        ({"matchExpressions": [{**IN, "operator": "Is"}]}, {"app": "web"},
         ['spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
          f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}']),
    ],
)  # fmt: skip
def test_the_selector_of_a_workload_matches_its_template(errors_of, make, selector, labels, errors):
    spec = workload_spec(selector, labels)
    assert [errors_of(make(kind, spec=spec)) for kind in KINDS] == [errors] * len(KINDS)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("Deployment", "deployment"),
        ("ReplicaSet", "deployment"),
        ("StatefulSet", "statefulset"),
        ("DaemonSet", "daemonset"),
    ],
)
def test_an_empty_selector(errors_of, make, kind, what):
    assert errors_of(make(kind, spec=workload_spec({}, {"app": "web"}))) == [
        f"spec.selector: Invalid value: {{}}: empty selector is invalid for {what}"
    ]


def test_no_selector(errors_of, make):
    mismatch = f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}'
    spec = workload_spec(None, {"app": "web"})
    assert errors_of(make("Deployment", spec=spec)) == ["spec.selector: Required value", mismatch]
    assert errors_of(make("DaemonSet", spec=spec)) == [mismatch]


def test_counts_are_not_negative(errors_of, make):
    spec = workload_spec(WEB, {"app": "web"}, replicas=-1, ordinals={"start": -2})
    assert errors_of(make("StatefulSet", spec=spec)) == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "spec.ordinals.start: Invalid value: -2: must be greater than or equal to 0",
    ]


def test_the_template_is_judged_as_a_pod(errors_of, make):
    spec = workload_spec(WEB, {"app": "web", "a b": "c"})
    spec["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 70000}]
    labels, port = errors_of(make("Deployment", spec=spec))
    assert labels.startswith('spec.template.labels: Invalid value: "a b": name part must consist of')
    assert port == f"spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: {RANGE}"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24", "fd00:1::/64"]}, []),
        ({"podCIDR": "10.244.0.0"},
         ['spec.podCIDR: Invalid value: "10.244.0.0": must be a valid CIDR value, '
          "(e.g. 10.9.8.0/24 or 2001:db8::/64)"]),
        ({"podCIDRs": ["10.244.0.1/24"]},
         ['spec.podCIDRs[0]: Invalid value: "10.244.0.1/24": must not have bits set beyond the prefix length']),
        ({"podCIDRs": ["10.244.0.0/24", "10.244.0.0/24"]},
         ['spec.podCIDRs: Invalid value: ["10.244.0.0/24","10.244.0.0/24"]: may specify no more than one CIDR for each '
          "IP family",
          'spec.podCIDRs[1]: Duplicate value: "10.244.0.0/24"']),
    ],
)  # fmt: skip
def test_nodes(errors_of, make, spec, errors):
    assert errors_of(make("Node", spec=spec)) == errors


def test_the_taints_of_a_node(errors_of, make):
    errors = errors_of(make("Node", spec={"taints": [{"key": "a/", "value": "a b"}]}))
    assert errors[0] == 'metadata.taints[0].key: Invalid value: "a/": name part must be non-empty'
    assert errors[-1].startswith('metadata.taints[0].value: Invalid value: "a b": a valid label must be')
