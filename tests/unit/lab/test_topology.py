"""A lab's hosts are a function of the snapshot: whom there is, with which address, serving what, behind whom."""

import textwrap

import msgspec
import pytest

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.objects import NamespacedName, Protocol
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from lab.hostfiles import hosts, resolv_conf
from lab.topology import CLIENT_POD, FABRIC, OUTSIDE_DNS, Port, Role, node_addresses, topology_of

NODES = """
apiVersion: v1
kind: Node
metadata: {name: node-1}
spec: {podCIDR: 10.244.1.0/24}
status: {addresses: [{type: InternalIP, address: "fd00::4"}, {type: InternalIP, address: 10.240.0.4}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
spec: {podCIDR: 10.244.2.0/24}
status: {addresses: [{type: InternalIP, address: 10.240.0.5}]}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: web}}
spec:
  nodeName: node-2
  SPEC
  containers: [{name: c, image: i, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}]
"""


@pytest.fixture
def snapshot_of(tmp_path):
    def build(*manifests: str) -> Snapshot:
        for number, text in enumerate(manifests):
            (tmp_path / f"{number}.yaml").write_text(textwrap.dedent(text))
        reading = ManifestReader().read([str(tmp_path)])
        options = ClusterOptions(schedule_pods=True)
        return Builder(options).build(reading, 1).snapshot

    return build


def pod(name: str = "web", spec: str = "") -> str:
    return POD.replace("NAME", name).replace("SPEC", spec)


def test_nodes_hang_on_the_fabric_with_their_pod_range_behind_them(snapshot_of):
    node = topology_of(snapshot_of(NODES)).named("node-1")
    assert (node.role, node.router, node.addresses, node.routes) == (
        Role.NODE,
        FABRIC,
        ("10.240.0.4",),
        ("10.244.1.0/24",),
    )


def test_a_pod_hangs_on_its_node_and_serves_its_containers_ports(snapshot_of):
    host = topology_of(snapshot_of(NODES, pod())).named("default.web")
    assert (host.router, host.gateway, host.pod) == ("node-2", "10.244.2.1", NamespacedName("default", "web"))
    assert host.ports == (Port(53, Protocol.UDP), Port(80, Protocol.TCP))


def test_a_pod_serves_what_a_service_sends_to_though_no_container_declares_it(snapshot_of):
    service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        """
    host = topology_of(snapshot_of(NODES, pod(), service)).named("default.web")
    assert Port(8080) in host.ports


def test_a_pod_in_its_nodes_network_shares_the_nodes_namespace_and_name(snapshot_of):
    topology = topology_of(snapshot_of(NODES, pod(spec="hostNetwork: true")))
    host = topology.named("default.web")
    assert (host.network, host.hostname, host.addresses) == ("node-2", "node-2", ("10.240.0.5",))
    assert host not in topology.networks


def test_a_pod_with_an_address_outside_its_nodes_range_is_routed_to_its_node_all_the_same(snapshot_of):
    stray = pod() + "status: {podIP: 192.0.2.7}\n"
    assert "192.0.2.7/32" in topology_of(snapshot_of(NODES, stray)).named("node-2").routes


def test_a_pod_without_an_address_is_no_host(snapshot_of):
    snapshot = snapshot_of(NODES, pod())
    pending = msgspec.structs.replace(
        snapshot,
        pods={key: msgspec.structs.replace(each, status=type(each.status)()) for key, each in snapshot.pods.items()},
    )
    assert [host.name for host in topology_of(pending).hosts if host.role is Role.POD] == [CLIENT_POD]


def test_the_client_pod_takes_an_address_that_no_pod_has(snapshot_of):
    last = pod("last").replace("node-2", "node-1") + "status: {podIP: 10.244.1.254}\n"
    assert topology_of(snapshot_of(NODES, last)).named(CLIENT_POD).addresses == ("10.244.1.253",)


def test_hand_written_endpoints_that_are_no_pods_are_hosts_outside(snapshot_of):
    written = """
        apiVersion: v1
        kind: Service
        metadata: {name: legacy}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: legacy-1, labels: {kubernetes.io/service-name: legacy}}
        addressType: IPv4
        endpoints: [{addresses: ["10.0.1.101"]}, {addresses: ["10.240.0.4"]}]
        ports: [{port: 8080}]
        """
    topology = topology_of(snapshot_of(NODES, written))
    host = topology.named("host-10-0-1-101")
    assert (host.role, host.router, host.ports) == (Role.OUTSIDE, FABRIC, (Port(8080),))
    assert "host-10-240-0-4" not in {each.name for each in topology.hosts}


def test_a_load_balancer_stands_where_its_range_is_routed(snapshot_of):
    topology = topology_of(snapshot_of(NODES), "203.0.113.0/24")
    assert [host.routes for host in topology.hosts if host.role is Role.LOAD_BALANCER] == [("203.0.113.0/24",)]
    assert not [host for host in topology_of(snapshot_of(NODES)).hosts if host.role is Role.LOAD_BALANCER]


def test_without_nodes_there_is_only_the_outside(snapshot_of):
    empty = msgspec.structs.replace(snapshot_of(NODES), nodes={})
    assert {host.role for host in topology_of(empty, "203.0.113.0/24").hosts} == {Role.OUTSIDE, Role.OUTSIDE_DNS}


def test_a_node_without_an_address_gets_one_that_is_free(snapshot_of):
    third = "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-3}\n"
    assert node_addresses(snapshot_of(NODES + third)).keys() == {"node-3"}
    assert node_addresses(snapshot_of(NODES + third))["node-3"][0] not in {"10.240.0.4", "10.240.0.5"}


@pytest.mark.parametrize(
    ("spec", "first_line"),
    [
        ("", "search default.svc.cluster.local svc.cluster.local cluster.local"),
        ("dnsPolicy: Default", f"nameserver {OUTSIDE_DNS}"),
        ("hostNetwork: true", f"nameserver {OUTSIDE_DNS}"),
        (
            "hostNetwork: true\n  dnsPolicy: ClusterFirstWithHostNet",
            "search default.svc.cluster.local svc.cluster.local cluster.local",
        ),
    ],
)
def test_a_pod_asks_the_clusters_dns_unless_its_policy_says_otherwise(snapshot_of, spec, first_line):
    snapshot = snapshot_of(NODES, pod(spec=spec))
    host = topology_of(snapshot).named("default.web")
    assert resolv_conf(host, snapshot).splitlines()[0] == first_line


def test_a_resolv_conf_names_the_dns_service_and_five_dots(snapshot_of):
    snapshot = snapshot_of(NODES, pod())
    lines = resolv_conf(topology_of(snapshot).named("default.web"), snapshot).splitlines()
    assert lines[1:] == ["nameserver 10.96.0.10", "options ndots:5"]


@pytest.mark.parametrize("name", ["node-1", "outside"])
def test_whoever_is_no_pod_asks_the_outside(snapshot_of, name):
    snapshot = snapshot_of(NODES)
    assert resolv_conf(topology_of(snapshot).named(name), snapshot) == f"nameserver {OUTSIDE_DNS}\n"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("", "web"),
        ("hostname: front", "front"),
        ("hostname: front\n  subdomain: shop", "front.shop.default.svc.cluster.local\tfront"),
    ],
)
def test_etc_hosts_has_a_pods_own_names(snapshot_of, spec, names):
    snapshot = snapshot_of(NODES, pod(spec=spec))
    host = topology_of(snapshot).named("default.web")
    assert hosts(host, snapshot).splitlines()[-1] == f"{host.addresses[0]}\t{names}"


def test_etc_hosts_of_a_host_that_is_no_pod_has_its_hostname(snapshot_of):
    snapshot = snapshot_of(NODES)
    assert hosts(topology_of(snapshot).named("node-1"), snapshot).splitlines()[-1] == "10.240.0.4\tnode-1"
