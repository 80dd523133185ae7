"""docker-compose.yml as users have it, with either generation of Compose."""

import itertools
import json
import re
import time
from pathlib import Path

import pytest

from lab.compose import Compose
from lab.tour import TOUR, Kind, StopNode
from lab.tourguide import walk

from . import composepage
from .engine import Engine

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.timeout(400)]

FOLLOW_SECONDS = 20.0  # against hangs; the promise is 0.4 s
ROUTERS = ("node-1", "node-2", "lb", "fabric", "machine-1")
UNPRIVILEGED = ("client", "db-pod-0", "example-app-pod-1", "outside", "stranger", "external", "outside-dns")
# `uid capabilities name` of every process of a container.
PROCESSES = "awk '/^Name/{n=$2} /^Uid/{u=$2} /^CapEff/{print u, $2, n}' /proc/[0-9]*/status 2>/dev/null"
ASKING = ("sh", "awk")  # they look
HEALTH_CHECK = "curl"  # Docker starts it with all that its container may have
ENGINE = "runc"  # on its way to become what Docker is to start: it has not given anything up yet
WITHOUT_FAILURE = [
    Kind(kind.title, tuple(itertools.takewhile(lambda action: not isinstance(action, StopNode), kind.actions)))
    for kind in TOUR
]


@pytest.mark.parametrize("lab", ["v2"], indirect=True)
def test_the_tour_finds_every_answer_right(lab: Compose, engine: Engine, shipped: Path):
    said: list[str] = []
    assert walk(lab, said.append) == 0, "\n".join(said)
    nobody_is_privileged_but_the_helpers(lab)
    a_changed_manifest_is_followed(lab, shipped)
    what_the_page_has_users_type_works(engine, shipped)


@pytest.mark.parametrize("lab", ["v1"], indirect=True)
def test_compose_of_the_first_generation_shows_every_kind_of_service_though_no_failing_node(lab: Compose):
    said: list[str] = []
    assert walk(lab, said.append, WITHOUT_FAILURE) == 0, "\n".join(said)


def nobody_is_privileged_but_the_helpers(lab: Compose) -> None:
    for host in UNPRIVILEGED:
        assert {(uid, mask) for uid, mask, _ in processes(lab, host)} == {("65532", 0)}, host
    for host in ROUTERS:
        first, *others = processes(lab, host)
        assert first[1] == 0, host
        assert {name for _, mask, name in others if mask} <= {"clusterless-net", HEALTH_CHECK}, host
    assert "Read-only file system" in lab.run("client", "touch /somewhere")


def processes(lab: Compose, host: str) -> list[tuple[str, int, str]]:
    """User, effective capabilities and name, the container's first process first."""
    lines = [line.split() for line in lab.run(host, PROCESSES).splitlines()]
    return [(uid, int(mask, 16), name) for uid, mask, name in lines if not name.startswith((*ASKING, ENGINE))]


def a_changed_manifest_is_followed(lab: Compose, shipped: Path) -> None:
    folder = shipped / "configs" / "manifests"
    new = folder / "another.yaml"
    new.write_text((folder / "clusterip.yaml").read_text().replace("name: web", "name: another"))
    try:
        deadline = time.monotonic() + FOLLOW_SECONDS
        while not re.match("example-app-", answer := lab.run("client", "curl -sS -m 2 http://another/hostname")):
            assert time.monotonic() < deadline, answer
    finally:
        new.unlink()


def what_the_page_has_users_type_works(engine: Engine, shipped: Path) -> None:
    """From a project that is up already to one that is taken down."""
    for line in composepage.blocks()[composepage.LAB]:
        said = engine.run(["sh", "-c", line], cwd=shipped)
        assert re.match("example-app-", said) or "curl" not in line, f"{line}\n{said}"
    assert engine.docker("ps", "--quiet", "--filter=label=com.docker.compose.project=lab") == ""


@pytest.mark.parametrize("image", ["clusterless", "clusterless-lab"])
def test_an_image_runs_as_nobody_and_stops_at_once(engine: Engine, image: str):
    (inspected,) = json.loads(engine.docker("image", "inspect", image))
    config = inspected["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["clusterless"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "clusterless", "healthz"]
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert engine.docker("run", "--rm", "--read-only", "--network=none", "--cap-drop=ALL", image, "version")


def test_the_image_adds_little_to_its_base(engine: Engine):
    sizes = {
        name: int(engine.docker("image", "inspect", "--format={{.Size}}", name))
        for name in ("python:3.11-slim-bookworm", "clusterless")
    }
    assert sizes["clusterless"] - sizes["python:3.11-slim-bookworm"] < 60_000_000
    without = ("run", "--rm", "--network=none", "--entrypoint=sh", "clusterless", "-c")
    assert engine.docker(*without, "command -v curl dig ip /opt/clusterless/bin/pip || echo none") == "none\n"


def test_an_agent_without_any_privilege_is_healthy(engine: Engine, tmp_path: Path):
    """The image's own health check, and a stop that takes no ten seconds."""
    (tmp_path / "web.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
    )
    tmp_path.chmod(0o755)
    name = engine.docker(
        "run", "--detach", "--read-only", "--network=none", "--cap-drop=ALL", f"--volume={tmp_path}:/manifests:ro",
        "clusterless", "up", "--filename=/manifests", "--service-cluster-ip-range=127.96.0.0/16",
    ).strip()  # fmt: skip
    try:
        deadline = time.monotonic() + FOLLOW_SECONDS
        while "{" not in (told := engine_says(engine, name)):
            assert time.monotonic() < deadline, engine.docker("logs", name)
        assert '"healthy":true' in told
        started = time.monotonic()
        engine.docker("stop", name)
        assert time.monotonic() - started < 8
        assert engine.docker("inspect", "--format={{.State.ExitCode}}", name) == "0\n"
    finally:
        engine.docker("rm", "--force", name)


def engine_says(engine: Engine, name: str) -> str:
    return engine.docker("exec", name, "sh", "-c", "clusterless healthz 2>&1 || true")
