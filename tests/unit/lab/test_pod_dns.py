"""A pod's resolv.conf: what its dnsPolicy gives, and what its dnsConfig adds."""

import pytest
import yaml

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from lab.addresses import OUTSIDE_DNS
from lab.hostfiles import resolv_conf
from lab.topology import topology_of

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-1"},
    "status": {"addresses": [{"type": "InternalIP", "address": "10.240.0.4"}]},
}
CLUSTER = "default.svc.cluster.local svc.cluster.local cluster.local"
LONG = [f"a{number:02}.{'x' * 30}.example.com" for number in range(8)]


@pytest.fixture
def resolv_conf_of(tmp_path):
    def written(spec):
        containers = [{"name": "main", "image": "main"}]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"nodeName": "node-1", "containers": containers, **spec},
        }
        (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([NODE, pod]))
        reading = ManifestReader().read([str(tmp_path)])
        snapshot = Builder(ClusterOptions(schedule_pods=True)).build(reading, 1).snapshot
        assert not snapshot.problems
        return resolv_conf(topology_of(snapshot).named("default.web"), snapshot).splitlines()

    return written


@pytest.mark.upstream(
    "dns.go: should support configurable pod DNS nameservers",
    "dns.go: should support configurable pod resolv.conf",
)
def test_without_a_policy_only_the_config_counts(resolv_conf_of):
    options = [{"name": "ndots", "value": "2"}, {"name": "edns0"}]
    config = {"nameservers": ["1.1.1.1", "fd00::53"], "searches": ["resolv.conf.local"], "options": options}
    assert resolv_conf_of({"dnsPolicy": "None", "dnsConfig": config}) == [
        "search resolv.conf.local",
        "nameserver 1.1.1.1",
        "nameserver fd00::53",
        "options ndots:2 edns0",
    ]


def test_the_config_adds_to_the_clusters_and_its_options_win(resolv_conf_of):
    options = [{"name": "ndots", "value": "2"}, {"name": "rotate"}]
    config = {"nameservers": ["10.96.0.10", "1.1.1.1"], "searches": ["cluster.local", "corp"], "options": options}
    assert resolv_conf_of({"dnsConfig": config}) == [
        f"search {CLUSTER} corp",
        "nameserver 10.96.0.10",
        "nameserver 1.1.1.1",
        "options ndots:2 rotate",
    ]


def test_the_config_adds_to_the_hosts_where_the_policy_says_default(resolv_conf_of):
    config = {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3"], "searches": ["corp"]}
    assert resolv_conf_of({"dnsPolicy": "Default", "dnsConfig": config}) == [
        "search corp",
        f"nameserver {OUTSIDE_DNS[0]}",
        "nameserver 1.1.1.1",
        "nameserver 1.1.1.2",
    ]


@pytest.mark.upstream(
    "dns.go: should work with the pod containing more than 6 DNS search paths and longer than 256 search list characters",  # noqa: E501
    "dns.go: should work with a search path containing an underscore and a search path with a single dot",
)
@pytest.mark.parametrize("searches", [LONG, ["_sip._tcp.abc_d.example.com", "."]])
def test_search_paths_are_taken_as_they_are(resolv_conf_of, searches):
    assert resolv_conf_of({"dnsConfig": {"searches": searches}})[0] == f"search {CLUSTER} {' '.join(searches)}"
