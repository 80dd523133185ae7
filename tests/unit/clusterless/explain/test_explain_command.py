"""The command `explain`: its exit codes, formats and manners."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clusterless.cli import cli
from clusterless.explain.answering import from_json, to_json
from clusterless.explain.model import Mark, OutcomeKind
from clusterless.explain.svg import NoRichError, write_svg
from clusterless.explain.text import Span, Style, printed

SHOP = Path(__file__).parent / "goldenexplain/shop"


def explained(*words: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *words, "-f", str(SHOP)], prog_name="clusterless")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["web.shop:80"], 0),
        (["http://web.shop/"], 0),
        (["api.example.com:443"], 0),
        (["cart:80"], 1),
        (["cart"], 1),
        (["nobody"], 1),
        (["web.shop:http"], 2),
        (["web.shop:80", "--from", "nobody"], 2),
        (["web.shop:80", "--node", "nowhere"], 2),
        (["web.shop:80", "-o", "yaml"], 2),
        ([], 2),
    ],
)
def test_the_exit_code_says_whether_it_connects(words, code):
    done = explained(*words)
    assert done.exit_code == code, done.output


@pytest.mark.parametrize(
    ("source", "kind", "name", "address", "node"),
    [
        ("", "pod", "", "10.244.1.254", "node-1"),
        ("cart", "pod", "default/cart", "10.244.1.20", "node-1"),
        ("pod/cart", "pod", "default/cart", "10.244.1.20", "node-1"),
        ("shop/web-2", "pod", "shop/web-2", "10.244.2.12", "node-2"),
        ("client", "pod", "default/client", "10.244.1.254", "node-1"),
        ("10.244.2.12", "pod", "shop/web-2", "10.244.2.12", "node-2"),
        ("10.244.2.99", "pod", "", "10.244.2.99", "node-2"),
        ("node/node-2", "node", "node-2", "10.240.0.5", "node-2"),
        ("10.240.0.5", "node", "node-2", "10.240.0.5", "node-2"),
        ("127.0.0.1", "node", "node-1", "127.0.0.1", "node-1"),
        ("external", "external", "", "198.51.100.10", ""),
        ("192.0.2.7", "external", "", "192.0.2.7", ""),
    ],
)
def test_from_is_a_pod_a_node_an_address_or_somebody_outside(source, kind, name, address, node):
    done = explained("10.96.0.20:80", "--from", source, "-o", "json")
    client = {"kind": kind, "name": name, "address": address, "node": node}
    assert json.loads(done.stdout)["client"] == client


def test_json_is_whole_and_comes_back_as_it_was():
    form = json.loads(explained("web.shop:80", "-o", "json").stdout)
    assert form.keys() == {
        "apiVersion", "kind", "question", "client", "steps", "outcome", "findings", "service", "asked", "endpoints"
    }  # fmt: skip
    again = from_json(form)
    assert json.loads(json.dumps(to_json(again))) == form
    assert again.outcome.kind is OutcomeKind.CONNECTED
    assert [step.name for step in again.steps][-1] == "outcome"
    assert again.steps[-1].mark is Mark.GOOD


def test_json_of_a_service_has_all_its_ways():
    form = json.loads(explained("svc/web", "-n", "shop", "-o", "json").stdout)
    assert form["kind"] == "ServiceExplanation"
    assert [(row["kind"], row["source"], row["outcome"]["kind"]) for row in form["rows"]] == [
        ("name", "a pod", "connected"),
        ("ClusterIP", "a pod", "connected"),
        ("NodePort", "a pod", "connected"),
        ("NodePort", "outside", "connected"),
        ("NodePort", "a pod", "connected"),
        ("NodePort", "outside", "timed out"),
        ("LoadBalancer", "a pod", "timed out"),
        ("LoadBalancer", "outside", "connected"),
    ]
    assert json.loads(json.dumps(to_json(from_json(form)))) == form


def test_a_service_may_be_asked_about_by_an_address_of_its_own():
    assert json.loads(explained("203.0.113.10", "-o", "json").stdout)["service"] == "shop/web"


def test_colours_are_asked_for_and_change_no_letter():
    lines = [(Span("✓ ", Style.GOOD), Span("plain"), Span("  ", Style.DIM)), ()]
    assert printed(lines, colours=False) == "✓ plain\n"
    assert printed(lines, colours=True) == "\033[32m✓ \033[0mplain\n"


def test_a_picture_is_drawn_by_rich(tmp_path: Path):
    pytest.importorskip("rich")
    target = tmp_path / "explain.svg"
    done = explained("cart:80", "--svg", str(target))
    assert done.exit_code == 1, "whatever is drawn"
    picture = target.read_text()
    assert picture.startswith("<svg")
    assert "clusterless&#160;explain&#160;cart:80" in picture or "clusterless explain cart:80" in picture


def test_a_picture_that_cannot_be_written_says_why(tmp_path: Path):
    pytest.importorskip("rich")
    done = explained("cart:80", "--svg", str(tmp_path / "no/where.svg"))
    assert "No such file or directory" in done.output


def test_without_rich_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(NoRichError, match=r"clusterless\[tui\]"):
        write_svg(tmp_path / "x.svg", [], "title")


def test_manifests_that_are_refused_are_mentioned(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {}\n")
    done = CliRunner().invoke(cli, ["explain", "bad:80", "-f", str(tmp_path)], prog_name="clusterless")
    assert "warning: manifests with 1 error are refused: see clusterless check" in done.stderr
    assert "[manifest-refused]" in done.stdout


def test_a_file_that_cannot_be_read_is_named_and_not_counted(tmp_path: Path):
    missing = tmp_path / "missing.yaml"
    done = CliRunner().invoke(cli, ["explain", "web:80", "-f", str(missing)], prog_name="clusterless")
    assert done.stderr == f'{missing}: error: the path "{missing}" does not exist\n'


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (
            "127.0.0.1:1",
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
        ),
        ("a..b:80", "Unable to connect to the server: dial tcp: lookup a..b: no such host"),
        ("[fe80::1%nowhere]:80", "Unable to connect to the server: dial tcp: lookup fe80::1%nowhere: no such host"),
    ],
)
def test_without_an_agent_it_is_said_what_to_do(server: str, told: str):
    done = CliRunner().invoke(cli, ["explain", "web:80", "-s", server], prog_name="clusterless")
    hint = "    hint: `clusterless up` runs an agent; -f PATH looks at manifests instead"
    assert (done.exit_code, done.stderr.splitlines()) == (1, [told, hint])


def test_a_corefile_with_mistakes_is_wrong_usage(tmp_path: Path):
    (tmp_path / "Corefile").write_text(".:53 {\n    nothing\n}\n")
    done = explained("web.shop:80", "--corefile", str(tmp_path / "Corefile"))
    assert done.exit_code == 2
    assert "nothing" in done.output


def test_the_corefile_decides_which_names_there_are(tmp_path: Path):
    (tmp_path / "Corefile").write_text(".:53 {\n    kubernetes cluster.local {\n        namespaces default\n    }\n}\n")
    done = explained("web.shop:80", "--corefile", str(tmp_path / "Corefile"))
    assert "could not resolve host" in done.stdout
