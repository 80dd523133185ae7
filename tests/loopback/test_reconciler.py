import asyncio
import contextlib
import errno
import logging
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
    FrontendState,
    FrontendStatus,
    Protocol,
    ServicePortName,
    Verdict,
)
from proxy.reconciler import Reconciler
from proxy.sockets import OpenFailure

HANG_SECONDS = 10.0
TIME_OUT_SECONDS = 0.3  # how long a client waits for what must not come
SOMEWHERE = (Endpoint("127.0.0.1", 9),)


class LoopbackSockets:
    """Real sockets on loopback, and a journal of what was asked."""

    def __init__(self, journal):
        self.journal = journal
        self.unclaimable = {}
        self.may_drop = True
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

    async def set_drop(self, sock, dropping):
        self.journal.append(("set_drop", dropping))
        return self.may_drop

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
        openers = {each: lambda sock, frontend: Door(self.journal, sock, frontend) for each in protocols}
        self.reconciler = Reconciler(self.sockets, openers, self.forgotten.update, spawn)
        self.generation = 0

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


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def frontend(name="web", port=0, endpoints=SOMEWHERE, verdict=Verdict.REJECT, protocol=Protocol.TCP):
    key = FrontendKey("127.0.0.1", port or free_port(), protocol)
    service = ServicePortName("default", name, "http", protocol)
    return Frontend(key, FrontendKind.CLUSTER_IP, service, endpoints, endpoints, verdict)


def again(made, name="web", endpoints=SOMEWHERE, verdict=Verdict.REJECT):
    return frontend(name, made.key.port, endpoints, verdict)


async def greeting(made, seconds=HANG_SECONDS):
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(made.key.address, made.key.port)
        try:
            return (await reader.read()).decode()
        finally:
            writer.close()
            await writer.wait_closed()


async def is_timed_out(made):
    try:
        await greeting(made, TIME_OUT_SECONDS)
    except TimeoutError:
        return True
    return False


async def is_refused(made):
    try:
        await greeting(made)
    except ConnectionRefusedError:
        return True
    return False


async def test_a_frontend_is_served(bench):
    web = frontend()
    await bench.apply(web)
    assert await greeting(web) == "web"
    assert bench.reconciler.statuses() == {web.key: FrontendStatus(FrontendState.SERVING)}


async def test_an_update_reaches_the_listener_that_is_there(bench):
    web = frontend()
    await bench.apply(web)
    await bench.apply(again(web, "other"))
    assert await greeting(web) == "other"
    assert len(bench.steps("open")) == 1
    assert bench.forgotten == {web.service}


async def test_a_frontend_that_goes_refuses(bench):
    web = frontend()
    await bench.apply(web)
    await bench.apply()
    assert await is_refused(web)
    assert bench.reconciler.status_of(web.key) is None
    assert bench.forgotten == {web.service}


async def test_without_endpoints_connections_are_refused_until_one_comes(bench):
    web = frontend(endpoints=())
    for endpoints, state in [((), "rejecting"), (SOMEWHERE, "serving"), ((), "rejecting"), (SOMEWHERE, "serving")]:
        await bench.apply(again(web, endpoints=endpoints))
        assert bench.state(web) == state
        assert await is_refused(web) is (state == "rejecting")


async def test_what_is_served_elsewhere_says_where(bench):
    status = FrontendStatus(FrontendState.SERVED_ELSEWHERE, "192.168.0.2 is the address of Node n2")
    key = FrontendKey("192.168.0.2", 80, Protocol.TCP)
    await bench.apply(elsewhere={key: status})
    assert bench.reconciler.statuses() == {key: status}


async def test_a_port_that_somebody_has_stops_nothing_else_and_is_served_when_it_is_free(bench, taken, caplog):
    caplog.set_level(logging.INFO, "proxy.reconciler")
    blocked, web = frontend("blocked", taken.getsockname()[1]), frontend()
    await bench.apply(blocked, web)
    assert bench.reconciler.status_of(blocked.key) == (FrontendState.FAILED, f"{blocked.key}: EADDRINUSE")
    assert await greeting(web) == "web"
    taken.close()
    await bench.state_becomes(blocked, FrontendState.SERVING)
    assert await greeting(blocked) == "blocked"
    assert [record.getMessage() for record in caplog.records] == [
        "frontend could not be opened",
        "frontend is open after all",
    ]


async def test_what_fails_again_and_again_is_logged_once(bench, taken, caplog):
    blocked = frontend("blocked", taken.getsockname()[1])
    await bench.apply(blocked)
    async with asyncio.timeout(HANG_SECONDS):
        await bench.reconciler.wait_until(lambda: len(bench.steps("open")) == 3)
    assert [record.kv["frontend"] for record in caplog.records] == [str(blocked.key)]


async def test_a_retry_opens_what_is_desired_by_then(bench, taken):
    blocked = frontend("blocked", taken.getsockname()[1])
    await bench.apply(blocked)
    await bench.apply(again(blocked, "renamed"))
    taken.close()
    await bench.state_becomes(blocked, FrontendState.SERVING)
    assert await greeting(blocked) == "renamed"


async def test_what_nobody_wants_any_more_is_not_tried_again(bench, taken):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        first, second = (frontend(name, sock.getsockname()[1]) for name, sock in (("a", taken), ("b", other)))
        await bench.apply(first, second)
        await bench.apply(second)
        async with asyncio.timeout(HANG_SECONDS):
            await bench.reconciler.wait_until(lambda: len(bench.steps("open")) == 2)
    assert bench.steps("open")[1] == ("open", [second.key.port])


async def test_an_address_that_cannot_be_claimed_is_claimed_again_later(bench):
    web = frontend()
    bench.sockets.unclaimable["127.0.0.1"] = "127.0.0.1 is not to be had"
    await bench.apply(web, claims=["127.0.0.1"])
    assert bench.reconciler.status_of(web.key) == (FrontendState.FAILED, "127.0.0.1 is not to be had")
    assert bench.steps("open") == []
    bench.sockets.unclaimable.clear()
    await bench.state_becomes(web, FrontendState.SERVING)
    assert await greeting(web) == "web"


async def test_the_steps_of_a_change_come_in_their_order(bench):
    old, new = frontend("old"), frontend("new")
    await bench.apply(old, claims=["127.0.0.1"])
    bench.journal.clear()
    await bench.apply(new, claims=["127.0.0.2"])
    assert bench.journal == [
        ("close", old.key.port),
        ("release", ["127.0.0.1"]),
        ("claim", ["127.0.0.2"]),
        ("open", [new.key.port]),
    ]


async def test_a_frontend_that_is_being_opened_says_so(bench):
    web = frontend()
    bench.sockets.gate.clear()
    applying = spawn(bench.apply(web), "apply")
    async with asyncio.timeout(HANG_SECONDS):
        await bench.sockets.asked.wait()
    assert bench.reconciler.status_of(web.key) == (FrontendState.FAILED, "not open yet")
    bench.sockets.gate.set()
    await applying
    assert bench.state(web) is FrontendState.SERVING


async def test_who_waits_for_a_generation_is_told(bench):
    waiting = spawn(bench.reconciler.wait_applied(2), "wait")
    await bench.apply()
    assert (bench.reconciler.applied, waiting.done()) == (1, False)
    await bench.apply()
    async with asyncio.timeout(HANG_SECONDS):
        await waiting


async def test_a_protocol_that_nobody_serves_is_unsupported(bench):
    dns = frontend(protocol=Protocol.UDP)
    await bench.apply(dns)
    assert bench.reconciler.status_of(dns.key) == (FrontendState.UNSUPPORTED, "UDP is not proxied")
    assert bench.journal == []


DROPPING = {"endpoints": (), "verdict": Verdict.DROP}


async def test_where_it_is_permitted_the_kernel_drops_packets(bench):
    web = frontend()
    await bench.apply(web)
    await bench.apply(again(web, **DROPPING))
    assert bench.state(web) is FrontendState.DROPPING
    await bench.apply(again(web, "other", **DROPPING))
    await bench.apply(web)
    assert bench.steps("set_drop") == [("set_drop", True), ("set_drop", False)]
    assert bench.steps("close") == []
    assert await greeting(web) == "web"


async def test_a_frontend_may_begin_by_dropping(bench):
    web = frontend(**DROPPING)
    await bench.apply(web)
    assert bench.steps("set_drop") == [("set_drop", True)]
    await bench.apply(again(web))
    assert await greeting(web) == "web"


async def test_without_permission_a_full_queue_makes_clients_time_out(bench):
    bench.sockets.may_drop = False
    web = frontend(**DROPPING)
    await bench.apply(web)
    assert bench.state(web) is FrontendState.DROPPING
    assert await is_timed_out(web)
    await bench.apply(again(web))
    assert await greeting(web) == "web"
    await bench.apply(again(web, **DROPPING))
    await bench.apply(again(web, "other", **DROPPING))
    assert await is_timed_out(web)
    assert len(bench.steps("open")) == 1  # the port was never free in between


async def test_a_frontend_that_drops_can_go(bench):
    bench.sockets.may_drop = False
    web = frontend(**DROPPING)
    await bench.apply(web)
    await bench.apply()
    assert await is_refused(web)


async def test_a_client_that_waits_at_a_full_queue_is_served_when_an_endpoint_comes(bench):
    bench.sockets.may_drop = False
    web = frontend(**DROPPING)
    await bench.apply(web)
    waiting = spawn(greeting(web), "client")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), TIME_OUT_SECONDS)
    await bench.apply(again(web))
    assert await waiting == "web"  # by its next SYN


class Mailbox:
    def __init__(self, sock, frontend):
        self.sock, self.frontend = sock, frontend

    def close(self):
        self.sock.close()


async def test_another_protocol_needs_no_more_than_its_listener():
    sockets = LoopbackSockets([])
    sockets.may_drop = False
    reconciler = Reconciler(sockets, {Protocol.UDP: Mailbox}, lambda _: None, spawn)
    mail = frontend(protocol=Protocol.UDP, **DROPPING)
    await reconciler.apply(Desired(generation=1, frontends={mail.key: mail}))
    assert reconciler.status_of(mail.key).state is FrontendState.DROPPING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind((mail.key.address, mail.key.port))
    await reconciler.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((mail.key.address, mail.key.port))


async def test_close_gives_everything_back(bench, taken):
    web, blocked = frontend(), frontend("blocked", taken.getsockname()[1])
    await bench.apply(web, blocked, claims=["127.0.0.1"])
    await bench.reconciler.close()
    assert await is_refused(web)
    assert bench.journal[-2:] == [("close", web.key.port), ("release", ["127.0.0.1"])]
    assert bench.reconciler.statuses() == {}
