"""A lab's hosts are a function of the snapshot: whom there is, with which address, serving what, behind whom."""

import textwrap

import msgspec
import pytest

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.objects import NamespacedName, Protocol
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from lab.addresses import OUTSIDE_DNS, RANGES, Ranges, families, ipv4_only, node_addresses
from lab.hostfiles import hosts, resolv_conf
from lab.topology import CLIENT_POD, FABRIC, Port, Role, topology_of

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
    def build(*manifests: str, **flags: tuple[str, ...]) -> Snapshot:
        for number, text in enumerate(manifests):
            (tmp_path / f"{number}.yaml").write_text(textwrap.dedent(text))
        reading = ManifestReader().read([str(tmp_path)])
        options = ClusterOptions(schedule_pods=True, **flags)
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


DUAL = {
    "service_cluster_ip_ranges": ("10.96.0.0/12", "fd00:96::/108"),
    "cluster_cidrs": ("10.244.0.0/16", "fd00:244::/56"),
}


def test_in_a_cluster_of_both_families_every_host_has_both(snapshot_of):
    nodes = NODES.replace("10.240.0.5}", '10.240.0.5}, {type: InternalIP, address: "fd00::5"}')
    topology = topology_of(snapshot_of(nodes, pod(), **DUAL), RANGES)
    for host in topology.hosts:
        assert [":" in address for address in host.addresses] == [False, True]
        assert [":" in address for address in host.gateways] == [False, True]
    node, web = topology.named("node-2"), topology.named("default.web")
    assert node.addresses == ("10.240.0.5", "fd00::5")
    assert node.routes == ("10.244.2.0/24", "fd00:244:0:1::/64")
    assert web.gateways == ("10.244.2.1", "fd00:244:0:1::1")
    assert topology.named(CLIENT_POD).addresses == ("10.244.1.254", "fd00:244::ffff:ffff:ffff:fffe")
    assert topology.named("lb.example.com").routes == ("203.0.113.0/24", "2001:db8:203::/112")


def test_a_node_with_one_family_has_pods_of_that_family_alone(snapshot_of):
    topology = topology_of(snapshot_of(NODES, pod(), **DUAL))
    for name in ("node-2", "default.web"):
        assert [":" in address for address in topology.named(name).addresses] == [False]
        assert [":" in address for address in topology.named(name).gateways] == [False]


def test_the_families_of_a_cluster_are_those_of_its_pod_ranges():
    dual = ClusterOptions(**DUAL)
    assert (families(ClusterOptions()), families(dual)) == ((4,), (4, 6))
    assert ipv4_only(dual) == ClusterOptions()


def test_a_stray_pod_address_is_routed_in_each_family(snapshot_of):
    nodes = NODES.replace("10.240.0.5}", '10.240.0.5}, {type: InternalIP, address: "fd00::5"}')
    stray = pod() + 'status: {podIPs: [{ip: 192.0.2.7}, {ip: "2001:db8:7::7"}]}\n'
    routes = topology_of(snapshot_of(nodes, stray, **DUAL)).named("node-2").routes
    assert routes[2:] == ("192.0.2.7/32", "2001:db8:7::7/128")


@pytest.mark.parametrize(("flags", "names"), [({}, []), (DUAL, ["host-2001-db8-ffff--80"])])
def test_hand_written_ipv6_endpoints_are_hosts_where_the_lab_has_ipv6(snapshot_of, flags, names):
    written = """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: legacy-1, labels: {kubernetes.io/service-name: legacy}}
        addressType: IPv6
        endpoints: [{addresses: ["2001:db8:ffff::80"]}]
        ports: [{port: 8080}]
        """
    hosts = topology_of(snapshot_of(NODES, written, **flags)).hosts
    assert [host.name for host in hosts if host.name.startswith("host-")] == names


def test_a_pod_hangs_on_its_node_and_serves_its_containers_ports(snapshot_of):
    host = topology_of(snapshot_of(NODES, pod())).named("default.web")
    assert (host.router, host.gateways, host.pod) == ("node-2", ("10.244.2.1",), NamespacedName("default", "web"))
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
    topology = topology_of(snapshot_of(NODES), Ranges(load_balancer=("203.0.113.0/24",)))
    assert [host.routes for host in topology.hosts if host.role is Role.LOAD_BALANCER] == [("203.0.113.0/24",)]
    assert not [host for host in topology_of(snapshot_of(NODES)).hosts if host.role is Role.LOAD_BALANCER]


def test_external_ips_that_are_nobodys_own_are_routed_to_the_first_node(snapshot_of):
    nodes = NODES.replace("10.240.0.5}", '10.240.0.5}, {type: InternalIP, address: "fd00::5"}')
    topology = topology_of(snapshot_of(nodes, **DUAL), RANGES)
    assert topology.named("node-1").routes[2:] == ("192.0.2.0/24", "2001:db8:192::/112")
    assert len(topology.named("node-2").routes) == 2


def test_a_pod_range_goes_before_that_of_external_ips(snapshot_of):
    topology = topology_of(snapshot_of(NODES.replace("10.244.2.0/24", "192.0.2.0/24")), RANGES)
    assert [topology.named(name).routes for name in ("node-1", "node-2")] == [("10.244.1.0/24",), ("192.0.2.0/24",)]


def test_without_nodes_there_is_only_the_outside(snapshot_of):
    empty = msgspec.structs.replace(snapshot_of(NODES), nodes={})
    assert {host.role for host in topology_of(empty, RANGES).hosts} == {Role.OUTSIDE, Role.OUTSIDE_DNS}


def test_a_node_without_an_address_gets_one_that_is_free(snapshot_of):
    third = "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-3}\n"
    nodes = snapshot_of(NODES.replace("10.240.0.4", "10.240.0.1") + third).nodes
    assert node_addresses(nodes, (4,)) == {"node-3": ("10.240.0.2",)}
    assert node_addresses(nodes, (4, 6)) == {"node-2": ("fd00:240::1",), "node-3": ("10.240.0.2", "fd00:240::2")}


@pytest.mark.parametrize(
    ("spec", "first_line"),
    [
        ("", "search default.svc.cluster.local svc.cluster.local cluster.local"),
        ("dnsPolicy: Default", f"nameserver {OUTSIDE_DNS[0]}"),
        ("hostNetwork: true", f"nameserver {OUTSIDE_DNS[0]}"),
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


def test_a_resolv_conf_names_all_addresses_of_the_dns_service(snapshot_of):
    service = """
        apiVersion: v1
        kind: Service
        metadata: {name: kube-dns, namespace: kube-system}
        spec:
          ipFamilyPolicy: RequireDualStack
          clusterIP: 10.96.0.10
          clusterIPs: [10.96.0.10, "fd00:96::a"]
          ports: [{name: dns, port: 53, protocol: UDP}]
        """
    snapshot = snapshot_of(NODES, pod(), service, **DUAL)
    lines = resolv_conf(topology_of(snapshot).named("default.web"), snapshot).splitlines()
    assert lines[1:3] == ["nameserver 10.96.0.10", "nameserver fd00:96::a"]
    outside = resolv_conf(topology_of(snapshot).named("outside"), snapshot).splitlines()
    assert outside == [f"nameserver {address}" for address in OUTSIDE_DNS]


@pytest.mark.parametrize("name", ["node-1", "outside"])
def test_whoever_is_no_pod_asks_the_outside(snapshot_of, name):
    snapshot = snapshot_of(NODES)
    assert resolv_conf(topology_of(snapshot).named(name), snapshot) == f"nameserver {OUTSIDE_DNS[0]}\n"


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


def test_etc_hosts_is_the_kubelets_with_its_aliases(snapshot_of):
    aliases = 'hostAliases: [{ip: 192.0.2.1, hostnames: [a, b.example]}, {ip: "2001:db8::7", hostnames: [c]}]'
    snapshot = snapshot_of(NODES, pod(spec=aliases))
    host = topology_of(snapshot).named("default.web")
    assert hosts(host, snapshot) == (
        "# Kubernetes-managed hosts file.\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "fe00::0\tip6-mcastprefix\n"
        "fe00::1\tip6-allnodes\n"
        "fe00::2\tip6-allrouters\n"
        f"{host.addresses[0]}\tweb\n"
        "\n"
        "# Entries added by HostAliases.\n"
        "192.0.2.1\ta\tb.example\n"
        "2001:db8::7\tc\n"
    )


def test_etc_hosts_of_a_pod_in_its_nodes_network_is_the_nodes(snapshot_of):
    snapshot = snapshot_of(NODES, pod(spec="hostNetwork: true"))
    topology = topology_of(snapshot)
    heading, rest = hosts(topology.named("default.web"), snapshot).split("\n", 1)
    assert heading == "# Kubernetes-managed hosts file (host network)."
    assert rest == hosts(topology.named("node-2"), snapshot)


def test_init_containers_have_ended_but_for_sidecars(snapshot_of):
    containers = (
        "initContainers: [{name: once, image: i, ports: [{containerPort: 81}]}, "
        "{name: beside, image: i, restartPolicy: Always, ports: [{containerPort: 82}]}]"
    )
    ports = topology_of(snapshot_of(NODES, pod(spec=containers))).named("default.web").ports
    assert {port.number for port in ports} == {53, 80, 82}


def test_the_client_stays_where_it_is_while_pods_and_nodes_come(snapshot_of):
    before = topology_of(snapshot_of(NODES))
    more = NODES + "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-0}\nspec: {podCIDR: 10.244.9.0/24}\n"
    snapshot = snapshot_of(
        more.replace("node-0}", "node-0}\nstatus: {addresses: [{type: InternalIP, address: 10.240.0.9}]}")
    )
    assert topology_of(snapshot, RANGES, before).named(CLIENT_POD) == before.named(CLIENT_POD)
    assert topology_of(snapshot).named(CLIENT_POD).node == "node-0"
