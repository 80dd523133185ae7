"""How labs come up: with and without privilege, under a name, in the background, and quickly; what a kill leaves."""

import fcntl
import os
import re
import shlex
import signal
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from .conftest import why_impossible
from .labs import CLUSTERLESS, HANG_SECONDS, LITTLE, ROOT, SAYS_UP, children, is_root, lab_command, user_arguments
from .leftovers import nothing_left
from .playedlab import in_background, play
from .terminals import at_a_terminal, read_until

SHIPPED = (ROOT / "configs" / "manifests",)
APPS = ROOT / "tests" / "scenarios" / "apps"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
"""
TWENTY_PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 20
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 80}]}]}
"""
READY_SECONDS = 3.0  # what is promised for three nodes and twenty pods

pytestmark = pytest.mark.skipif(bool(why_impossible()), reason=why_impossible())
needs_root = pytest.mark.skipif(not is_root(), reason="only root can be root")


def run(*command: str, user: str = "me", **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
        cwd="/",
        **user_arguments(user),
        **options,
    )


@needs_root
@pytest.mark.parametrize(("flag", "namespaces"), [("--root", "the same"), ("--rootless", "another")])
def test_root_may_choose(flag: str, namespaces: str):
    with nothing_left() as kept:
        script = "curl -s http://db-0.db/hostname; readlink /proc/self/ns/user"
        done = run(*lab_command(SHIPPED, "sh", "-c", script, flags=[flag]), pass_fds=[kept])
    answer, own = done.stdout.split()
    assert answer == "db-0"
    assert (own == str(Path("/proc/self/ns/user").readlink())) == (namespaces == "the same")


@needs_root
def test_nothing_is_left_of_roots_lab_after_kill_9():
    with nothing_left() as kept:
        command = lab_command(LITTLE, *SAYS_UP, flags=["--root"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[kept], cwd="/") as lab:
            assert lab.stdout is not None
            assert lab.stdout.readline() == "up\n"
            (middle,) = children(lab.pid)
            (first,) = children(middle)
            os.kill(first, signal.SIGKILL)
            assert lab.wait(HANG_SECONDS) == 128 + signal.SIGKILL


@needs_root
def test_a_user_cannot_have_what_is_roots():
    done = run(*lab_command(SHIPPED, "true", flags=["--root"]), user="nobody")
    assert (done.returncode, done.stderr) == (1, "error: --root needs root: run it with sudo, or leave the flag away\n")


# In a user namespace whose users may have no other, as on a machine that does not allow them.
FORBIDDEN = ("unshare", "--user", "--map-root-user", "sh", "-c")


@pytest.mark.parametrize(
    ("flag", "drop", "expected"),
    [
        ("--nodes=1", "", "web-0"),
        ("--root", "", "web-0"),
        (
            "--rootless",
            "",
            "error: this machine does not let user 0 make namespaces (unshare: No space left on device)",
        ),
        ("--nodes=1", "setpriv --bounding-set=-all --inh-caps=-all", "error: this machine does not let user 0 make"),
    ],
)
def test_where_users_may_not_make_namespaces_root_still_can(flag: str, drop: str, expected: str):
    pod = SERVICE + "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, labels: {app: web}}\n"
    pod += "spec: {containers: [{name: web, image: web}]}\n"
    command = shlex.join([*CLUSTERLESS, "lab", "-f", "-", flag, "--", "curl", "-s", "http://web/hostname"])
    script = f"echo 0 > /proc/sys/user/max_user_namespaces && exec {drop} {command}"
    done = run(*FORBIDDEN, script, input=pod)
    assert (done.stdout + done.stderr).startswith(expected)


def test_a_lab_in_the_background_is_ready_in_time_and_gone_when_it_is_stopped(tmp_path: Path):
    (tmp_path / "web.yaml").write_text(SERVICE + TWENTY_PODS)
    with nothing_left() as kept:
        flags = ("-f", str(tmp_path), "--nodes", "3", "--name", "background", "--detach")
        started = run(*CLUSTERLESS, "lab", *flags, pass_fds=[kept])
        found = re.match(
            r'lab "background" is up: 3 nodes, 20 pods and the outside, ready after (\S+) s\n', started.stdout
        )
        assert found, started.stderr
        assert float(found[1]) < 10 * READY_SECONDS
        assert play("stop", "background").returncode == 0
    assert "background" not in play("list").stdout.split()


def test_a_name_is_free_again_after_kill_9():
    with nothing_left() as kept:
        command = lab_command(LITTLE, *SAYS_UP, flags=["--name", "killed"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[kept], cwd="/") as lab:
            assert lab.stdout is not None
            assert lab.stdout.readline() == "up\n"
            assert "killed" in play("list").stdout.split()
            lab.kill()
    assert "killed" not in play("list").stdout.split()
    assert run(*lab_command(LITTLE, "true", flags=["--name", "killed"])).returncode == 0


def test_nodes_are_made_up_only_where_none_is_written():
    done = run(*lab_command(SHIPPED, "true", flags=["--nodes", "3"]))
    assert done.returncode == 1
    assert "error: the manifests have Nodes of their own: --nodes is for manifests without\n" in done.stderr


def test_a_misspelt_command_is_wrong_usage():
    done = play("-f", str(SHIPPED[0]), "shel")
    assert done.returncode == 2
    assert "No such command 'shel'" in done.stderr


def test_manifests_are_for_a_lab_that_starts():
    done = play("-f", str(SHIPPED[0]), "status")
    assert done.returncode == 2
    assert "Error: -f starts a lab, and `status` is for one that runs" in done.stderr


SERVICES = """{range .items[*]}{.metadata.namespace} {.metadata.name} {.spec.ports[0].port}{"\\n"}{end}"""


def test_the_applications_come_up_unmodified_with_every_service_answering_by_name():
    with in_background([APPS], "--nodes", "2") as lab:
        listed = lab.output("client", f"clusterless get services -A -o jsonpath='{SERVICES}'").splitlines()
        ports = [line.split() for line in listed if not re.match("kube-system|default kubernetes", line)]
        services = [each for each in ports if len(each) == 3]  # the alias has no port, and leads out of the lab
        assert len(services) > 10
        for namespace, name, port in services:
            answer = lab.output("client", f"curl -sS --max-time 10 http://{name}.{namespace}:{port}/hostname")
            assert answer, name


def test_a_shell_from_another_terminal_has_job_control_and_the_size_of_that_terminal(tmp_path: Path):
    (tmp_path / "web.yaml").write_text(SERVICE)
    with in_background([tmp_path], "--nodes", "1") as lab:
        command = [*CLUSTERLESS, "lab", "shell", "node-1", "--name", lab.name]
        with at_a_terminal(command) as (terminal, shell):
            read_until(terminal, "node-1$ ")
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
            os.write(terminal, f"stty size; {shlex.join(SAYS_UP)}; echo inter''rupted\n".encode())
            read_until(terminal, "33 99")
            read_until(terminal, "up\r\n")
            os.write(terminal, b"\x03")
            read_until(terminal, "node-1$ ")
            os.write(terminal, b"sleep 1000 & jobs; hostname; exit 4\n")
            assert "Running" in read_until(terminal, "node-1\r\n")
            assert shell.wait(HANG_SECONDS) == 4
