"""What a cluster has although nobody wrote it."""

import pytest

from controlplane import builtin
from controlplane.implied import implied_namespaces, implied_node, namespace_not_found, pods_of_unknown_nodes
from controlplane.objects import (
    EndpointPort,
    Namespace,
    NamespacedName,
    NodeAddress,
    ObjectMeta,
    Pod,
    PodSpec,
    Service,
    ServicePort,
    ServiceSpec,
)
from controlplane.options import ClusterOptions


def services(options: ClusterOptions) -> dict[NamespacedName, Service]:
    return {item.key: item for item in builtin.objects(options) if isinstance(item, Service)}


def test_every_cluster_has_four_namespaces_that_bear_their_name_as_a_label():
    found = [item for item in builtin.objects(ClusterOptions()) if isinstance(item, Namespace)]
    assert {item.metadata.name: item.metadata.labels for item in found} == {
        name: {"kubernetes.io/metadata.name": name}
        for name in ("default", "kube-system", "kube-public", "kube-node-lease")
    }


@pytest.mark.parametrize(
    ("ranges", "kubernetes", "dns"),
    [
        (("10.96.0.0/12",), "10.96.0.1", "10.96.0.10"),
        (("10.0.0.0/24",), "10.0.0.1", "10.0.0.10"),
        (("fd00:10:96::/112", "10.96.0.0/12"), "fd00:10:96::1", "fd00:10:96::a"),
        (("10.96.0.0/29",), "10.96.0.1", ""),
        (("10.96.0.0/28",), "10.96.0.1", "10.96.0.10"),
    ],
)
def test_the_api_server_has_the_first_address_and_dns_the_tenth(ranges, kubernetes, dns):
    found = services(ClusterOptions(service_cluster_ip_ranges=ranges))
    assert found[builtin.KUBERNETES_SERVICE].spec.cluster_ip == kubernetes
    assert found[builtin.DNS_SERVICE].spec.cluster_ip == dns


@pytest.mark.parametrize(
    ("cidr", "index", "expected"),
    [
        ("10.96.0.0/30", 2, "10.96.0.2"),
        ("10.96.0.0/30", 3, ""),  # the broadcast address
        ("fd00::/126", 3, "fd00::3"),
        ("fd00::/126", 4, ""),
    ],
)
def test_an_address_is_found_by_its_index_in_the_range(cidr, index, expected):
    assert builtin.indexed_address(cidr, index) == expected


def test_the_services_are_those_of_a_kubeadm_cluster():
    found = services(ClusterOptions())
    kubernetes = found[NamespacedName("default", "kubernetes")]
    assert kubernetes.metadata.labels == {"component": "apiserver", "provider": "kubernetes"}
    assert kubernetes.spec.selector == {}
    assert kubernetes.spec.ports == (ServicePort(name="https", protocol="TCP", port=443, target_port=6443),)
    dns = found[NamespacedName("kube-system", "kube-dns")]
    assert dns.metadata.labels == {
        "k8s-app": "kube-dns",
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
    }
    assert dns.spec.selector == {"k8s-app": "kube-dns"}
    assert [(p.name, p.port, p.protocol) for p in dns.spec.ports] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
    ]


def dns_service(*families: str, **spec) -> Service:
    ports = (
        ServicePort(name="dns", protocol="UDP", port=53, target_port=5353),
        ServicePort(name="named", protocol="TCP", port=53, target_port="dns-tcp"),
        ServicePort(name="bare", port=9153),
    )
    metadata = ObjectMeta(name="kube-dns", namespace="kube-system", labels={"k8s-app": "kube-dns"})
    fields = {"cluster_ip": "10.96.0.10", "ip_families": families, "ports": ports, **spec}
    return Service(metadata=metadata, spec=ServiceSpec(**fields))


def test_our_own_server_is_the_ready_endpoint_of_the_dns_service():
    (piece,) = builtin.dns_slices(dns_service("IPv4"), ["192.0.2.1", "192.0.2.2", "2001:db8::1", "nowhere"], "a")
    assert piece.address_type == "IPv4"
    (endpoint,) = piece.endpoints
    assert (endpoint.addresses, endpoint.node_name) == (("192.0.2.1",), "a")
    assert endpoint.conditions.is_ready
    assert piece.ports == (
        EndpointPort(name="dns", port=5353, protocol="UDP"),
        EndpointPort(name="named", port=53, protocol="TCP"),
        EndpointPort(name="bare", port=9153, protocol="TCP"),
    )
    assert piece.service_key == NamespacedName("kube-system", "kube-dns")
    assert piece.metadata.labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    assert piece.metadata.owner_references[0].kind == "Service"


@pytest.mark.parametrize(
    ("families", "addresses", "expected"),
    [
        (("IPv4", "IPv6"), ["192.0.2.1", "2001:db8::1"], {"IPv4", "IPv6"}),
        (("IPv4", "IPv6"), ["2001:db8::1"], {"IPv6"}),
        ((), ["192.0.2.1"], {"IPv4"}),
        (("IPv6",), ["192.0.2.1"], set()),
    ],
)
def test_the_dns_service_has_a_slice_for_each_family_that_the_node_has_too(families, addresses, expected):
    slices = builtin.dns_slices(dns_service(*families), addresses)
    assert {piece.address_type for piece in slices} == expected
    assert all(piece.endpoints[0].node_name is None for piece in slices)


def test_without_node_manifests_the_host_is_the_one_node_and_all_pods_live_on_it():
    node = implied_node(ClusterOptions(hostname="laptop", node_addresses=("192.0.2.1", "2001:db8:0::1", "nowhere")))
    assert node.metadata.name == "laptop"
    assert node.metadata.labels["kubernetes.io/hostname"] == "laptop"
    assert node.status.addresses == (
        NodeAddress(type="InternalIP", address="192.0.2.1"),
        NodeAddress(type="InternalIP", address="2001:db8::1"),
        NodeAddress(type="Hostname", address="laptop"),
    )
    assert node.spec.pod_cidrs == ("10.244.0.0/16",)
    assert [(c.type, c.status) for c in node.status.conditions] == [("Ready", "True")]


def test_namespaces_that_are_used_and_not_written_are_implied():
    found = implied_namespaces(["written"], ["web", "written", "default", "shop", "web", ""])
    assert list(found) == ["shop", "web"]
    assert found["shop"].metadata.labels == {"kubernetes.io/metadata.name": "shop"}
    assert found["shop"].status == {"phase": "Active"}


def test_a_namespace_that_nobody_wrote_is_told_in_the_words_of_the_api_server():
    message, hint = namespace_not_found("shop")
    assert message == 'namespaces "shop" not found'
    assert 'write a Namespace "shop"' in hint


def test_pods_of_nodes_that_are_not_there_are_told():
    pods = [
        Pod(metadata=ObjectMeta(name=name, namespace="shop"), spec=PodSpec(node_name=node))
        for name, node in (("lost", "gone"), ("found", "a"), ("free", ""))
    ]
    ((key, message, hint),) = pods_of_unknown_nodes(pods, {"a"})
    assert key == NamespacedName("shop", "lost")
    assert message == 'node "gone" not found: Pod "lost" is skipped as an endpoint'
    assert hint == 'write a Node "gone", or take spec.nodeName away'
