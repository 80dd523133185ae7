import asyncio
import contextlib
import socket

import msgspec
import pytest

from clusterless.tasks import spawn
from proxy.desired import Desired
from proxy.model import Endpoint, FrontendKind, FrontendState, Protocol, Verdict
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
    assert bench.steps("allow_only") == [("allow_only", ()), ("allow_only", None)]
    assert bench.steps("close") == []
    assert await bench.greeting(web) == "web"


async def test_a_frontend_may_begin_by_dropping(bench):
    web = bench.frontend(**DROPPING)
    await bench.apply(web)
    assert bench.steps("allow_only") == [("allow_only", ())]
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


NEAR = (Endpoint("127.0.0.1", 9, "here"),)


def limited(made, *ranges):
    return msgspec.structs.replace(made, source_ranges=ranges)


def message(bench, made):
    return bench.reconciler.status_of(made.key).message


async def test_source_ranges_are_the_kernel_s_business_and_follow_the_service(bench):
    web = bench.frontend()
    await bench.apply(web)
    await bench.apply(limited(web, "127.0.0.0/8"))
    assert message(bench, web) == "clients outside loadBalancerSourceRanges time out"
    await bench.apply(limited(web, "127.0.0.2/32"))
    await bench.apply(limited(bench.again(web, "other"), "127.0.0.2/32"))
    await bench.apply(bench.again(web))
    asked = [("127.0.0.0/8",), ("127.0.0.2/32",), None]
    assert bench.steps("allow_only") == [("allow_only", each) for each in asked]
    assert message(bench, web) == ""
    assert len(bench.steps("open")) == 1
    assert bench.steps("close") == []


async def test_without_permission_others_are_reset_and_the_status_says_so(bench):
    bench.sockets.may_drop = False
    web = limited(bench.frontend(), "127.0.0.0/8")
    await bench.apply(web)
    assert message(bench, web).startswith("clients outside loadBalancerSourceRanges are reset")
    assert bench.steps("allow_only") == [("allow_only", ("127.0.0.0/8",)), ("allow_only", None)]
    assert await bench.greeting(web) == "web"


async def test_without_local_endpoints_only_who_is_inside_gets_in(bench):
    reconciler = bench.reconciler_for(("10.244.0.0/16", "127.0.0.0/8", "::1/128"))
    web = msgspec.structs.replace(bench.frontend(), kind=FrontendKind.NODE_PORT, internal=NEAR, external=())
    await reconciler.apply(Desired(generation=1, frontends={web.key: web}))
    assert bench.steps("allow_only") == [("allow_only", ("10.244.0.0/16", "127.0.0.0/8"))]
    reconciler.set_inside(("10.244.0.0/24",))
    await reconciler.apply(Desired(generation=2, frontends={web.key: web}))
    assert bench.steps("allow_only")[1:] == [("allow_only", ("10.244.0.0/24",))]
    await reconciler.close()


async def test_who_is_let_in_anew_meets_the_new_frontend_and_who_is_shut_out_the_old_one(bench):
    served = []
    web = bench.frontend("before")
    bench.sockets.on_allow_only = lambda: served.append(bench.doors[-1].frontend.service.name if bench.doors else "")
    await bench.apply(web)
    await bench.apply(limited(bench.again(web, "narrow"), "127.0.0.0/8"))
    await bench.apply(limited(bench.again(web, "other"), "127.0.0.0/16"))
    await bench.apply(bench.again(web, "wide"))
    assert served == ["before", "other", "wide"]
