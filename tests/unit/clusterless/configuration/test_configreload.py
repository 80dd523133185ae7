"""What of a changed configuration holds at once, and what is told to wait for a restart."""

from pathlib import Path

import msgspec
import pytest

from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.configuration.reload import AT_ONCE, AT_RESTART, compared, from_file, reread
from clusterless.configuration.settings import Settings
from controlplane.options import ClusterOptions

HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
FLAGS = Settings(filenames=("manifests",), cluster=ClusterOptions())


@pytest.mark.parametrize(
    ("change", "applied", "waiting"),
    [
        ({}, (), ()),
        ({"node_port_addresses": ("primary",)}, ("nodePortAddresses",), ()),
        ({"verbosity": 4, "scheduler": "lc"}, ("logging.verbosity",), ("ipvs.scheduler",)),
        ({"udp_idle_seconds": 5.0}, (), ("conntrack.udpTimeout",)),
        ({"cluster": ClusterOptions(cluster_cidrs=("10.1.0.0/16",))}, (), ("clusterCIDR",)),
        ({"allow_external_ips": False}, (), ("featureGates.AllowServiceExternalIPs",)),
    ],
)
def test_a_change_holds_or_waits(change: dict[str, object], applied: tuple[str, ...], waiting: tuple[str, ...]):
    after = msgspec.structs.replace(FLAGS, **change)
    found = compared(FLAGS, after)
    assert (found.applied, found.waiting) == (applied, waiting)
    assert set(applied) <= AT_ONCE
    assert set(waiting) <= AT_RESTART
    assert compared(found.settings, after).applied == ()
    assert compared(found.settings, after).waiting == waiting, "what waits is told again"


def test_what_waits_does_not_change_the_settings_that_are_in_force():
    after = msgspec.structs.replace(FLAGS, scheduler="lc", healthz_bind_address="127.0.0.1:1")
    settings = compared(FLAGS, after).settings
    assert (settings.scheduler, settings.healthz_bind_address) == ("rr", "127.0.0.1:1")


def test_a_file_is_read_again_below_the_flags_and_its_field_may_go_again(tmp_path: Path):
    path = tmp_path / "kube-proxy.yaml"
    path.write_text(HEAD + "metricsBindAddress: 127.0.0.1:1\nhealthzBindAddress: 127.0.0.1:2\n")
    settings = from_file(FLAGS, str(path), frozenset({"metrics_bind_address"}))
    assert settings.metrics_bind_address == FLAGS.metrics_bind_address
    assert settings.healthz_bind_address == "127.0.0.1:2"
    path.write_text(HEAD + "metricsBindAddress: 127.0.0.1:3\n")
    change = reread(settings)
    assert change.applied == ("healthzBindAddress",)
    assert change.settings.healthz_bind_address == FLAGS.healthz_bind_address


def test_a_file_that_is_wrong_or_gone_changes_nothing(tmp_path: Path):
    path = tmp_path / "kube-proxy.yaml"
    path.write_text(HEAD)
    settings = from_file(FLAGS, str(path), frozenset())
    path.write_text(HEAD + "healthzBindAddress: here\n")
    with pytest.raises(ConfigError, match="must be IP:port"):
        reread(settings)
    path.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        reread(settings)
