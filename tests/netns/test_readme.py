"""Every command of the README, run in a shell of its own network namespace; what it shows is what the README shows."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from .docpages import matches

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
NAMESPACES = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
SHELL = ("bash", "-m", "-s")

# All blocks are typed once, for all tests, which takes half a minute.
pytestmark = [pytest.mark.xdist_group("readme"), pytest.mark.timeout(200)]


def commands_of(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that follows it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What each command of each block prints, all commands of a block in one shell."""
    marker = "=== end of command ==="
    results = []
    runtime_dir = str(tmp_path_factory.mktemp("labs"))
    for block in BLOCKS:
        script = "".join(f"{command}\necho '{marker}'\n" for command, _ in commands_of(block))
        # What the README says of a user without privilege is tried without: root here, but with no capability at all.
        shell = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *SHELL] if "127." in block else SHELL
        done = subprocess.run(
            [*NAMESPACES, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *shell],
            input=script,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env={
                **os.environ,
                "XDG_RUNTIME_DIR": runtime_dir,
                "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
            },
            check=False,
        )
        results.append(done.stdout.split(f"{marker}\n"))
    return results


@pytest.mark.parametrize(
    ("block", "number", "command", "output"),
    [
        pytest.param(index, number, command, output, id=command[:60])
        for index, block in enumerate(BLOCKS)
        for number, (command, output) in enumerate(commands_of(block))
    ],
)
def test_the_readme_shows_what_is_seen(
    block: int, number: int, command: str, output: str, transcripts: list[list[str]]
):
    assert matches(output, transcripts[block][number]), f"$ {command}\n{transcripts[block][number]}"


def test_the_two_commands_of_the_readme_are_those_of_the_makefile():
    named = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named == ["demo", "test"]
    plan = subprocess.run(["make", "--dry-run", *named], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "clusterless lab -f configs/manifests --tour" in plan.stdout
    assert "pytest" in plan.stdout
