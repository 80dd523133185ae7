import asyncio
import errno
import socket

import pytest

from clusterless.tasks import spawn
from proxy.desired import Desired
from proxy.hostfacts import HostFacts
from proxy.model import (
    Endpoint,
    Frontend,
    FrontendKey,
    FrontendKind,
    Protocol,
    ServicePortName,
    Verdict,
)
from proxy.reconciler import Reconciler
from proxy.sockets import OpenFailure
from tests.places import free_port

HANG_SECONDS = 10.0
TIME_OUT_SECONDS = 0.3  # how long a client waits for what must not come
SOMEWHERE = (Endpoint("127.0.0.1", 9),)


class LoopbackSockets:
    """Real sockets on loopback, and a journal of what was asked."""

    def __init__(self, journal):
        self.journal = journal
        self.unclaimable = {}
        self.may_drop = True
        self.on_allow_only = lambda: None
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def claim(self, addresses):
        self.journal.append(("claim", sorted(addresses)))
        return {each: self.unclaimable[each] for each in addresses if each in self.unclaimable}

    async def release(self, addresses):
        self.journal.append(("release", sorted(addresses)))

    async def open(self, keys):
        self.asked.set()
        await self.gate.wait()
        self.journal.append(("open", [key.port for key in keys]))
        return [self._open(key) for key in keys]

    def _open(self, key):
        kind = socket.SOCK_STREAM if key.protocol is Protocol.TCP else socket.SOCK_DGRAM
        sock = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # over connections in TIME_WAIT
        try:
            sock.bind((key.address, key.port))
        except OSError as error:
            sock.close()
            return OpenFailure(error.errno, f"{key}: {errno.errorcode[error.errno]}")
        if key.protocol is Protocol.TCP:
            sock.listen()
        return sock

    async def allow_only(self, sock, sources):
        self.journal.append(("allow_only", sources))
        self.on_allow_only()
        return self.may_drop or sources is None

    async def facts(self):
        return HostFacts()


class Door:
    """Tells everybody who comes the name of the Service, and closes."""

    def __init__(self, journal, sock, frontend):
        self.journal, self.sock, self.frontend = journal, sock, frontend
        asyncio.get_running_loop().add_reader(sock, self._greet)

    def _greet(self):
        client, _ = self.sock.accept()
        with client:
            client.send(self.frontend.service.name.encode())

    def close(self):
        self.journal.append(("close", self.frontend.key.port))
        asyncio.get_running_loop().remove_reader(self.sock)
        self.sock.close()


class Bench:
    def __init__(self, *protocols):
        self.journal = []
        self.forgotten = set()
        self.sockets = LoopbackSockets(self.journal)
        self.doors = []
        self.openers = dict.fromkeys(protocols, self._open_door)
        self.reconciler = self.reconciler_for(())
        self.generation = 0

    def reconciler_for(self, inside):
        return Reconciler(self.sockets, self.openers, self.forgotten.update, spawn, inside)

    def _open_door(self, sock, frontend):
        self.doors.append(Door(self.journal, sock, frontend))
        return self.doors[-1]

    async def apply(self, *frontends, claims=(), elsewhere=None):
        self.generation += 1
        await self.reconciler.apply(
            Desired(
                generation=self.generation,
                frontends={each.key: each for each in frontends},
                claims=frozenset(claims),
                elsewhere=elsewhere or {},
            )
        )

    def state(self, frontend):
        return self.reconciler.status_of(frontend.key).state

    async def state_becomes(self, frontend, state):
        async with asyncio.timeout(HANG_SECONDS):
            await self.reconciler.wait_until(lambda: self.state(frontend) is state)

    def steps(self, *names):
        return [step for step in self.journal if step[0] in names]

    @staticmethod
    def frontend(name="web", port=0, endpoints=SOMEWHERE, verdict=Verdict.REJECT, protocol=Protocol.TCP):
        key = FrontendKey("127.0.0.1", port or free_port(), protocol)
        service = ServicePortName("default", name, "http", protocol)
        return Frontend(key, FrontendKind.CLUSTER_IP, service, endpoints, endpoints, verdict)

    @staticmethod
    def again(made, name="web", endpoints=SOMEWHERE, verdict=Verdict.REJECT):
        return Bench.frontend(name, made.key.port, endpoints, verdict)

    @staticmethod
    async def greeting(made, seconds=HANG_SECONDS):
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(made.key.address, made.key.port)
            try:
                return (await reader.read()).decode()
            finally:
                writer.close()
                await writer.wait_closed()

    @staticmethod
    async def is_timed_out(made):
        try:
            await Bench.greeting(made, TIME_OUT_SECONDS)
        except TimeoutError:
            return True
        return False

    @staticmethod
    async def is_refused(made):
        try:
            await Bench.greeting(made)
        except ConnectionRefusedError:
            return True
        return False


@pytest.fixture
async def bench():
    made = Bench(Protocol.TCP)
    yield made
    await made.reconciler.close()


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock
