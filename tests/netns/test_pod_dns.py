"""What the resolver of a pod's C library makes of the pod's dnsConfig."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .conftest import why_impossible
from .labs import RunningLab

WEB = "10.96.0.20"
NOWHERE = [f"a{number}.{'x' * 40}.cluster.local" for number in range(7)]
SEARCHES = {
    "many-searches": [*NOWHERE, "default.svc.cluster.local"],
    "odd-searches": ["_sip._tcp.abc_d.cluster.local", ".", "default.svc.cluster.local"],
    "no-searches": [],
}

pytestmark = pytest.mark.xdist_group("pod dns")


def manifests() -> Iterator[dict[str, object]]:
    spec: dict[str, object] = {"clusterIP": WEB, "ports": [{"port": 80}]}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
    for name, searches in SEARCHES.items():
        spec = {
            "dnsPolicy": "None",
            "dnsConfig": {"nameservers": ["10.96.0.10"], "searches": searches},
            "containers": [{"name": "main", "image": "clusterless"}],
        }
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    if reason := why_impossible():
        pytest.skip(reason)
    path: Path = tmp_path_factory.mktemp("dns") / "all.yaml"
    path.write_text(yaml.safe_dump_all(manifests()))
    with RunningLab([path], "me") as running:
        yield running


@pytest.mark.upstream(
    "dns.go: should support configurable pod resolv.conf",
    "dns.go: should support configurable pod DNS nameservers",
    "dns.go: should work with the pod containing more than 6 DNS search paths and longer than 256 search list characters",  # noqa: E501
    "dns.go: should work with a search path containing an underscore and a search path with a single dot",
)
@pytest.mark.parametrize("pod", ["many-searches", "odd-searches"])
def test_every_search_path_is_tried(lab: RunningLab, pod: str) -> None:
    assert lab.output(f"default.{pod}", "getent hosts web").split()[0] == WEB


def test_without_search_paths_only_whole_names_are_found(lab: RunningLab) -> None:
    assert lab.run("default.no-searches", "getent hosts web").code == 2
    assert lab.output("default.no-searches", "getent hosts web.default.svc.cluster.local").split()[0] == WEB
