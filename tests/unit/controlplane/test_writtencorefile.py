import json

import pytest

from controlplane.build import Builder
from controlplane.documents import Document, Reading
from controlplane.options import ClusterOptions
from controlplane.problems import Position, Problem, Reason, Severity

OURS = {"name": "coredns", "namespace": "kube-system"}


def config_map(text=". {\n}\n", *, source="dns.yaml", index=0, metadata=OURS, version="v1", **fields):
    raw = {"apiVersion": version, "kind": "ConfigMap", "metadata": metadata, "data": {"Corefile": text}, **fields}

    def locate(path):
        return Position(7, 3) if path == "data.Corefile" else Position()

    return Document(source=source, raw=raw, digest=json.dumps(raw), index=index, line=1, locate=locate)


def unread(source):
    return Problem(severity=Severity.ERROR, reason=Reason.PARSE, message="not YAML", source=source)


@pytest.fixture
def build():
    """Builds snapshots of documents, one after the other."""
    builder = Builder(ClusterOptions(hostname="here", node_addresses=("192.0.2.1",)))
    return lambda *documents, problems=(): builder.build(Reading(documents, problems), 1_700_000_000).snapshot


def test_the_corefile_of_the_config_map_is_in_the_snapshot(build):
    snapshot = build(config_map())
    found = snapshot.corefile
    assert (found.text, found.source, found.line) == (". {\n}\n", "dns.yaml", 7)
    assert (snapshot.passed_over, snapshot.problems) == ({}, ())


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"name": "coredns"}},
        {"metadata": {"name": "other", "namespace": "kube-system"}},
        {"metadata": None},
        {"version": "v2"},
    ],
)
def test_other_config_maps_are_passed_over(build, fields):
    snapshot = build(config_map(**fields))
    assert snapshot.corefile is None
    assert snapshot.passed_over == {"ConfigMap": 1}


@pytest.mark.parametrize("data", [None, {}, {"Corefile": 7}, {"corefile": "."}])
def test_a_config_map_without_a_corefile_is_warned_of(build, data):
    snapshot = build(config_map(data=data))
    assert snapshot.corefile is None
    (problem,) = snapshot.problems
    assert (problem.reason, problem.path, problem.name) == (Reason.WARNING, "data", "coredns")


def test_the_last_of_several_counts_and_one_that_is_gone_is_gone(build):
    assert build(config_map("a"), config_map("b", index=1)).corefile.text == "b"
    assert build().corefile is None


def test_while_its_file_cannot_be_read_it_stays_as_it_was(build):
    generation = build(config_map()).generation
    kept = build(problems=(unread("dns.yaml"),))
    assert kept.corefile.text == ". {\n}\n"
    assert build(problems=(unread("other.yaml"),)).corefile is None
    assert generation < kept.generation
