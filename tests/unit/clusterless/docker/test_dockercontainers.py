"""Docker's JSON to Pods, as a table of labels."""

import pytest

from clusterless.docker.containers import Inspection, Scope, inspection, judge, one_each
from controlplane.clusterstate import FoundPod

SHOP = Scope(project="shop")
COMPOSE = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.project.config_files": "/home/me/shop/compose.yaml,/x",
}


def container(labels=None, *, name="/shop-web-1", networks=None, status="running", health=None, key="c1", **config):
    """What `docker inspect` prints of it, as far as it matters."""
    networks = {"shop_default": "172.18.0.5"} if networks is None else networks
    state = {"Status": status, "Running": status == "running", **({"Health": {"Status": health}} if health else {})}
    return inspection(
        {
            "Id": key,
            "Name": name,
            "State": state,
            "Config": {"Image": "nginx", "Labels": COMPOSE if labels is None else labels, **config},
            "NetworkSettings": {
                "Networks": {name: {"IPAddress": ip, "GlobalIPv6Address": ""} for name, ip in networks.items()}
            },
        }
    )


def pod_of(seen: Inspection, scope: Scope = SHOP, **how) -> FoundPod:
    pod = judge(seen, scope, **how).pod
    assert pod is not None
    return pod


def test_a_container_of_the_project_is_a_pod_without_a_label_of_ours():
    pod = pod_of(container())
    assert (pod.namespace, pod.name, pod.ips, pod.image, pod.ready) == (
        "default",
        "shop-web-1",
        ("172.18.0.5",),
        "nginx",
        True,
    )


def test_a_service_selects_by_app_or_by_composes_labels():
    labels = pod_of(container()).labels
    assert labels["app"] == labels["com.docker.compose.service"] == "web"
    assert "com.docker.compose.project.config_files" not in labels  # no value that a label can have in Kubernetes


def test_names_as_compose_v1_makes_them_become_names_of_kubernetes():
    assert pod_of(container(name="/shop_Web_1")).name == "shop-web-1"


@pytest.mark.parametrize(
    ("labels", "attribute", "expected"),
    [
        ({"clusterless/pod": "web-0"}, "name", "web-0"),
        ({"clusterless/namespace": "front"}, "namespace", "front"),
        ({"clusterless/node": "node-2"}, "node", "node-2"),
        ({"clusterless/hostname": "web-0"}, "hostname", "web-0"),
        ({"clusterless/subdomain": "web"}, "subdomain", "web"),
        ({"clusterless/labels.app": "web"}, "labels", {"app": "web"}),
        ({"clusterless/labels.example.com/tier": "front"}, "labels", {"example.com/tier": "front"}),
        ({"clusterless/pod": "a", "maintainer": "me"}, "labels", {"maintainer": "me"}),
        ({"clusterless/pod": "a", "maintainer": "Me <me@example.com>"}, "labels", {}),
    ],
)
def test_labels_say_what_the_pod_is(labels, attribute, expected):
    assert getattr(pod_of(container(labels), Scope()), attribute) == expected


@pytest.mark.parametrize("label", ["app", "clusterless/labels.app"])
def test_a_label_app_counts_before_composes_service(label):
    assert pod_of(container({**COMPOSE, label: "front"})).labels["app"] == "front"


@pytest.mark.parametrize(
    ("seen", "scope"),
    [
        (container(), Scope()),
        (container(), Scope(project="other")),
        (container({}), Scope()),
        (container({**COMPOSE, "com.docker.compose.oneoff": "True"}), SHOP),
        (container({**COMPOSE, "clusterless/ignore": "true"}), SHOP),
        (container({"clusterless/pod": "me"}, key="own"), Scope(own_id="own")),
        (container(status="exited"), SHOP),
        (container(status="created"), SHOP),
        (container(status="restarting"), SHOP),
        (container(networks={}), SHOP),
        (container(networks={"host": ""}), SHOP),
    ],
    ids=[
        "no project of ours",
        "another project",
        "no labels",
        "docker compose run",
        "ignored",
        "ourselves",
        "exited",
        "created",
        "restarting",
        "in another one's network",
        "in the host's network",
    ],
)
def test_what_is_no_pod(seen, scope):
    assert judge(seen, scope) == (None, ())


@pytest.mark.parametrize(
    ("status", "health", "ready"),
    [
        ("running", None, True),
        ("running", "none", True),
        ("running", "healthy", True),
        ("running", "starting", False),
        ("running", "unhealthy", False),
        ("paused", "healthy", False),
        ("paused", None, False),
    ],
)
def test_readiness_is_the_containers_health(status, health, ready):
    assert pod_of(container(status=status, health=health)).ready is ready


def test_told_to_stop_is_terminating():
    assert pod_of(container(), terminating=True).terminating


@pytest.mark.parametrize(
    ("labels", "preferred", "address"),
    [
        ({}, (), "172.18.0.1"),
        ({}, ("b",), "172.18.0.2"),
        ({}, ("z", "b"), "172.18.0.2"),
        ({"clusterless/network": "b"}, ("a",), "172.18.0.2"),
        ({"clusterless/network": "z"}, ("b",), "172.18.0.2"),
    ],
)
def test_the_address_is_of_the_network_that_we_are_in_or_that_the_label_names(labels, preferred, address):
    seen = container({**COMPOSE, **labels}, networks={"b": "172.18.0.2", "a": "172.18.0.1"})
    assert pod_of(seen, Scope(project="shop", networks=preferred)).ips == (address,)


def test_both_families():
    raw = {
        "Id": "c",
        "Name": "/a",
        "State": {"Status": "running"},
        "Config": {"Labels": {"clusterless/pod": "a"}},
        "NetworkSettings": {"Networks": {"n": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": "fd00::2"}}},
    }
    assert pod_of(inspection(raw)).ips == ("172.18.0.2", "fd00::2")


def test_ports_are_what_the_image_exposes_with_the_names_that_labels_give():
    labels = {**COMPOSE, "clusterless/ports.http": "80", "clusterless/ports.dns": "53/udp", "clusterless/ports.x": "9"}
    ports = pod_of(container(labels, ExposedPorts={"80/tcp": {}, "443/tcp": {}, "53/udp": {}})).ports
    assert [(port.name, port.container_port, port.protocol) for port in ports] == [
        ("x", 9, "TCP"),
        ("dns", 53, "UDP"),
        ("http", 80, "TCP"),
        ("", 443, "TCP"),
    ]


@pytest.mark.parametrize(
    ("labels", "start"),
    [
        ({"clusterless/pod": "Web"}, "clusterless/pod: Web: a lowercase RFC 1123 subdomain"),
        ({"clusterless/pod": "a", "clusterless/namespace": "a.b"}, "clusterless/namespace: a.b: must not contain dots"),
        ({"clusterless/pod": "a", "clusterless/subdomain": "-"}, "clusterless/subdomain: -: a lowercase RFC 1123"),
    ],
)
def test_a_name_that_cannot_be_is_no_pod_and_says_why(labels, start):
    judged = judge(container(labels), SHOP)
    assert judged.pod is None
    assert judged.remarks[0].startswith(start)


def test_a_label_that_cannot_be_is_left_out_and_says_why():
    judged = judge(container({"clusterless/labels.a b": "x", "clusterless/labels.app": "web"}), SHOP)
    assert judged.pod is not None
    assert judged.pod.labels == {"app": "web"}
    assert judged.remarks[0].startswith("clusterless/labels.a b: name part must consist of")


def test_of_several_containers_of_one_pod_the_ready_one_counts():
    def one(ip, **fields):
        return FoundPod(namespace="default", name="web", ips=(ip,), **{"ready": True, **fields})

    pods = one("1", terminating=True), one("2", ready=False), one("3"), one("4")
    assert [pod.ips for pod in one_each(pods)] == [("3",)]
    assert [pod.ips for pod in one_each(pods[:2])] == [("2",)]
