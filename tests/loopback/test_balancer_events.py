"""The load balancer's own port: it shows the same objects as a node, and tells of nodes that come and go."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from clusterless.introspection.client import Client
from tests.netns.agents import NOBODYS, Agent, service, write
from tests.places import own_network


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def network() -> Iterator[str]:
    with own_network() as network:
        yield network


def test_a_node_out_of_the_load_balancer_and_in_again_is_told(network: str):
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n1"},
        "status": {"addresses": [{"type": "InternalIP", "address": f"{network}.5"}]},
    }
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        balanced = service("web", type="LoadBalancer", ports=[{"port": 8080, "nodePort": 30080}])
        write(Path(path) / "all.json", node, balanced)
        addresses = ("--healthz-bind-address=", f"--metrics-bind-address={network}.1:10249")
        arguments = (f"-f{path}", f"--load-balancer-ip-range={network}.128/25", *addresses)
        with Agent(*arguments, command="loadbalancer", user=NOBODYS):
            client = Client(f"http://{network}.1:10249")
            watching = client.watch("/api/v1/events")
            events = (each["object"] for each in watching)
            reasons = [next(events)["reason"] for _ in range(3)]
            assert reasons == ["EnsuringLoadBalancer", "EnsuredLoadBalancer", "Starting"]
            with healthy(f"{network}.5"):
                assert next_of_nodes(events) == ("Normal", "NodeHealthy", "n1")
            assert next_of_nodes(events) == ("Warning", "NodeUnhealthy", "n1")
            (part,) = client.get("/clusterless/v1/status")["services"]
            assert (part["name"], part["frontends"][0]["kind"]) == ("web", "LoadBalancer")
            assert client.get("/api/v1/namespaces/default/services/web")["spec"]["type"] == "LoadBalancer"
            watching.close()


@contextlib.contextmanager
def healthy(address: str) -> Iterator[None]:
    """A node's health, good as long as this lasts."""
    server = HTTPServer((address, 10256), Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def next_of_nodes(events: Iterator[dict]) -> tuple[str, str, str]:
    event = next(each for each in events if each["involvedObject"]["kind"] == "Node")
    return event["type"], event["reason"], event["involvedObject"]["name"]
