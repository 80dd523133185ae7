"""Settings and Services that change while an agent serves; functions without `test_` run inside namespaces."""

import http.client
import itertools
import json
import urllib.request
from collections.abc import Callable

import pytest

from tests.files import put

from .agents import HANG_SECONDS, NODE, Agent, asked, connected, endpoints, reach, service, write
from .conftest import InNamespace
from .operating import CONFIG, VIP, got, host_and_folder, metric, until


def a_changed_configuration_holds_where_that_is_safe() -> None:
    folder = host_and_folder()
    ports = [{"port": 80, "nodePort": 30080}]
    write(folder / "port.json", service("port", type="NodePort", ports=ports), endpoints("port"))
    config = folder.parent / "kube-proxy.yaml"
    put(config, CONFIG)
    with Agent(f"-f{folder}", f"--config={config}") as agent, connected(VIP) as held:
        assert (reach(NODE, 30080), reach("127.0.0.1", 30080)) == ("hello", "hello")
        put(config, CONFIG + "nodePortAddresses: [127.0.0.0/8]\nmetricsBindAddress: 127.0.0.1:10250\n")
        line = agent.wait_for_event("configuration is read again", applied="nodePortAddresses,metricsBindAddress")
        agent.wait_for_event("snapshot applied", line)
        assert (reach(NODE, 30080), reach("127.0.0.1", 30080)) == ("refused", "hello")
        with urllib.request.urlopen("http://127.0.0.1:10250/configz", timeout=HANG_SECONDS) as answer:
            shown = json.load(answer)["kubeproxy.config.k8s.io"]
        assert shown["nodePortAddresses"] == ["127.0.0.0/8"]
        held.sendall(b"more")
        assert held.recv(4) == b"more"


def a_configuration_that_needs_a_restart_or_is_wrong_says_so() -> None:
    folder = host_and_folder()
    config = folder.parent / "kube-proxy.yaml"
    put(config, CONFIG)
    with Agent(f"-f{folder}", f"--config={config}") as agent:
        put(config, CONFIG + "ipvs: {scheduler: lc}\nclusterCIDR: 10.1.0.0/16\n")
        agent.wait_for_event("configuration needs a restart", fields="ipvs.scheduler, clusterCIDR")
        assert "ConfigurationNeedsRestart" in got("/api/v1/events")
        put(config, CONFIG + "mode: [\n")
        agent.wait_for(
            lambda entry: (
                "configuration is refused" in str(entry["event"]) and f"{config}:4:1:" in str(entry["reason"])
            ),
            "refusal with its place",
        )
        assert reach(VIP) == "hello"


def a_service_of_each_type_becomes_one_of_each_other() -> None:
    folder = host_and_folder()
    specs: dict[str, dict[str, object]] = {
        "ClusterIP": {"clusterIP": VIP},
        "NodePort": {"clusterIP": VIP, "ports": [{"port": 80, "nodePort": 30080}]},
        "LoadBalancer": {"clusterIP": VIP, "ports": [{"port": 80, "nodePort": 30080}]},
        "ExternalName": {"externalName": "kubernetes.default.svc.cluster.local"},
    }
    (folder / "first.json").unlink()
    write(folder / "slice.json", endpoints("web"))
    c, n, b, e = specs
    path = [c, n, c, b, c, e, n, b, n, e, b, e, c]
    assert set(itertools.pairwise(path)) == set(itertools.permutations(specs, 2)), "every direction, once"
    temporary = folder / ".web.json"

    def become(kind: str) -> None:
        write(temporary, service("web", type=kind, **specs[kind]))
        temporary.rename(folder / "web.json")

    become(path[0])
    with Agent(f"-f{folder}") as agent:
        for generation, kind in enumerate(path[1:], 2):
            become(kind)
            agent.wait_applied(generation)
            has_port = kind in ("NodePort", "LoadBalancer")
            assert reach(NODE, 30080) == ("hello" if has_port else "refused"), kind
            if kind != "ExternalName":
                assert (asked("web"), reach(VIP)) == (VIP, "hello"), kind
            else:
                assert asked("web").startswith("kubernetes.default.svc.cluster.local."), kind
        ports = [{"port": 80, "nodePort": 30080}, {"port": 80, "nodePort": 30080, "protocol": "UDP", "name": "udp"}]
        ports[0]["name"] = "tcp"
        specs["NodePort"]["ports"] = ports
        become("NodePort")
        agent.wait_applied(len(path) + 1)
        assert metric("clusterless_frontends", state="failed") == 0


def a_wait_for_a_generation_ends() -> None:
    folder = host_and_folder()
    with Agent(f"-f{folder}"):
        waiting = http.client.HTTPConnection("127.0.0.1", 10249, timeout=HANG_SECONDS)
        waiting.request("GET", "/readyz?generation=2")
        assert waiting.getresponse().status == 503
        write(folder / "second.json", service("second"))

        def is_there() -> bool:
            waiting.close()
            waiting.request("GET", "/readyz?generation=2")
            return waiting.getresponse().status == 200

        until(is_there)


@pytest.mark.parametrize(
    "function",
    [a_changed_configuration_holds_where_that_is_safe, a_configuration_that_needs_a_restart_or_is_wrong_says_so],
)
def test_the_configuration_changes_while_it_serves(in_namespace: InNamespace, function: Callable[[], None]):
    in_namespace(function)


@pytest.mark.reliability(47)
def test_a_service_changes_its_type_in_every_direction(in_namespace: InNamespace):
    in_namespace(a_service_of_each_type_becomes_one_of_each_other)


def test_who_changes_a_manifest_can_wait_for_it(in_namespace: InNamespace):
    in_namespace(a_wait_for_a_generation_ends)
