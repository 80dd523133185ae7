import asyncio
import contextlib
import socket

import pytest

from clusterless.tasks import spawn
from proxy.desired import Desired
from proxy.model import FrontendState, Protocol, Verdict
from proxy.reconciler import Reconciler

TIME_OUT_SECONDS = 0.3  # how long a client waits for what must not come
DROPPING = {"endpoints": (), "verdict": Verdict.DROP}


async def test_where_it_is_permitted_the_kernel_drops_packets(bench):
    web = bench.frontend()
    await bench.apply(web)
    await bench.apply(bench.again(web, **DROPPING))
    assert bench.state(web) is FrontendState.DROPPING
    await bench.apply(bench.again(web, "other", **DROPPING))
    await bench.apply(web)
    assert bench.steps("set_drop") == [("set_drop", True), ("set_drop", False)]
    assert bench.steps("close") == []
    assert await bench.greeting(web) == "web"


async def test_a_frontend_may_begin_by_dropping(bench):
    web = bench.frontend(**DROPPING)
    await bench.apply(web)
    assert bench.steps("set_drop") == [("set_drop", True)]
    await bench.apply(bench.again(web))
    assert await bench.greeting(web) == "web"


async def test_without_permission_a_full_queue_makes_clients_time_out(bench):
    bench.sockets.may_drop = False
    web = bench.frontend(**DROPPING)
    await bench.apply(web)
    assert bench.state(web) is FrontendState.DROPPING
    assert await bench.is_timed_out(web)
    await bench.apply(bench.again(web))
    assert await bench.greeting(web) == "web"
    await bench.apply(bench.again(web, **DROPPING))
    await bench.apply(bench.again(web, "other", **DROPPING))
    assert await bench.is_timed_out(web)
    assert len(bench.steps("open")) == 1  # the port was never free in between


async def test_a_frontend_that_drops_can_go(bench):
    bench.sockets.may_drop = False
    web = bench.frontend(**DROPPING)
    await bench.apply(web)
    await bench.apply()
    assert await bench.is_refused(web)


async def test_a_client_that_waits_at_a_full_queue_is_served_when_an_endpoint_comes(bench):
    bench.sockets.may_drop = False
    web = bench.frontend(**DROPPING)
    await bench.apply(web)
    waiting = spawn(bench.greeting(web), "client")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), TIME_OUT_SECONDS)
    await bench.apply(bench.again(web))
    assert await waiting == "web"  # by its next SYN


class Mailbox:
    def __init__(self, sock, frontend):
        self.sock, self.frontend = sock, frontend

    def close(self):
        self.sock.close()


async def test_another_protocol_needs_no_more_than_its_listener(bench):
    bench.sockets.may_drop = False
    reconciler = Reconciler(bench.sockets, {Protocol.UDP: Mailbox}, lambda _: None, spawn)
    mail = bench.frontend(protocol=Protocol.UDP, **DROPPING)
    await reconciler.apply(Desired(generation=1, frontends={mail.key: mail}))
    assert reconciler.status_of(mail.key).state is FrontendState.DROPPING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind((mail.key.address, mail.key.port))
    await reconciler.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((mail.key.address, mail.key.port))
