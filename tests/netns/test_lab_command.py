"""`clusterless lab` as a command: how it starts, what it returns, and that it leaves nothing behind."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import why_impossible
from .labs import HANG_SECONDS, LITTLE, ROOT, SAYS_UP, children, lab_command, user_arguments
from .leftovers import nothing_left
from .terminals import at_a_terminal, read_until

SHIPPED = (ROOT / "configs" / "manifests",)
ONE_POD = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
"""

pytestmark = pytest.mark.skipif(bool(why_impossible()), reason=why_impossible())


@pytest.fixture(params=["me", "nobody"])
def user(request: pytest.FixtureRequest) -> str:
    if reason := why_impossible(request.param):
        pytest.skip(reason)
    return str(request.param)


def run(manifests: Sequence[Path | str], *command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        lab_command(manifests, *command),
        check=False,
        text=True,
        timeout=HANG_SECONDS,
        cwd="/",
        **{"capture_output": True, **options},
    )


@contextmanager
def started(user: str, kept: int, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A lab that has written its first line."""
    lab = subprocess.Popen(  # type: ignore[call-overload]
        lab_command(SHIPPED, *command),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        pass_fds=[kept],
        cwd="/",
        **user_arguments(user),
    )
    with lab:
        assert lab.stdout.readline() == "up\n"
        yield lab


def test_a_command_runs_as_a_pod_and_nothing_is_left(user: str):
    with nothing_left() as kept:
        done = run(SHIPPED, "curl", "-s", "http://web/hostname", pass_fds=[kept], **user_arguments(user))
    assert done.returncode == 0
    assert done.stdout.startswith("example-app-")


def end_the_command(lab: subprocess.Popen[str]) -> None:
    lab.kill()


def end_its_first_process(lab: subprocess.Popen[str]) -> None:
    (middle,) = children(lab.pid)
    (first,) = children(middle)
    os.kill(first, signal.SIGKILL)


@pytest.mark.parametrize("end", [end_the_command, end_its_first_process])
def test_nothing_is_left_after_kill_9(user: str, end: Callable[[subprocess.Popen[str]], None]):
    with nothing_left() as kept, started(user, kept, *SAYS_UP) as lab:
        end(lab)
        assert lab.wait(HANG_SECONDS) in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_sigterm_ends_it_in_good_order():
    with nothing_left() as kept, started("me", kept, *SAYS_UP) as lab:
        lab.terminate()
        assert lab.wait(HANG_SECONDS) == 128 + signal.SIGTERM


def test_the_exit_code_is_the_commands():
    assert run(LITTLE, "sh", "-c", "exit 7").returncode == 7


def test_a_command_that_is_not_there_is_127_as_in_a_shell():
    done = run(LITTLE, "no-such-command")
    assert done.returncode == 127
    assert "no-such-command: No such file or directory" in done.stderr


def test_a_reader_that_has_seen_enough_ends_it_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    done = run(LITTLE, "yes", stdout=writing, stderr=subprocess.PIPE, capture_output=False)
    os.close(writing)
    assert done.returncode == 128 + signal.SIGPIPE
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def test_without_a_command_a_shell_reads_standard_input():
    command = lab_command(LITTLE)[:-1]
    script = "getent hosts web >/dev/null && echo found; exit 3"
    done = subprocess.run(
        command,
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
        env={**os.environ, "SHELL": "/bin/sh"},
    )
    assert (done.returncode, done.stdout) == (3, "found\n")


def test_ctrl_c_ends_the_command_that_runs():
    with at_a_terminal(lab_command(LITTLE, *SAYS_UP)) as (terminal, lab):
        read_until(terminal, "up\r\n")
        os.write(terminal, b"\x03")
        assert lab.wait(HANG_SECONDS) == 128 + signal.SIGINT


def test_a_shell_at_a_terminal_survives_ctrl_c_and_so_does_the_lab():
    with at_a_terminal(lab_command(LITTLE)[:-1]) as (terminal, lab):
        os.write(terminal, f"{shlex.join(SAYS_UP)}\n".encode())
        read_until(terminal, "up\r\n")
        os.write(terminal, b"\x03")
        read_until(terminal, "client$ ")
        os.write(terminal, b"curl -s http://web/hostname; echo d''one\n")
        assert "web-0" in read_until(terminal, "done\r\n")
        os.write(terminal, b"exit 4\n")
        assert lab.wait(HANG_SECONDS) == 4


def test_without_nodes_in_the_manifests_there_are_two(tmp_path: Path):
    (tmp_path / "pod.yaml").write_text(ONE_POD)
    done = run([tmp_path], "sh", "-c", "ls /run/netns; curl -s http://web/hostname")
    assert done.stdout.split()[-1] == "web-0"
    assert {"node-1", "node-2"} <= set(done.stdout.split())


def test_a_node_without_address_or_pod_range_gets_both(tmp_path: Path):
    nodes = [f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n" for name in ("alpha", "beta")]
    pods = ONE_POD.replace("spec: {containers", "spec: {nodeName: beta, hostNetwork: true, containers")
    (tmp_path / "all.yaml").write_text("---\n".join([*nodes, pods]))
    script = "curl -s http://web/hostname; ip netns exec alpha ip -4 -o addr show eth0"
    done = run([tmp_path], "sh", "-c", script)
    assert done.stdout.split()[0] == "web-0", done.stderr
    assert "10.240.0.1/32" in done.stdout


def test_manifests_may_come_on_standard_input():
    done = run(["-"], "curl", "-s", "http://web/hostname", input=ONE_POD)
    assert (done.returncode, done.stdout) == (0, "web-0\n")


def test_problems_of_the_manifests_are_told_once():
    done = run(SHIPPED, "true")
    assert [line.partition(" ")[2][:44] for line in done.stderr.splitlines()] == [
        "Warning: spec.externalIPs is deprecated and "
    ]


def test_without_the_program_ip_it_says_what_to_install(tmp_path: Path):
    done = run(LITTLE, "true", env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: there is no program `ip`: install iproute2"


def test_a_proxy_of_the_machines_network_is_not_asked_inside():
    environment = {**os.environ, "http_proxy": "http://192.0.2.1:3128"}
    done = run(LITTLE, "curl", "-s", "http://web/hostname", env=environment)
    assert done.stdout == "web-0\n"


def test_two_labs_at_once_do_not_meet():
    with nothing_left() as kept, started("me", kept, *SAYS_UP) as first:
        done = run(LITTLE, sys.executable, "-c", "import os; print(sorted(os.listdir('/run/netns'))[0])")
        first.terminate()
    assert done.stdout == "client\n"
