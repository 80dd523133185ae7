"""The commands `events`, `top` and `graph`: what they say of manifests, and of what cannot be."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from clusterless.cli import cli
from clusterless.introspection.client import Client, ServerError
from clusterless.introspection.rates import rates
from clusterless.introspection.status import (
    AffinityPart,
    DnsPart,
    EndpointPart,
    FlowPart,
    FrontendPart,
    ServicePart,
    Status,
)
from clusterless.introspection.topview import frame

ROOT = Path(__file__).parents[4]


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words, prog_name="clusterless")
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--for", "web"], 1, "error: --for must be in resource/name form"),
        (["--for", "thing/web"], 1, 'error: the server doesn\'t have a resource type "thing"'),
        (["--types", "Bad"], 1, "error: valid --types are Normal or Warning"),
        (["-o", "png"], 1, 'error: unable to match a printer suitable for the output format "png"'),
        (["-o", "jsonpath={.items}"], 1, 'error: output format "jsonpath" is not supported for events'),
        (["-l", "a in (b"], 1, "error: unable to parse requirement"),
        (["-n", "nowhere"], 0, "No events found in nowhere namespace."),
        (["--for", "svc/example-externalip"], 0, "Warning   ManifestWarning   Service/example-externalip"),
        (["--for", "svc/example-externalip", "-o", "name"], 0, "event/example-externalip."),
        (["--types=Normal"], 0, "No events found in default namespace."),
        (["-o", "wide", "--no-headers"], 0, "service/example-externalip"),
    ],
)
def test_events_of_manifests(words: list[str], code: int, text: str):
    found, output = run("events", "-f", str(ROOT / "configs/manifests"), *words)
    assert (found, text in output) == (code, True), output


def test_a_file_that_cannot_be_read_has_an_event_of_its_own(tmp_path: Path):
    (tmp_path / "broken.yaml").write_text("a: [")
    _, output = run("events", "-f", str(tmp_path))
    assert "Warning   ParseError   Manifest/broken.yaml" in output


def test_top_without_rich_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("clusterless.introspection.top", "clusterless.introspection.topview"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert run("top", "--once") == (1, "error: top needs Rich: pip install 'clusterless[tui]'\n")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://127.0.0.1:10249", "must be http://HOST:PORT"),
        ("http://", "must be http://HOST:PORT"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("ftp://x", "must be http://HOST:PORT"),
    ],
)
def test_a_url_that_no_agent_has_is_told(url: str, text: str):
    with pytest.raises(ServerError, match=text):
        Client(url)


WEB = ServicePart(
    namespace="default",
    name="web",
    port="http",
    frontends=(
        FrontendPart(address="192.0.2.1:30080/TCP", kind="NodePort", state="failed", message="address already in use"),
        FrontendPart(address="10.96.0.20:80/TCP", kind="ClusterIP", state="serving"),
    ),
    endpoints=(
        EndpointPart(address="10.244.1.5:8080", node="n1", open=3, opened=40, bytes_in=2_000),
        EndpointPart(address="10.244.1.6:8080", node="n2", in_rotation=False, open=2),
    ),
    accepted=42,
    active=5,
    unserved={"dials failed": 7},
    kernel_drops={"source range": 12},
)
STATUS = Status(
    node="n1",
    generation=3,
    time=10.0,
    frontends={"serving": 1, "failed": 1},
    services=(WEB,),
    services_left_out=9,
    flows=(
        FlowPart(
            service="default/dns",
            frontend="10.96.0.10:53/UDP",
            client="10.1.0.1:999",
            endpoint="10.244.1.7:53",
            answered=False,
            idle_seconds=12.4,
        ),
    ),
    flows_left_out=3,
    affinities=(
        AffinityPart(
            service="default/web:http", client="10.1.0.2", endpoint="10.244.1.5:8080", expires_in_seconds=99.6
        ),
    ),
    dns=DnsPart(questions={"A": 5, "AAAA": 2}, answers={"NOERROR": 7}, shed=4),
    accept_pauses={"connection limit": 2},
    descriptors=10,
    descriptor_budget=100,
)


def drawn(columns: int, rows: int = 0, status: Status = STATUS) -> list[str]:
    console = Console(width=columns)
    with console.capture() as capture:
        console.print(frame(status, rates(None, status), columns, rows))
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize(
    "parts",
    [
        ["default/web:http", "10.96.0.20:80 +1", "failed: address already in use", "7 reset, dials failed"],
        ["10.244.1.6:8080", "n2", "left rotation", "2"],
        ["12 dropped, source range"],
        ["10.1.0.1:999", "10.96.0.10:53/UDP", "10.244.1.7:53", "12s, unanswered"],
        ["+ 3 more..."],
        ["+ 9 more..."],
        ["10.1.0.2", "10.244.1.5:8080", "default/web:http", "100s"],
        ["DNS", "7 questions", "A 5", "AAAA 2"],
        ["answers: NOERROR 7", "turned away: shed 4"],
        ["1 serving, 1 failed", "descriptors: 10 of 100", "accepting paused 2x: connection limit"],
    ],
)
def test_a_frame_shows(parts: list[str]):
    lines = drawn(200)
    assert any(all(part in line for part in parts) for line in lines), "\n".join(lines)


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 200])
def test_a_frame_is_as_narrow_as_its_terminal(columns: int):
    lines = drawn(columns)
    assert max(map(len, lines)) <= columns
    assert any("web" in line for line in lines)


def test_on_a_low_terminal_services_are_cut_and_what_is_below_them_is_seen():
    many = tuple(ServicePart(namespace="default", name=f"s{n:03}") for n in range(300))
    lines = drawn(120, 40, Status(node="n1", generation=1, time=1.0, services=many, dns=DnsPart()))
    assert len(lines) <= 40
    assert any("DNS" in line for line in lines)


def test_an_agent_that_serves_nothing_says_so():
    lines = drawn(100, status=Status(node="n1", generation=1, time=1.0))
    assert any("no Service is proxied here" in line for line in lines)
