"""docker-compose.yml against configs/: what is written twice says the same twice. No Docker is needed for it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot

from . import composepage

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]
ROUTERS = {"node-1", "node-2", "lb", "fabric", "machine-1", "machine-2"}
# Those that Docker Compose 1.29 refuses, and one that is obsolete.
NEW_KEYS = {"name", "include", "configs", "version"}


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    paths = [str(ROOT / "configs" / "manifests"), str(ROOT / "configs" / "compose" / "pods")]
    return Builder(ClusterOptions(hostname="node-1")).build(ManifestReader().read(paths), 0).snapshot


def addresses(service: dict[str, Any]) -> set[str]:
    return {network["ipv4_address"] for network in service["networks"].values()}


def test_no_container_is_named_like_a_service_of_the_cluster(snapshot: Snapshot):
    assert SERVICES.keys().isdisjoint(key.name for key in snapshot.services)


def test_every_pod_is_a_container_with_its_address_and_its_name(snapshot: Snapshot):
    written = {key.name: {pod.status.pod_ip} for key, pod in snapshot.pods.items()}
    hosts = {service["hostname"]: addresses(service) for service in SERVICES.values()}
    assert written == {name: hosts.get(name) for name in written}


def test_the_manifests_want_no_pods_beside_these(snapshot: Snapshot):
    assert not snapshot.errors
    assert {pod.status.phase for pod in snapshot.pods.values()} == {"Running"}


@pytest.mark.parametrize("name", ["node-1", "node-2"])
def test_a_node_has_its_address_and_is_the_gateway_of_its_pods(snapshot: Snapshot, name: str):
    node = snapshot.nodes[name]
    assert node.status.addresses[0].address in addresses(SERVICES[name])
    assert SERVICES[name]["environment"]["GATEWAY_OF"] == node.spec.pod_cidr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_may_write_nothing_and_has_no_privilege_unless_it_routes(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert bool(service.get("cap_add")) == (name in ROUTERS)
    assert service.get("privileged") is None
    assert service.get("healthcheck")


def test_all_networks_but_the_one_that_leads_out_are_routed_by_the_lab():
    options = {name: network.get("driver_opts", {}) for name, network in PROJECT["networks"].items()}
    mode = "com.docker.network.bridge.enable_ip_masquerade"
    assert {name for name, each in options.items() if each.get(mode) != "false"} == {"underlay"}


def test_it_is_written_for_either_generation_of_compose():
    assert PROJECT.keys() & NEW_KEYS == set()
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.search("start_interval|required:|!reset|!override", text) is None


@pytest.mark.parametrize("file", ["compose.override.yaml", "manifests/web.yaml"])
def test_the_documentation_shows_what_is_tested(file: str):
    text = (Path(__file__).with_name("shop") / file).read_text()
    assert f"```yaml\n{text}```" in (ROOT / "docs" / "compose.md").read_text()


def test_the_documentation_names_every_container_of_the_lab():
    page = (ROOT / "docs" / "compose.md").read_text()
    spoken_of_together = re.compile(r"(example-app|db)-pod-\d")
    assert {name for name in SERVICES if f"`{name}`" not in page and not spoken_of_together.fullmatch(name)} == set()


def test_every_command_of_the_documentation_is_run_by_a_test():
    assert list(composepage.blocks()) == [composepage.LAB, composepage.SHOP]
