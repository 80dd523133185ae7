"""Agents as processes, on hosts of their own: for functions that run inside namespaces, with blocking calls only."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.files import put

ROOT = Path(__file__).parents[2]
CLUSTERLESS = (sys.executable, "-m", "clusterless")
HANG_SECONDS = 15.0
# What must not be in a log: that the event loop stood still. Ten times what is told, since machines that test are busy,
# and as long as there was no processor for it.
HELD_UP = '"the event loop was held up"'
LONGEST_SECONDS = 10 * 0.05
# Whose an agent is that has no privilege: arguments of `subprocess.Popen`, which only root needs.
NOBODYS = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}
NODE = "192.0.2.1"
BACKEND = 8080
DNS = "10.96.0.10"


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def make_host(address: str = NODE, namespace: str = "") -> None:
    """Give a host a device with an address, and a way out that leads nowhere."""
    where = ("-n", namespace) if namespace else ()
    ip(*where, "link", "set", "lo", "up")
    ip(*where, "link", "add", "eth0", "type", "veth", "peer", "name", "far")
    ip(*where, "link", "set", "far", "up")
    ip(*where, "address", "add", f"{address}/24", "dev", "eth0")
    ip(*where, "link", "set", "eth0", "up")
    ip(*where, "route", "add", "default", "via", address.rpartition(".")[0] + ".254")


def ours() -> str:
    """Every route, address and device on this host that an agent could have made."""
    routes = [
        ip(family, "route", "show", "table", "all", "proto", mark) for mark in ("196", "197") for family in ("-4",)
    ]
    return "".join([*routes, *(line for line in ip("-o", "link").splitlines() if "clusterless" in line)])


def service(name: str, **spec: object) -> dict[str, object]:
    """A Service without selector, and with port 80."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"port": 80}], **spec},
    }


def endpoints(name: str, address: str = NODE, port: int = BACKEND) -> dict[str, object]:
    """Endpoints behind the Service of that name."""
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": name, "namespace": "default"},
        "subsets": [{"addresses": [{"ip": address}], "ports": [{"port": port}]}],
    }


def write(path: Path, *objects: Mapping[str, object]) -> None:
    """Write objects as one manifest, in one step."""
    put(path, json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


class Backend:
    """Greets whoever connects, and then echoes."""

    def __init__(self, address: str = NODE, port: int = BACKEND) -> None:
        self._listening = socket.create_server((address, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # whatever a thread hears that still accepts when the socket is closed
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more; the address is free again."""
        self._listening.shutdown(socket.SHUT_RDWR)  # a thread waits in `accept`, and would let one more in
        self._listening.close()

    @staticmethod
    def _serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):  # who goes before the greeting harms nobody else
            connection.sendall(b"hello")
            while data := connection.recv(100):
                connection.sendall(data)


def connected(address: str, port: int = 80) -> socket.socket:
    """A connection to the backend, which has greeted. Raises ConnectionRefusedError, ConnectionResetError."""
    connection = socket.create_connection((address, port), timeout=HANG_SECONDS)
    with contextlib.ExitStack() as unless_greeted:
        unless_greeted.enter_context(connection)
        assert connection.recv(5) == b"hello"
        unless_greeted.pop_all()
    return connection


def reach(address: str, port: int = 80) -> str:
    """`hello`, or `refused`."""
    try:
        with connected(address, port):
            return "hello"
    except ConnectionRefusedError:
        return "refused"


def asked(name: str, server: str = DNS, namespace: str = "", port: int = 53) -> str:
    """What the DNS server says of a name of the namespace `default`."""
    where = ["ip", "netns", "exec", namespace] if namespace else []
    question = [
        "dig",
        f"@{server}",
        "-p",
        str(port),
        "+short",
        "+tries=1",
        "+time=10",
        f"{name}.default.svc.cluster.local",
    ]
    return subprocess.run([*where, *question], check=True, capture_output=True, text=True).stdout.strip()


class Agent:
    """A process that serves until it is told to stop; its log is read as it is written."""

    def __init__(
        self,
        *arguments: str,
        command: str = "up",
        namespace: str = "",
        user: Mapping[str, object] | None = None,
        python: Sequence[str] = CLUSTERLESS,
    ) -> None:
        where = ["ip", "netns", "exec", namespace] if namespace else []
        self._folder = tempfile.TemporaryDirectory()
        os.chmod(self._folder.name, 0o777)
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready.settimeout(HANG_SECONDS)
        self._ready.bind(f"{self._folder.name}/notify")
        os.chmod(f"{self._folder.name}/notify", 0o777)
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._longest = LONGEST_SECONDS
        self._stolen = stolen_seconds()
        self.started = time.monotonic()
        self.process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            [*where, *python, command, "--logging-format=json", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NOTIFY_SOCKET": f"{self._folder.name}/notify"},
            **(user or {}),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        """Wait until it serves."""
        try:
            said = self._ready.recv(1000)
        except TimeoutError:
            said = b"nothing"
        if b"READY=1" not in said.split(b"\n"):
            self.__exit__()
            raise AssertionError("not ready:\n" + "".join(self.lines))
        self.seconds = time.monotonic() - self.started
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(HANG_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._reader.join(HANG_SECONDS)
        self._ready.close()
        self._folder.cleanup()
        if self.process.stderr is not None:
            self.process.stderr.close()
        # A line that tells of others which were left out has no seconds.
        held_up = [
            line for line in self.lines if HELD_UP in line and json.loads(line).get("seconds", 0) > self._longest
        ]
        assert held_up == [], "".join(held_up)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def helper(self) -> int:
        """The process id of the privileged helper."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next(int(child) for child in children if Path(f"/proc/{child}/comm").read_text() == "clusterless-net\n")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(HANG_SECONDS)

    def wait_for(self, found: Callable[[dict[str, object]], bool], what: str, after: int = 0) -> int:
        """Wait for a log entry; returns how many lines there are up to and with it."""
        deadline = time.monotonic() + HANG_SECONDS
        with self._news:
            while True:
                for number, line in enumerate(self.lines[after:], after + 1):
                    if line.startswith("{") and found(json.loads(line)):
                        return number
                left = deadline - time.monotonic()
                assert left > 0, f"no {what} in the log:\n" + "".join(self.lines)
                assert not self._ended, f"ended without {what} in the log:\n" + "".join(self.lines)
                self._news.wait(left)

    def wait_for_event(self, event: str, after: int = 0, **details: object) -> int:
        """Wait for a log entry with this event and these details."""
        return self.wait_for(
            lambda entry: entry["event"] == event and details.items() <= entry.items(), f"{event} {details}", after
        )

    def wait_applied(self, generation: int) -> int:
        """Wait until this generation of the manifests, or a later one, is applied."""
        return self.wait_for(
            lambda entry: entry["event"] == "snapshot applied" and int(str(entry["generation"])) >= generation,
            f"generation {generation}",
        )

    def wait_problem(self, text: str) -> int:
        """Wait for a problem of the manifests that holds this text."""
        return self.wait_for(lambda entry: text in str(entry.get("problem", "")), text)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if HELD_UP in line:
                self._allow_for_waiting()
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)  # nobody reads the agent's later states, which may have filled the socket
            sender.sendto(b"ENDED", f"{self._folder.name}/notify")

    def _allow_for_waiting(self) -> None:
        waited = waiting_seconds(self.pid) + stolen_seconds() - self._stolen
        self._longest = max(self._longest, LONGEST_SECONDS + waited)


def waiting_seconds(pid: int) -> float:
    """For how long a process' first thread could have run and no processor was free; 0 if nobody knows."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def stolen_seconds() -> float:
    """For how long this machine's processors were another machine's, all together, since it was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


def rss_mib(pid: int) -> float:
    """The resident memory of a process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024
