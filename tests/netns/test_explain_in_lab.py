"""What an agent of a lab explains is what curl sees there."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import why_impossible
from .labs import HURRIED, PATIENT, RunningLab

MANIFESTS = (Path(__file__).with_name("explained"),)
OUTCOMES = {0: "connected", 6: "unresolved", 7: "refused", 28: "timed out"}
POD, OUTSIDE = "client", "outside"
ASKED_FROM = {POD: "client", OUTSIDE: "external", "node-1": "node/node-1", "node-2": "node/node-2"}

CASES = [
    (POD, "web:80", "connected"),
    (POD, "web:81", "refused"),
    (POD, "web.default.svc.cluster.local:80", "connected"),
    (POD, "wbe:80", "unresolved"),
    (POD, "typo:80", "refused"),
    (POD, "near:80", "timed out"),
    ("node-2", "10.96.0.21:80", "connected"),
    (POD, "direct:8080", "connected"),
    (POD, "direct:80", "refused"),
    (POD, "10.96.0.99:80", "timed out"),
    (POD, "10.240.0.4:30080", "connected"),
    ("node-1", "10.240.0.4:30080", "connected"),
    (OUTSIDE, "10.240.0.4:30080", "timed out"),
    (OUTSIDE, "10.240.0.5:30080", "connected"),
    (OUTSIDE, "10.240.0.5:30081", "refused"),
    (OUTSIDE, "203.0.113.10:80", "connected"),
    (POD, "203.0.113.10:80", "timed out"),
    (OUTSIDE, "192.0.2.10:80", "connected"),
    (POD, "192.0.2.10:80", "connected"),
    (OUTSIDE, "web:80", "unresolved"),
]
# One process asks the agent everything.
ASKING = """
import json, sys
from clusterless.introspection.client import Client
asked = ({"target": target, "from": who} for who, target in json.loads(sys.argv[1]))
print(json.dumps([Client().get("/clusterless/v1/explain", **query) for query in asked]))
"""

pytestmark = pytest.mark.xdist_group("lab that is explained")


@pytest.fixture(scope="module")
def explained(lab: RunningLab) -> dict[tuple[str, str], dict]:
    """What the agent of node-1 says of each case, by host and target."""
    questions = [(ASKED_FROM[host], target) for host, target, _ in CASES]
    words = [sys.executable, "-c", ASKING, json.dumps(questions)]
    answers = json.loads(lab.output("node-1", shlex.join(words)))
    return {(host, target): answer for (host, target, _), answer in zip(CASES, answers, strict=True)}


@pytest.fixture(scope="module")
def lab() -> Iterator[RunningLab]:
    if reason := why_impossible("me"):
        pytest.skip(reason)
    with RunningLab(MANIFESTS, "me") as running:
        yield running


@pytest.mark.parametrize(("host", "target", "outcome"), CASES)
def test_what_is_explained_is_what_curl_sees(lab: RunningLab, explained, host: str, target: str, outcome: str):
    seconds = HURRIED if outcome == "timed out" else PATIENT
    code = lab.run(host, f"curl -sS -o /dev/null --max-time {seconds} http://{target}/").code
    assert (OUTCOMES[code], explained[host, target]["outcome"]["kind"]) == (outcome, outcome)


def test_the_endpoint_that_answers_is_one_of_those_that_are_said(lab: RunningLab, explained):
    answer = json.loads(lab.output(POD, "curl -sS -m 10 http://web/"))
    used = [row["pod"] for row in explained[POD, "web:80"]["endpoints"] if row["isUsed"]]
    assert used == [answer["pod"]] == ["web-1"]


def test_the_command_prints_it_on_the_node(lab: RunningLab):
    done = lab.run("node-1", f"{sys.executable} -m clusterless explain typo:80")
    assert (done.code, "closest: app=web (1 pod)" in done.output) == (1, True), done.output
