"""A running agent explains itself: what it knows beyond the manifests is in the answer."""

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from clusterless.cli import cli
from clusterless.explain.answering import from_json
from clusterless.introspection.client import Client, ServerError
from tests.netns.agents import HANG_SECONDS, NOBODYS, Agent, Backend, connected, endpoints, service, write
from tests.places import own_network


class Running(NamedTuple):
    """An agent whose Services are in a network of 127/8, and its introspection port."""

    network: str
    url: str

    def explained(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["explain", *words, "-s", self.url], prog_name="clusterless")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with own_network() as network, tempfile.TemporaryDirectory() as path, contextlib.ExitStack() as stack:
        os.chmod(path, 0o755)
        taken = (f"{network}.22", 8080)
        stack.enter_context(socket.create_server(taken))
        stack.enter_context(contextlib.closing(Backend(f"{network}.2", 9090)))
        folder = Path(path)
        (folder / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n}\n")
        ports = {"ports": [{"port": 8080}]}
        write(
            folder / "all.json",
            service("web", clusterIP=f"{network}.20", sessionAffinity="ClientIP", **ports),
            endpoints("web", f"{network}.2", 9090),
            service("none", clusterIP=f"{network}.21", **ports),
            service("taken", clusterIP=taken[0], **ports),
            endpoints("taken", f"{network}.2", 9090),
            limited(f"{network}.23", f"{network}.40"),
            endpoints("limited", f"{network}.2", 9090),
        )
        arguments = [
            f"--load-balancer-ip-range={network}.40/32",
            f"-f{folder}",
            f"--corefile={folder}/Corefile",
            f"--service-cluster-ip-range={network}.0/24",
            "--allow-loopback-endpoints",
            "--hostname-override=node-1",
            "--healthz-bind-address=",
            f"--metrics-bind-address={network}.1:10249",
        ]
        with Agent(*arguments, user=NOBODYS) as agent:
            agent.wait_applied(1)
            yield Running(network, f"http://{network}.1:10249")


def limited(cluster_ip: str, address: str) -> dict[str, object]:
    """A load balancer's address that nobody on this host may use."""
    ports, ranges = [{"port": 8080}], ["192.0.2.0/24"]
    made = service("limited", clusterIP=cluster_ip, type="LoadBalancer", ports=ports, loadBalancerSourceRanges=ranges)
    return {**made, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}}


def test_connections_and_affinities_are_counted_as_they_are_now(running: Running):
    address = f"{running.network}.20"
    with connected(address, 8080) as connection:
        client = connection.getsockname()[0]
        done = running.explained(f"{address}:8080", "--from", client, "-o", "json")
    assert done.exit_code == 0, done.output
    form = json.loads(done.stdout)
    assert (form["apiVersion"], form["kind"]) == ("clusterless/v1", "Explanation")
    assert [(row["address"], row["isUsed"], row["connections"]) for row in form["endpoints"]] == [
        (f"{running.network}.2:9090", True, 1)
    ]
    (found,) = form["findings"]
    assert found["id"] == "affinity-by-address"
    assert f"now 1: {client} → {running.network}.2:9090 (" in found["seen"]


def test_the_text_is_the_same_as_for_manifests(running: Running):
    done = running.explained("none:8080")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "✗ endpoints  there are none" in lines
    assert next(line for line in lines if line.startswith("✗ outcome")).startswith("✗ outcome    refused at once")
    assert "\033[" not in done.stdout, "colours are for terminals"


def test_a_frontend_that_could_not_be_opened_says_why(running: Running):
    done = running.explained("taken:8080")
    assert done.exit_code == 1
    assert f"the agent of node-1 could not open it: {running.network}.22:8080/TCP is in use" in done.stdout
    assert "[address-not-served]" in done.stdout


def test_without_privilege_whoever_may_not_come_in_is_reset_which_is_said(running: Running):
    address = f"{running.network}.40"
    with pytest.raises(ConnectionResetError), socket.create_connection((address, 8080), timeout=HANG_SECONDS) as client:
        client.recv(1)
    done = running.explained(f"{address}:8080", "--from", "127.0.0.1")
    assert done.exit_code == 1
    assert "✗ source   127.0.0.1 is not allowed: loadBalancerSourceRanges 192.0.2.0/24" in done.stdout, done.stdout
    assert "✗ outcome  connected, then reset: without CAP_NET_ADMIN packets cannot be dropped" in done.stdout


def test_a_whole_service_is_explained_too(running: Running):
    done = running.explained("svc/web")
    assert done.exit_code == 0
    assert f"✓ {running.network}.20:8080/TCP   ClusterIP   a pod   connected to" in done.stdout


def test_the_route_s_json_is_what_the_command_reads(running: Running):
    form = Client(running.url).get("/clusterless/v1/explain", target="web:8080")
    assert from_json(form).is_good


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["web:8080", "--from", "nobody"], 'pods "nobody" not found in namespace "default"'),
        (["web:8080", "--node", "node-2"], 'nodes "node-2" not found: did you mean "node-1"?'),
        (["web:http"], "the port must be a number"),
    ],
)
def test_a_question_that_makes_no_sense_is_wrong_usage(running: Running, words, message):
    done = running.explained(*words)
    assert (done.exit_code, message in done.output) == (2, True), done.output


def test_a_query_without_target_is_a_bad_request(running: Running):
    with pytest.raises(ServerError, match="target is missing") as told:
        Client(running.url).get("/clusterless/v1/explain")
    assert told.value.code == 400


def test_without_an_agent_kubectl_s_words_are_said():
    done = CliRunner().invoke(cli, ["explain", "web:80", "-s", "http://127.0.0.1:1"], prog_name="clusterless")
    assert done.exit_code == 1
    assert "The connection to the server 127.0.0.1:1 was refused" in done.output
