"""The file that configures kube-proxy configures this proxy; flags win over it, and it can be written back."""

from pathlib import Path

import msgspec
import pytest

from clusterless.configuration.godurations import duration, is_duration, seconds_of
from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.configuration.kubeproxyfile import load, written
from clusterless.configuration.settings import Settings, as_file, with_file
from controlplane.options import ClusterOptions

ROOT = Path(__file__).parents[4]
HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"


@pytest.fixture
def config(tmp_path):
    def write(text: str, head: str = HEAD):
        path = tmp_path / "kube-proxy.yaml"
        path.write_text(head + text)
        return load(path)

    return write


def settings(**changes) -> Settings:
    return Settings(filenames=("manifests",), cluster=ClusterOptions(), **changes)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24h0m0s", 86400),
        ("1m30s", 90),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("0s", 0),
        ("0", 0),
        ("-1s", -1),
        (".5s", 0.5),
    ],
)
def test_durations_are_gos(text: str, value: float):
    assert seconds_of(text) == value


@pytest.mark.parametrize("text", ["", "1", "5 s", "h", "1d", "s", "."])
def test_what_is_no_duration_has_no_seconds(text: str):
    assert not is_duration(text)
    assert seconds_of(text) is None


@pytest.mark.parametrize(("value", "text"), [(86400, "24h0m0s"), (90, "1m30s"), (0.25, "0.25s"), (3600, "1h0m0s")])
def test_durations_are_written_as_go_writes_them(value: float, text: str):
    assert duration(value) == text
    assert seconds_of(text) == value


def test_an_unknown_field_is_passed_over_with_kube_proxys_warning_and_its_place(config):
    found, warnings = config("mode: nftables\nconntrack: {udpTimeout: 1m0s, udpPackets: 3}\nspeed: 3\n")
    assert found.conntrack.udp_timeout == "1m0s"
    assert [warning.partition("/kube-proxy.yaml:")[2] for warning in warnings] == [
        '4:31: unknown field "conntrack.udpPackets"',
        '5:1: unknown field "speed"',
    ]


def test_of_a_field_that_stands_twice_the_last_one_holds_with_a_warning(config):
    found, warnings = config("mode: iptables\nmode: nftables\n")
    assert found.mode == "nftables"
    assert len(warnings) == 1
    assert 'line 4: key "mode" already set in map' in warnings[0]


@pytest.mark.parametrize(
    ("text", "head", "message"),
    [
        ("", "kind: Service\n", "no kind KubeProxyConfiguration"),
        ("", "apiVersion: kubeproxy.config.k8s.io/v2\nkind: KubeProxyConfiguration\n", "v1alpha1"),
        ("- a\n", "", "no kind KubeProxyConfiguration"),
        ("mode: [", HEAD, "yaml: line 3: did not find expected node content"),
        (
            "mode: ''\nclusterCIDR: 5\n",
            HEAD,
            ":4:1: failed to decode: json: cannot unmarshal number into Go struct field "
            "KubeProxyConfiguration.clusterCIDR of type string",
        ),
        ("conntrack:\n  min: many\n", HEAD, ":4:3: failed to decode: json: cannot unmarshal string"),
        ("nodePortAddresses:\n- primary\n- 7\n", HEAD, ":5:3: failed to decode: json: cannot unmarshal number"),
    ],
)
def test_a_file_that_kube_proxy_would_not_start_with_is_refused(config, text: str, head: str, message: str):
    with pytest.raises(ConfigError) as caught:
        config(text, head)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conntrack: {udpTimeout: 5x}", '3:13: conntrack.udpTimeout: time: invalid duration "5x"'),
        (
            "healthzBindAddress: '10256'",
            '3:1: KubeProxyConfiguration.HealthzBindAddress: Invalid value: "10256": must be IP:port',
        ),
        (
            "metricsBindAddress: 127.0.0.1:x",
            '3:1: KubeProxyConfiguration.MetricsBindAddress: Invalid value: "127.0.0.1:x": must be a valid port',
        ),
        (
            "bindAddress: here",
            '3:1: KubeProxyConfiguration.BindAddress: Invalid value: "here": '
            "not a valid textual representation of an IP address",
        ),
        (
            "nodePortAddresses:\n- primary\n- 10.0.0.0/8",
            '4:3: KubeProxyConfiguration.NodePortAddresses[0]: Invalid value: "primary": '
            "can't use both 'primary' and CIDRs",
        ),
        (
            "clusterCIDR: 10.0.0.1",
            '3:1: KubeProxyConfiguration.ClusterCIDR: Invalid value: "10.0.0.1": '
            "must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)",
        ),
        (
            "clusterCIDR: 10.0.0.0/8,11.0.0.0/8",
            '3:1: KubeProxyConfiguration.ClusterCIDR: Invalid value: "10.0.0.0/8,11.0.0.0/8": '
            "only one CIDR allowed or a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)",
        ),
        (
            "conntrack: {min: -1}",
            "3:13: KubeProxyConfiguration.KubeConntrackConfiguration.Min: Invalid value: -1: "
            "must be greater than or equal to 0",
        ),
        (
            "conntrack: {udpTimeout: -1s}",
            '3:13: KubeProxyConfiguration.KubeConntrackConfiguration.UDPTimeout: Invalid value: "-1s": '
            "must be greater than or equal to 0",
        ),
        (
            "iptables: {syncPeriod: 0s}",
            '3:12: KubeProxyConfiguration.IPTables.SyncPeriod: Invalid value: "0s": must be greater than 0',
        ),
        (
            "ipvs: {syncPeriod: 1s, minSyncPeriod: 2s}",
            '3:8: KubeProxyConfiguration.IPVS.SyncPeriod: Invalid value: "1s": '
            "must be greater than or equal to KubeProxyConfiguration.IPVS.MinSyncPeriod",
        ),
        ("mode: userspace", '3:1: KubeProxyConfiguration.ProxyMode: Invalid value: "userspace": must be iptables, '),
        (
            "oomScoreAdj: 2000",
            "3:1: KubeProxyConfiguration.OOMScoreAdj: Invalid value: 2000: must be within the range [-1000, 1000]",
        ),
        (
            "configSyncPeriod: 0s",
            '3:1: KubeProxyConfiguration.ConfigSyncPeriod: Invalid value: "0s": must be greater than 0',
        ),
    ],
)
def test_what_kube_proxy_refuses_is_refused_in_its_words_and_at_its_place(config, text: str, said: str):
    with pytest.raises(ConfigError) as caught:
        config(text + "\n")
    assert f"/kube-proxy.yaml:{said}" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(config):
    with pytest.raises(ConfigError) as caught:
        config("mode: x\nbindAddress: here\nconfigSyncPeriod: later\n")
    assert len(str(caught.value).splitlines()) == 3


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "missing.yaml")


def test_what_the_file_says_counts_unless_a_flag_says_otherwise(config):
    file, _ = config(
        "clusterCIDR: 10.0.0.0/16\nbindAddress: 10.1.2.3\nipvs: {scheduler: lc}\nnodePortAddresses: [primary]\n"
        "iptables: {localhostNodePorts: false}\nconntrack: {tcpEstablishedTimeout: 1h0m0s, tcpCloseWaitTimeout: 1m0s}\n"
        "logging: {format: json, verbosity: 4}\n"
        "featureGates: {AllowServiceExternalIPs: false}\nhealthzBindAddress: 127.0.0.1:1\n"
    )
    merged = with_file(settings(healthz_bind_address="127.0.0.1:2"), file, frozenset({"healthz_bind_address"}))
    assert merged.cluster.cluster_cidrs == ("10.0.0.0/16",)
    assert not merged.allow_external_ips
    assert not merged.localhost_node_ports
    assert (merged.half_close_seconds, merged.json_logs, merged.verbosity) == (60, True, 4)
    assert (merged.node_ip, merged.scheduler, merged.idle_seconds) == ("10.1.2.3", "lc", 3600)
    assert merged.node_port_addresses == ("primary",)
    assert merged.healthz_bind_address == "127.0.0.1:2"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", '""'])
def test_a_wildcard_as_bind_address_is_no_address_of_the_node(config, address: str):
    file, _ = config(f'bindAddress: "{address.strip(chr(34))}"\n')
    assert with_file(settings(), file, frozenset()).node_ip == ""


def test_the_shipped_file_says_the_defaults():
    file, warnings = load(ROOT / "configs" / "kube-proxy.yaml")
    assert warnings == []
    assert with_file(settings(), file, frozenset()) == settings()


def test_what_is_written_is_read_as_the_same_settings(config, tmp_path):
    before = settings(hostname_override="node-1", node_ip="10.1.2.3", scheduler="sh", node_port_addresses=("primary",))
    before = msgspec.structs.replace(before, localhost_node_ports=False, verbosity=2, udp_idle_seconds=5.0)
    file, warnings = config(written(as_file(before)), head="")
    assert warnings == []
    assert with_file(settings(), file, frozenset()) == before
