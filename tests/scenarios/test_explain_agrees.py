"""In every scenario, after every step, on every node: what `explain` says is what the proxy does."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from clusterless.explain.model import Explanation, OutcomeKind, Question
from clusterless.explain.question import Asking
from clusterless.explain.way import explain
from clusterless.explain.world import Facts, World
from dns.config import configure, stock_corefile
from proxy.addresstext import is_loopback_address, is_within
from proxy.balancer import Balancer
from proxy.desired import Desired
from proxy.model import Frontend, FrontendKey
from proxy.sources import allowed_sources, inside_sources

from .scenariocluster import Cluster
from .scenariofile import parse

FILES = sorted(Path(__file__).parent.rglob("*.scenario"))
DNS, _ = configure(stock_corefile())
POD, OUTSIDE = "", "external"


def world_of(cluster: Cluster) -> World:
    assert DNS is not None
    return World(
        Facts(snapshot=cluster.snapshot, options=cluster.proxy_options, dns=DNS, node=cluster.options.hostname)
    )


def outcome_by_the_proxy(frontend: Frontend, client: str, cluster: Cluster, node: str) -> tuple[OutcomeKind, str]:
    """Through the kernel's filter and the real balancer; the text is the endpoint that it picks."""
    cidrs, own = cluster.options.cluster_cidrs, ("127.0.0.1", *cluster.addresses(node))
    allowed = allowed_sources(frontend, inside_sources(cidrs, own))
    if frontend.is_rejected:
        return OutcomeKind.REFUSED, ""
    if allowed is not None and not is_within(client, allowed):
        return OutcomeKind.TIMED_OUT, ""
    picked = Balancer(Random(1), cluster_cidrs=cidrs, local_addresses=own).pick(frontend, client, 0.0, ())
    return (OutcomeKind.CONNECTED, str(picked)) if picked else (OutcomeKind.TIMED_OUT, "")


def asked(world: World, key: FrontendKey, source: str, node: str) -> Explanation:
    question = Question(host=key.address, port=key.port, protocol=key.protocol)
    return explain(world, Asking(question, source, node))


def questions(desired: Desired, node: str) -> Iterator[tuple[Frontend, str]]:
    for key, frontend in desired.frontends.items():
        if key.protocol == "SCTP":
            continue
        if is_loopback_address(key.address):
            yield frontend, f"node/{node}"
        else:
            yield frontend, POD
            yield frontend, OUTSIDE


def check(cluster: Cluster) -> int:
    """How many answers were compared."""
    world, count = world_of(cluster), 0
    for node in cluster.snapshot.nodes:
        _, desired = cluster.frontends(node)
        for frontend, source in questions(desired, node):
            explanation = asked(world, frontend.key, source, node)
            kind, endpoint = outcome_by_the_proxy(frontend, explanation.client.address, cluster, node)
            assert (explanation.outcome.kind, frontend.key, source) == (kind, frontend.key, source)
            assert not endpoint or endpoint in explanation.outcome.endpoints
            used = {row.address for row in explanation.endpoints if row.is_used}
            assert used >= set(explanation.outcome.endpoints)
            assert all(row.is_used or row.reason for row in explanation.endpoints)
            count += 1
        for key in desired.frontends:
            assert world.desired_at(node, key).frontends[key] == desired.frontends[key]
    return count


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_explanation_is_what_the_proxy_does(path: Path, tmp_path: Path):
    scenario = parse(path.read_text())
    cluster = Cluster(tmp_path, scenario.options)
    with contextlib.chdir(tmp_path):
        for step in scenario.steps:
            cluster.take(step)
            assert check(cluster) > 0 or "service-cluster-ip-range" in scenario.options
