"""A project as a team has it, one Service manifest and one more container: its containers are found."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import composepage
from .engine import Engine

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

SHOP = Path(__file__).with_name("shop")
UP, *LOOK = composepage.blocks()[composepage.SHOP]
FOLLOW_SECONDS = 40.0  # against hangs
CURL = "curl -sS -m 2"


class Shop:
    """The project, up; `shell` is a container of it."""

    def __init__(self, engine: Engine, program: tuple[str, ...], folder: Path) -> None:
        self._engine = engine
        self._command = (*program, "--project-name", "shop")
        self.folder = folder

    def compose(self, *arguments: str) -> str:
        return self._engine.run([*self._command, *arguments], cwd=self.folder)

    def types(self, line: str) -> str:
        """What a line of the documentation prints."""
        return self._engine.run(["sh", "-c", line], cwd=self.folder)

    def shell(self, command: str) -> str:
        return self.compose("exec", "-T", "shell", "sh", "-c", f"{{ {command}; }} 2>&1 || true")

    def eventually(self, command: str, expected: str) -> None:
        deadline = time.monotonic() + FOLLOW_SECONDS
        while not re.fullmatch(expected, answer := self.shell(command).strip()):
            assert time.monotonic() < deadline, f"{answer!r}\n{self.compose('logs', 'cluster')}"


@pytest.fixture(scope="module")
def shop(engine: Engine, compose_program: Callable[[str], tuple[str, ...]]) -> Iterator[Shop]:
    folder = shutil.copytree(SHOP, engine.home / "shop")
    made = Shop(engine, compose_program("v2"), folder)
    try:
        made.types(UP)
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "2")


def test_a_service_leads_to_containers_that_were_there_before(shop: Shop):
    both = rf"for i in 1 2 3 4; do {CURL} http://web/hostname; done | grep -xE '[0-9a-f]{{12}}' | sort -u | wc -l"
    shop.eventually(both, "2")
    # Also by the node's port, as who is not told of the cluster's DNS gets in.
    for line in LOOK:
        assert re.search(r"\b[0-9a-f]{12}\b", shop.types(line)), line

    left = rf"for i in 1 2 3; do {CURL} http://web/hostname; done | sort -u"
    post = "curl -sS -X POST http://127.0.0.1:8080"
    shop.compose("exec", "-T", "--index=1", "front", "sh", "-c", f"{post}/fail")  # its health check fails from now on
    shop.eventually(left, r"[0-9a-f]{12}")
    shop.compose("exec", "-T", "--index=1", "front", "sh", "-c", f"{post}/heal")
    shop.eventually(both, "2")

    shop.compose("up", "-d", "--scale", "front=1", "--no-recreate")
    shop.eventually(left, r"[0-9a-f]{12}")

    shop.compose("stop", "front")
    shop.eventually(f"{CURL} http://web/hostname", r"curl: \(7\) .*")
    shop.compose("start", "front")
    shop.eventually(left, r"[0-9a-f]{12}")


def test_names_of_containers_come_after_those_of_the_cluster_where_domains_are_searched(shop: Shop):
    manifest = shop.folder / "manifests" / "front.yaml"
    text = (shop.folder / "manifests" / "web.yaml").read_text()
    manifest.write_text(text.replace("name: web", "name: front").replace("nodePort: 30080", "nodePort: 30081"))
    shop.eventually("getent hosts front", r"10\.77\.\d+\.\d+\s+front\.default\.svc\.cluster\.local")
    # Where nothing is searched, Docker answers the containers, which it gives addresses below 10.77.128.0.
    assert re.fullmatch(r"(10\.77\.([0-9]|[0-9]{2}|1[01][0-9]|12[0-7])\.\d+\n)+", shop.shell("dig +short front"))
