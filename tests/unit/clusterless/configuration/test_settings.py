from pathlib import Path

import msgspec
import pytest

from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.configuration.kubeproxyfile import load
from clusterless.configuration.settings import Settings, checked, port_range, with_file
from controlplane.options import ClusterOptions, PortRange

HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
SETTINGS = Settings(filenames=("manifests",), cluster=ClusterOptions())


def read(tmp_path: Path, text: str, given: frozenset[str] = frozenset()) -> Settings:
    file = tmp_path / "config.yaml"
    file.write_text(HEAD + text)
    configuration, warnings = load(file)
    assert warnings == []
    return with_file(SETTINGS, configuration, given)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("{}", {}),
        ("hostnameOverride: node-7", {"hostname_override": "node-7"}),
        ("bindAddress: 0.0.0.0", {}),
        ("bindAddress: 10.240.0.9", {"node_ip": "10.240.0.9"}),
        ("healthzBindAddress: ''", {}),
        ("healthzBindAddress: 0.0.0.0:10999", {"healthz_bind_address": "0.0.0.0:10999"}),
        ("nodePortAddresses: [primary]", {"node_port_addresses": ("primary",)}),
        ("nodePortAddresses: null", {}),
        ("ipvs: {scheduler: lc}", {"scheduler": "lc"}),
        ("iptables: {localhostNodePorts: false}", {"localhost_node_ports": False}),
        ("conntrack: {tcpEstablishedTimeout: 1h30m0s}", {"idle_seconds": 5400.0}),
        ("conntrack: {udpTimeout: 10s, udpStreamTimeout: 1m}", {"udp_idle_seconds": 10, "udp_stream_idle_seconds": 60}),
        ("clusterCIDR: 10.1.0.0/16", {"cluster": ClusterOptions(cluster_cidrs=("10.1.0.0/16",))}),
        ("featureGates: {AllowServiceExternalIPs: false}", {"allow_external_ips": False}),
    ],
)
def test_kube_proxys_file_says_what_is_not_the_default(tmp_path: Path, text: str, changes: dict[str, object]):
    expected = msgspec.structs.replace(SETTINGS, **changes)
    assert read(tmp_path, text if text != "{}" else "") == expected


def test_a_flag_wins_over_the_file(tmp_path: Path):
    given = frozenset({"healthz_bind_address", "cluster_cidr"})
    text = "healthzBindAddress: 0.0.0.0:1\nmetricsBindAddress: 127.0.0.1:2\nclusterCIDR: 10.1.0.0/16"
    assert read(tmp_path, text, given) == msgspec.structs.replace(SETTINGS, metrics_bind_address="127.0.0.1:2")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"healthz_bind_address": "10256"}, "--healthz-bind-address: 10256: must be IP:port"),
        ({"metrics_bind_address": "x:1"}, "--metrics-bind-address: x:1: must be IP:port"),
        ({"dns_bind_addresses": ("x",)}, "--dns-bind-address: x: must be an IP address, with a port or without"),
        ({"node_ip": "x"}, "bindAddress: 'x' does not appear to be an IPv4 or IPv6 address"),
        ({"scheduler": "wrr"}, "ipvs.scheduler: wrr: must be one of rr, random, lc, sh"),
        (
            {"node_port_addresses": ("10.0.0.1",)},
            'nodePortAddresses[0]: Invalid value: "10.0.0.1": must be a valid CIDR',
        ),
        (
            {"load_balancer_ip_range": "x"},
            "--load-balancer-ip-range: 'x' does not appear to be an IPv4 or IPv6 network",
        ),
        ({"external_ip_ranges": ("x",)}, "--external-ip-range: 'x' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_settings_that_cannot_work_are_told_before_anything_starts(changes: dict[str, object], sentence: str):
    with pytest.raises(ConfigError) as caught:
        checked(msgspec.structs.replace(SETTINGS, **changes))
    assert str(caught.value) == sentence


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        checked(msgspec.structs.replace(SETTINGS, healthz_bind_address="x", metrics_bind_address="y"))
    assert len(str(caught.value).splitlines()) == 2


def test_the_defaults_can_work():
    assert checked(SETTINGS) is SETTINGS


@pytest.mark.parametrize("text", ["30000-32767", "30000+2767"])
def test_a_port_range_has_two_notations(text: str):
    assert port_range(text) == PortRange(30000, 32767)


@pytest.mark.parametrize("text", ["", "30000", "2-1", "0-5", "1-65536", "a-b"])
def test_what_is_no_port_range_is_refused(text: str):
    with pytest.raises(ConfigError, match="invalid port range"):
        port_range(text)
