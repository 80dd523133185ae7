"""Whatever is asked, of whatever cluster: an explanation comes, and its parts agree with each other."""

import contextlib
from pathlib import Path
from random import Random

import pytest

from clusterless.explain.answering import Words, answer, from_json, to_json
from clusterless.explain.model import Explanation, Mark, OutcomeKind
from clusterless.explain.question import QuestionError
from clusterless.explain.text import lines_of, printed
from clusterless.explain.world import Facts, World
from controlplane.objects import Protocol
from dns.config import configure, stock_corefile
from tests.scenarios.scenariocluster import Cluster
from tests.scenarios.scenariofile import parse

FILES = sorted(Path(__file__).parents[1].joinpath("scenarios").rglob("*.scenario"))
NAMES = ("nix", "a.b", "x" * 64, "é", ".", "..", "kube-dns.kube-system", "_http._tcp.web", "www.example.com")
ADDRESSES = ("10.96.0.20", "10.244.1.11", "10.240.0.4", "127.0.0.1", "::1", "fd00:96::20", "203.0.113.10", "0.0.0.0")
SOURCES = ("", "external", "10.244.1.11", "fd00::1", "192.0.2.9", "127.0.0.1", "::1", "client", "nobody")
QUESTIONS = 2  # after each step


def any_words(rng: Random, cluster: Cluster) -> Words:
    services, nodes = list(cluster.snapshot.services.values()), list(cluster.snapshot.nodes)
    named = [address for each in services for address in (*each.spec.cluster_ips, *each.spec.external_ips)]
    host = rng.choice([*(each.metadata.name for each in services), *NAMES, *ADDRESSES, *named])
    port = rng.choice(["", ":80", ":443", ":8080", ":30080"])
    pods = [str(key) for key in cluster.snapshot.pods]
    return Words(
        target=(f"[{host}]" if ":" in host else host) + port,
        source=rng.choice([*SOURCES, *pods, *(f"node/{name}" for name in nodes)]),
        node=rng.choice(["", "", *nodes]),
        namespace=rng.choice(["default", "shop"]),
        protocol=rng.choice([Protocol.TCP, Protocol.UDP]),
        is_ping=rng.random() < 0.1,
    )


def check(explanation: Explanation) -> None:
    last = explanation.steps[-1]
    assert (last.name, last.text) == ("outcome", explanation.outcome.text)
    assert (last.mark is Mark.GOOD) == explanation.is_good
    assert bool(explanation.outcome.endpoints) or explanation.outcome.kind is not OutcomeKind.CONNECTED
    assert all(found.seen and found.change for found in explanation.findings)


@pytest.mark.parametrize("seed", [20])
def test_anything_can_be_asked(seed: int, tmp_path: Path):
    rng, config = Random(seed), configure(stock_corefile())[0]
    assert config is not None
    for path in FILES:
        scenario = parse(path.read_text())
        folder = tmp_path / f"{path.parent.name}-{path.stem}"
        folder.mkdir()
        with contextlib.chdir(folder):
            cluster = Cluster(folder, scenario.options)
            for step in scenario.steps:
                cluster.take(step)
                facts = Facts(snapshot=cluster.snapshot, options=cluster.proxy_options, dns=config, node="node-1")
                for _ in range(QUESTIONS):
                    words = any_words(rng, cluster)
                    with contextlib.suppress(QuestionError):
                        answered = answer(World(facts), words)
                        assert printed(lines_of(answered), colours=False), (path, step.number, words)
                        assert from_json(to_json(answered)) == answered
                        if isinstance(answered, Explanation):
                            check(answered)
