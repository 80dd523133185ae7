"""Agents with workers, as a user whom nothing belongs to, in networks of their own inside 127.0.0.0/8."""

import contextlib
import json
import re
import socket
import threading
import time
import urllib.request
from pathlib import Path

from tests.netns.agents import HANG_SECONDS, NOBODYS, Agent, service, write
from tests.places import own_network

PORT = 8080
BACKEND = 9000
GRACE_SECONDS = 1


class NamedBackend:
    """Tells whoever connects its name, and closes; or keeps the connection and echoes, if it is told `stay`."""

    def __init__(self, address):
        self.address = address
        self._listening = socket.create_server((address, BACKEND), backlog=4096)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            client.sendall(self.address.encode() + b"\n")
            if client.recv(4) == b"stay":
                client.sendall(b"stay")
                while data := client.recv(65536):
                    client.sendall(data)

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


class DatagramBackend:
    """Answers datagrams with its address."""

    def __init__(self, address):
        self.address = address
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, BACKEND))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while (client := self._sock.recvfrom(100)[1]) is not None:  # which is there until it is shut down
                self._sock.sendto(self.address.encode(), client)

    def close(self):
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


class WorkerAgent(Agent):
    """An agent whose processes are known by what they do, and whose supervisor goes once it is ready."""

    def __enter__(self):
        super().__enter__()
        self._ready.close()  # else an agent that reloads often waits for it to be read
        return self

    def processes(self, name):
        """The ids of the agent's processes whose names begin so, sorted by name."""
        found = []
        todo = [self.pid]
        while todo:
            pid = todo.pop()
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                todo += map(int, children)
                comm = Path(f"/proc/{pid}/comm").read_text().strip()
                if comm.startswith(name):
                    found.append((comm, pid))
        return [pid for _, pid in sorted(found)]

    @property
    def workers(self):
        return self.processes("clusterless-w")


class Place:
    """A folder of manifests, a network of its own, and what runs there."""

    def __init__(self, folder, stack):
        self.network = stack.enter_context(own_network())
        self.folder = folder
        self.stack = stack
        self._written = {}

    def address(self, number):
        return f"{self.network}.{number}"

    def backends(self, *numbers, kind=NamedBackend):
        made = [kind(self.address(number)) for number in numbers]
        for each in made:
            self.stack.callback(each.close)
        return [each.address for each in made]

    def service(self, name, number, endpoints, protocol="TCP", **spec):
        """Have a Service on that address of the network; returns its address and port."""
        made = self.prepare(name, number, endpoints, protocol, **spec)
        self.write()
        return made

    def prepare(self, name, number, endpoints, protocol="TCP", **spec):
        """Have it from the next `write` on: what is written at once is applied at once."""
        ports = [{"port": PORT, "protocol": protocol}]
        subset = {
            "addresses": [{"ip": each} for each in endpoints],
            "ports": [{"port": BACKEND, "protocol": protocol}],
        }
        self._written[name] = [
            service(name, clusterIP=self.address(number), ports=ports, **spec),
            {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {"name": name, "namespace": "default"},
                "subsets": [subset],
            },
        ]
        return self.address(number), PORT

    def remove(self, name):
        del self._written[name]
        self.write()

    def write(self):
        write(self.folder / "manifests.json", *(each for objects in self._written.values() for each in objects))

    def client(self, address):
        """A client of a UDP Service, as long as the test runs."""
        client = DatagramClient(address)
        self.stack.callback(client.close)
        return client

    def agent(self, *arguments, workers=2, **options):
        """A running proxy. Options are those of `Popen`."""
        agent = WorkerAgent(
            f"-f{self.folder}/manifests.json",
            f"--workers={workers}",
            f"--service-cluster-ip-range={self.network}.0/24",
            "--allow-loopback-endpoints",
            f"--shutdown-grace-period={GRACE_SECONDS}",
            "--healthz-bind-address=",
            f"--metrics-bind-address={self.address(1)}:10249",
            *arguments,
            command="proxy",
            user={**NOBODYS, **options},
        )
        return self.stack.enter_context(agent)

    def fetched(self, path):
        """What the agent's introspection port answers."""
        with urllib.request.urlopen(f"http://{self.address(1)}:10249{path}", timeout=HANG_SECONDS) as reply:
            return reply.read().decode()

    def status(self):
        """What `top` would show."""
        return json.loads(self.fetched("/clusterless/v1/status"))

    def metrics(self):
        """All samples, by name and labels as they are written."""
        lines = self.fetched("/metrics").splitlines()
        return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def counted(self, name, **labels):
        """The sum of the samples of this name with these labels."""
        return sum(
            value
            for key, value in self.metrics().items()
            if key.split("{")[0] == name and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', key)).items()
        )


def asked(address, source=""):
    """The name of the backend that a new connection gets to; raises what goes wrong."""
    bound = (source, 0) if source else None
    with socket.create_connection(address, timeout=HANG_SECONDS, source_address=bound) as client:
        name = b""
        while not name.endswith(b"\n"):
            more = client.recv(100)
            if not more:
                raise ConnectionResetError("no name")
            name += more
        return name.decode().strip()


def held(address):
    """A connection that stays."""
    client = socket.create_connection(address, timeout=HANG_SECONDS)
    client.sendall(b"stay")
    received = b""
    while not received.endswith(b"stay"):
        received += client.recv(100)
    return client


def echoes(client):
    """Whether the connection is still there."""
    try:
        client.sendall(b"?")
        return client.recv(1) == b"?"
    except OSError:
        return False


class DatagramClient:
    """A client of a UDP Service, on one port."""

    def __init__(self, address):
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.settimeout(HANG_SECONDS)
        self._sock.connect(address)

    def asked(self):
        """The name of the backend that answers."""
        self._sock.send(b"who")
        return self._sock.recv(100).decode()

    def close(self):
        self._sock.close()


def eventually(condition):
    """Wait until the condition holds: what workers report arrives a moment later."""
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.01)
