"""The file that configures kube-proxy configures this proxy; flags win over it, and it can be written back."""

from pathlib import Path

import pytest

from clusterless.kubeproxyconfig import ConfigError, duration, load, seconds, written
from clusterless.settings import Settings, as_file, with_file
from controlplane.options import ClusterOptions

ROOT = Path(__file__).parents[3]
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
    [("24h0m0s", 86400), ("1m30s", 90), ("250ms", 0.25), ("1.5h", 5400), ("0s", 7), ("", 7), ("0", 7)],
)
def test_durations_are_gos_and_nothing_or_zero_keeps_the_default(text: str, value: float):
    assert seconds(text, 7) == value


@pytest.mark.parametrize("text", ["1", "5 s", "h", "1d", "-1s"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ConfigError, match="invalid duration"):
        seconds(text, 0)


@pytest.mark.parametrize(("value", "text"), [(86400, "24h0m0s"), (90, "1m30s"), (0.25, "0.25s"), (3600, "1h0m0s")])
def test_durations_are_written_as_go_writes_them(value: float, text: str):
    assert duration(value) == text
    assert seconds(text, 0) == value


def test_an_unknown_field_is_passed_over_with_a_warning_that_names_it(config):
    found, warnings = config("mode: nftables\nconntrack: {udpTimeout: 1m0s, udpPackets: 3}\nspeed: 3\n")
    assert found.conntrack.udp_timeout == "1m0s"
    assert [warning.partition(": ")[2] for warning in warnings] == [
        'unknown field "conntrack.udpPackets" is passed over',
        'unknown field "speed" is passed over',
    ]


@pytest.mark.parametrize(
    ("text", "head", "message"),
    [
        ("", "kind: Service\n", "no kind KubeProxyConfiguration"),
        ("", "apiVersion: kubeproxy.config.k8s.io/v2\nkind: KubeProxyConfiguration\n", "v1alpha1"),
        ("mode: [", HEAD, "parsing"),
        ("clusterCIDR: 5\n", HEAD, "clusterCIDR"),
    ],
)
def test_a_file_that_kube_proxy_would_not_start_with_is_refused(config, text: str, head: str, message: str):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        config(text, head)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "missing.yaml")


def test_what_the_file_says_counts_unless_a_flag_says_otherwise(config):
    file, _ = config(
        "clusterCIDR: 10.0.0.0/16\nbindAddress: 10.1.2.3\nipvs: {scheduler: lc}\nnodePortAddresses: [primary]\n"
        "iptables: {localhostNodePorts: false}\nconntrack: {tcpEstablishedTimeout: 1h0m0s}\n"
        "featureGates: {AllowServiceExternalIPs: false}\nhealthzBindAddress: 127.0.0.1:1\n"
    )
    merged = with_file(settings(healthz_bind_address="127.0.0.1:2"), file, frozenset({"healthz_bind_address"}))
    assert merged.cluster.cluster_cidrs == ("10.0.0.0/16",)
    assert not merged.cluster.allow_external_ips
    assert not merged.localhost_node_ports
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
    file, warnings = config(written(as_file(before)), head="")
    assert warnings == []
    assert with_file(settings(), file, frozenset()) == before
