import asyncio
import logging
import socket

from clusterless.tasks import spawn
from proxy.model import Endpoint, FrontendKey, FrontendState, FrontendStatus, Protocol

HANG_SECONDS = 10.0
SOMEWHERE = (Endpoint("127.0.0.1", 9),)


async def test_a_frontend_is_served(bench):
    web = bench.frontend()
    await bench.apply(web)
    assert await bench.greeting(web) == "web"
    assert bench.reconciler.statuses() == {web.key: FrontendStatus(FrontendState.SERVING)}


async def test_an_update_reaches_the_listener_that_is_there(bench):
    web = bench.frontend()
    await bench.apply(web)
    await bench.apply(bench.again(web, "other"))
    assert await bench.greeting(web) == "other"
    assert len(bench.steps("open")) == 1
    assert bench.forgotten == {web.service}


async def test_a_frontend_that_goes_refuses(bench):
    web = bench.frontend()
    await bench.apply(web)
    await bench.apply()
    assert await bench.is_refused(web)
    assert bench.reconciler.status_of(web.key) is None
    assert bench.forgotten == {web.service}


async def test_without_endpoints_connections_are_refused_until_one_comes(bench):
    web = bench.frontend(endpoints=())
    for endpoints, state in [((), "rejecting"), (SOMEWHERE, "serving"), ((), "rejecting"), (SOMEWHERE, "serving")]:
        await bench.apply(bench.again(web, endpoints=endpoints))
        assert bench.state(web) == state
        assert await bench.is_refused(web) is (state == "rejecting")


async def test_what_is_served_elsewhere_says_where(bench):
    status = FrontendStatus(FrontendState.SERVED_ELSEWHERE, "192.168.0.2 is the address of Node n2")
    key = FrontendKey("192.168.0.2", 80, Protocol.TCP)
    await bench.apply(elsewhere={key: status})
    assert bench.reconciler.statuses() == {key: status}


async def test_a_port_that_somebody_has_stops_nothing_else_and_is_served_when_it_is_free(bench, taken, caplog):
    caplog.set_level(logging.INFO, "proxy.reconciler")
    blocked, web = bench.frontend("blocked", taken.getsockname()[1]), bench.frontend()
    await bench.apply(blocked, web)
    assert bench.reconciler.status_of(blocked.key) == (FrontendState.FAILED, f"{blocked.key}: EADDRINUSE")
    assert await bench.greeting(web) == "web"
    taken.close()
    await bench.state_becomes(blocked, FrontendState.SERVING)
    assert await bench.greeting(blocked) == "blocked"
    assert [record.getMessage() for record in caplog.records] == [
        "frontend could not be opened",
        "frontend is open after all",
    ]


async def test_what_fails_again_and_again_is_logged_once(bench, taken, caplog):
    blocked = bench.frontend("blocked", taken.getsockname()[1])
    await bench.apply(blocked)
    async with asyncio.timeout(HANG_SECONDS):
        await bench.reconciler.wait_until(lambda: len(bench.steps("open")) == 3)
    assert [record.kv["frontend"] for record in caplog.records] == [str(blocked.key)]


async def test_many_failures_at_once_are_few_lines(bench, caplog):
    bench.sockets.unclaimable["127.0.0.1"] = "127.0.0.1 is not to be had"
    await bench.apply(*(bench.frontend(port=port) for port in range(2000, 2030)), claims=["127.0.0.1"])
    assert [record.getMessage() for record in caplog.records[9:]] == [
        "frontend could not be opened",
        "more frontends could not be opened",
    ]
    assert caplog.records[-1].kv == {"count": 20}


async def test_a_retry_opens_what_is_desired_by_then(bench, taken):
    blocked = bench.frontend("blocked", taken.getsockname()[1])
    await bench.apply(blocked)
    await bench.apply(bench.again(blocked, "renamed"))
    taken.close()
    await bench.state_becomes(blocked, FrontendState.SERVING)
    assert await bench.greeting(blocked) == "renamed"


async def test_what_nobody_wants_any_more_is_not_tried_again(bench, taken):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        first, second = (bench.frontend(name, sock.getsockname()[1]) for name, sock in (("a", taken), ("b", other)))
        await bench.apply(first, second)
        await bench.apply(second)
        async with asyncio.timeout(HANG_SECONDS):
            await bench.reconciler.wait_until(lambda: len(bench.steps("open")) == 2)
    assert bench.steps("open")[1] == ("open", [second.key.port])


async def test_an_address_that_cannot_be_claimed_is_claimed_again_later(bench):
    web = bench.frontend()
    bench.sockets.unclaimable["127.0.0.1"] = "127.0.0.1 is not to be had"
    await bench.apply(web, claims=["127.0.0.1"])
    assert bench.reconciler.status_of(web.key) == (FrontendState.FAILED, "127.0.0.1 is not to be had")
    assert bench.steps("open") == []
    bench.sockets.unclaimable.clear()
    await bench.state_becomes(web, FrontendState.SERVING)
    assert await bench.greeting(web) == "web"


async def test_the_steps_of_a_change_come_in_their_order(bench):
    old, new = bench.frontend("old"), bench.frontend("new")
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
    web = bench.frontend()
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
    dns = bench.frontend(protocol=Protocol.UDP)
    await bench.apply(dns)
    assert bench.reconciler.status_of(dns.key) == (FrontendState.UNSUPPORTED, "UDP is not proxied")
    assert bench.journal == []


async def test_close_gives_everything_back(bench, taken):
    web, blocked = bench.frontend(), bench.frontend("blocked", taken.getsockname()[1])
    await bench.apply(web, blocked, claims=["127.0.0.1"])
    await bench.reconciler.close()
    assert await bench.is_refused(web)
    assert bench.journal[-2:] == [("close", web.key.port), ("release", ["127.0.0.1"])]
    assert bench.reconciler.statuses() == {}
