"""The unit that is shipped: systemd understands it, and what it starts runs as it says."""

import configparser
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .agents import CLUSTERLESS, HANG_SECONDS, Backend, endpoints, make_host, ours, reach, service, write
from .conftest import InNamespace

UNIT = Path(__file__).parents[2] / "docs" / "clusterless.service"
VIP = "10.96.1.1"
CONFIG = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"


def settings() -> configparser.SectionProxy:
    """What the unit says of its service."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser["Service"]


def as_the_unit_says() -> None:
    """Starts ExecStart with the capabilities and the environment that systemd would give it."""
    make_host()
    Backend()
    root = Path(tempfile.mkdtemp(dir="/run"))
    (root / "manifests").mkdir()
    (root / "state").mkdir()
    (root / "kube-proxy.yaml").write_text(CONFIG)
    write(root / "manifests" / "first.json", service("first", clusterIP=VIP), endpoints("first"))
    unit = settings()
    program, *arguments = shlex.split(unit["ExecStart"])
    assert program.endswith("/clusterless")
    filled = [
        each.replace("/etc/clusterless", str(root)).replace("${STATE_DIRECTORY}", str(root / "state"))
        for each in arguments
    ]
    kept = [name.lower().removeprefix("cap_") for name in unit["CapabilityBoundingSet"].split()]
    bounding = ",".join(["-all", *(f"+{name}" for name in kept)])
    inherited = ",".join(f"+{name}" for name in kept)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.settimeout(HANG_SECONDS)
        supervisor.bind(str(root / "notify"))
        process = subprocess.Popen(
            [
                "setpriv",
                f"--bounding-set={bounding}",
                f"--inh-caps=-all,{inherited}",
                "--no-new-privs",
                *CLUSTERLESS,
                *filled,
            ],
            # Seldom enough that signs of life do not fill the socket while this process is busy with something else:
            # then nothing else would come in, either.
            env={**os.environ, "NOTIFY_SOCKET": str(root / "notify"), "WATCHDOG_USEC": "600000"},
            stderr=subprocess.DEVNULL,
        )
        try:
            said = ""
            for awaited in ("READY=1", "WATCHDOG=1"):
                while awaited not in said:
                    said = supervisor.recv(4096).decode()
            assert reach(VIP) == "hello"
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^CapEff:\s*0+$", status, re.MULTILINE)
            number = getattr(signal, "SIG" + re.search(r"kill -(\w+)", unit["ExecReload"])[1])  # type: ignore[index]
            process.send_signal(number)
            while "RELOADING=1" not in said:
                said = supervisor.recv(4096).decode()
            assert (root / "state").stat().st_size
            assert list((root / "state").iterdir()), "the state is kept where the unit says"
            process.terminate()
            assert process.wait(float(unit["TimeoutStopSec"])) == 0
        finally:
            process.kill()
            process.wait(HANG_SECONDS)
    assert ours() == ""


def test_what_the_unit_starts_serves_and_talks_to_systemd(in_namespace: InNamespace):
    in_namespace(as_the_unit_says)


def test_the_unit_gives_connections_the_time_that_they_are_promised():
    from clusterless.configuration.settings import GRACE_SECONDS

    unit = settings()
    assert float(unit["TimeoutStopSec"]) > GRACE_SECONDS
    assert unit["KillMode"] == "mixed"  # the helper is not told before the program is
    assert set(unit["AmbientCapabilities"].split()) == {"CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
@pytest.mark.parametrize("check", [["verify"], ["security", "--offline=true", "--threshold=30", "--no-pager"]])
def test_systemd_understands_the_unit(tmp_path: Path, check: list[str]):
    there = shutil.which("clusterless", path=os.path.dirname(sys.executable)) or sys.executable
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/clusterless", there))
    done = subprocess.run(
        ["systemd-analyze", *check, str(unit)], capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
