"""A running agent's metrics: names that Prometheus' own lint accepts, and all that the shipped dashboard shows."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.netns.agents import HANG_SECONDS, NOBODYS, Agent, service, write
from tests.places import own_network

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana-dashboard.json"
PAGE = DASHBOARD.with_name("operations.md")
# Functions and words of PromQL, labels, and Grafana's variables, which a dashboard names besides metrics.
METRIC = re.compile(r"\b(?:clusterless|kubeproxy|coredns|process)_[a-z0-9_]+\b")
TYPE = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
HELP = re.compile(r"^# HELP (\S+) (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where an agent is scraped. It has no privilege: of those that have, there may be one on a host at a time."""
    with own_network() as network, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        write(Path(folder) / "web.json", service("web", ports=[{"port": 8080}]))
        (Path(folder) / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n    forward . 192.0.2.1\n}\n")
        arguments = (
            f"-f{folder}",
            f"--corefile={folder}/Corefile",
            f"--service-cluster-ip-range={network}.0/24",
            "--healthz-bind-address=",
            f"--metrics-bind-address={network}.1:10249",
        )
        with Agent(*arguments, user=NOBODYS):
            yield f"http://{network}.1:10249"


def got(url: str) -> str:
    with urllib.request.urlopen(url, timeout=HANG_SECONDS) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def scraped(address: str) -> str:
    return got(f"{address}/metrics")


def families(text: str) -> dict[str, str]:
    return dict(TYPE.findall(text))


def test_prometheus_own_lint_finds_nothing(scraped: str):
    beside_python = shutil.which("promtool", path=os.path.dirname(sys.executable))
    promtool = shutil.which("promtool") or beside_python
    if promtool is None:
        pytest.skip("promtool is not installed: it is in Debian's package prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_names_follow_prometheus_conventions(scraped: str):
    kinds = families(scraped)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in kinds)
    assert [name for name, kind in kinds.items() if (kind == "counter") != name.endswith("_total")] == [
        "kubeproxy_sync_proxy_rules_no_local_endpoints_total"  # Kubernetes' own name, so that it is without type here
    ]
    assert kinds["kubeproxy_sync_proxy_rules_no_local_endpoints_total"] == "untyped"
    not_base = re.compile(r"_(milliseconds|ms|minutes|hours|kilobytes|kb|mb|percent)(_|$)")
    assert [name for name in kinds if not_base.search(name)] == []
    assert [name for name in kinds if re.search(r"_(counter|gauge|histogram|count|sum|bucket)$", name)] == []


def test_every_family_says_what_it_is_and_comes_once(scraped: str):
    helps = HELP.findall(scraped)
    assert [name for name, text in helps if not text.strip()] == []
    assert len(helps) == len({name for name, _ in helps}) == len(families(scraped))


def test_all_names_have_an_owner(scraped: str):
    owners = {name.partition("_")[0] for name in families(scraped)}
    assert owners == {"clusterless", "kubeproxy", "coredns", "process"}


def test_no_client_and_no_question_is_a_label(scraped: str):
    labels = set(re.findall(r'[{,]([a-z_]+)="', scraped))
    assert labels.isdisjoint({"client", "source", "address", "name", "qname", "question"})


def test_the_dashboard_shows_what_there_is(scraped: str):
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    expressions += [each["query"]["query"] for each in dashboard["templating"]["list"] if each["type"] == "query"]
    named = {name for text in expressions for name in METRIC.findall(text)}
    known = set(families(scraped)) | {
        f"{name}_bucket" for name, kind in families(scraped).items() if kind == "histogram"
    }
    assert sorted(named - known) == []
    assert len(named) > 40


def test_what_there_is_for_operators_is_on_the_dashboard(scraped: str):
    text = DASHBOARD.read_text()
    ours = {name for name in families(scraped) if name.startswith(("clusterless_", "kubeproxy_"))}
    known_elsewhere = {
        "clusterless_metrics_folded",
        "clusterless_slow_callback_longest_seconds",
        "clusterless_dns_packed_answers_total",
        "clusterless_dns_upstream_ignored_total",
        "clusterless_dns_tcp_shed_total",
        "clusterless_dns_accept_failures_total",
    }
    assert sorted(name for name in ours - known_elsewhere if name not in text) == []


def test_the_page_for_operators_names_what_there_is(scraped: str):
    page = PAGE.read_text()
    known = set(families(scraped))
    assert sorted(set(re.findall(r"`((?:clusterless|kubeproxy|coredns)_[a-z_]+)`", page)) - known) == []
    ours = {name for name in known if name.startswith("clusterless_") and not name.startswith("clusterless_dns_")}
    assert sorted(name for name in ours if f"`{name}`" not in page) == []
    dns = {name.removeprefix("clusterless_dns_").removesuffix("_total") for name in known if "clusterless_dns_" in name}
    assert sorted(name for name in dns if f"`{name}`" not in page) == []


def test_panels_do_not_overlap():
    panels = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    cells = [
        (each["x"] + column, each["y"] + line)
        for each in panels
        for column in range(each["w"])
        for line in range(each["h"])
    ]
    assert len(cells) == len(set(cells))


def test_kube_proxys_other_pages_are_there(address: str):
    assert got(f"{address}/proxyMode") == "nftables"
    config = json.loads(got(f"{address}/configz"))["kubeproxy.config.k8s.io"]
    assert config["kind"] == "KubeProxyConfiguration"
    assert config["metricsBindAddress"] == address.removeprefix("http://")
    assert got(f"{address}/healthz") == "ok"


@pytest.mark.parametrize(
    ("question", "code"),
    [("", 200), ("?generation=1", 200), ("?generation=0", 200), ("?generation=99", 503), ("?generation=now", 400)],
)
def test_a_generation_can_be_waited_for(address: str, question: str, code: int):
    try:
        with urllib.request.urlopen(f"{address}/readyz{question}", timeout=HANG_SECONDS) as answer:
            found = answer.status
    except urllib.error.HTTPError as error:
        found = error.code
        error.close()
    assert found == code


def test_a_scrape_is_not_posted_to(address: str):
    with pytest.raises(urllib.error.HTTPError, match="405") as caught:
        urllib.request.urlopen(f"{address}/metrics", data=b"x", timeout=HANG_SECONDS)
    caught.value.close()
