import msgspec
import pytest

from proxy.desired import Desired
from proxy.model import (
    Endpoint,
    Frontend,
    FrontendKey,
    FrontendKind,
    FrontendState,
    Protocol,
    ServicePortName,
    Verdict,
)
from proxy.plan import Plan, plan, status_when_open

WEB = ServicePortName("default", "web", "http", Protocol.TCP)
OTHER = ServicePortName("default", "other", "http", Protocol.TCP)
HERE, THERE = (Endpoint("10.244.0.5", 80),), (Endpoint("10.244.1.5", 80),)
TCP = {Protocol.TCP}
NOTHING = Plan((), (), frozenset(), frozenset(), ())


def frontend(internal=HERE, external=None, address="10.96.0.7", protocol=Protocol.TCP, service=WEB, **more):
    key = FrontendKey(address, 80, protocol)
    return Frontend(key, FrontendKind.NODE_PORT, service, internal, internal if external is None else external, **more)


def desired(*frontends, claims=()):
    return Desired(frontends={each.key: each for each in frontends}, claims=frozenset(claims))


SERVING, MOVED = frontend(), frontend(THERE)
REJECTING = frontend(())
DROPPING = frontend((), verdict=Verdict.DROP)
KEY = SERVING.key


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [], {}, id="nothing"),
        pytest.param([], [SERVING], {"open": (SERVING,)}, id="a new frontend"),
        pytest.param([SERVING], [], {"close": (KEY,), "gone": {WEB}}, id="a frontend that goes"),
        pytest.param([SERVING], [SERVING], {}, id="the same object"),
        pytest.param([SERVING], [frontend()], {}, id="an equal object"),
        pytest.param([SERVING], [MOVED], {"update": (MOVED,)}, id="other endpoints"),
        pytest.param([SERVING], [REJECTING], {"close": (KEY,)}, id="the last endpoint goes"),
        pytest.param([REJECTING], [SERVING], {"open": (SERVING,)}, id="the first endpoint comes"),
        pytest.param([REJECTING], [], {"gone": {WEB}}, id="a refusing frontend goes"),
        pytest.param([], [REJECTING], {}, id="a refusing frontend comes"),
        pytest.param([SERVING], [DROPPING], {"update": (DROPPING,)}, id="the last local endpoint goes"),
        pytest.param([DROPPING], [REJECTING], {"close": (KEY,)}, id="the last endpoint anywhere goes"),
        pytest.param([], [frontend(protocol=Protocol.UDP)], {}, id="a protocol that is not proxied"),
        pytest.param(
            [SERVING],
            [frontend(service=OTHER)],
            {"update": (frontend(service=OTHER),), "gone": {WEB}},
            id="a key that goes to another Service",
        ),
        pytest.param(
            [SERVING, frontend(address="10.0.0.1")],
            [SERVING],
            {"close": (FrontendKey("10.0.0.1", 80, Protocol.TCP),)},
            id="a service port that has other frontends left is not gone",
        ),
    ],
)
def test_plan(before, after, expected):
    assert plan(desired(*before), desired(*after), TCP) == NOTHING._replace(**expected)


def test_addresses_are_released_and_claimed():
    steps = plan(desired(claims=["10.0.0.1", "10.0.0.2"]), desired(claims=["10.0.0.2", "10.0.0.3"]), TCP)
    assert (steps.release, steps.claim) == ({"10.0.0.1"}, {"10.0.0.3"})


def test_what_is_free_comes_before_what_is_claimed_and_addresses_before_sockets():
    assert Plan._fields[:5] == ("close", "update", "release", "claim", "open")


LIMITED = msgspec.structs.replace(SERVING, source_ranges=("10.0.0.0/8",))
HALF = frontend(HERE, (), verdict=Verdict.DROP)
OUTSIDE = "no endpoint on this node: clients from outside the cluster"
OTHERS = "clients outside loadBalancerSourceRanges"
RESET = "are reset: to drop their packets takes CAP_NET_ADMIN"


@pytest.mark.parametrize(
    ("frontend", "is_limited", "expected"),
    [
        (SERVING, True, (FrontendState.SERVING, "")),
        (REJECTING, True, (FrontendState.REJECTING, "no endpoints: connections are refused")),
        (DROPPING, True, (FrontendState.DROPPING, "no endpoint on this node: connections time out")),
        (frontend(protocol=Protocol.SCTP), True, (FrontendState.UNSUPPORTED, "SCTP is not proxied")),
        (HALF, True, (FrontendState.SERVING, f"{OUTSIDE} time out")),
        (HALF, False, (FrontendState.SERVING, f"{OUTSIDE} {RESET}")),
        (LIMITED, True, (FrontendState.SERVING, f"{OTHERS} time out")),
        (LIMITED, False, (FrontendState.SERVING, f"{OTHERS} {RESET}")),
    ],
)
def test_status(frontend, is_limited, expected):
    assert status_when_open(frontend, TCP, is_limited=is_limited) == expected


def test_a_udp_frontend_discards_what_it_may_not_serve():
    half = frontend(HERE, (), protocol=Protocol.UDP, verdict=Verdict.DROP)
    status = status_when_open(half, {Protocol.UDP}, is_limited=False)
    assert status == (FrontendState.SERVING, f"{OUTSIDE} time out")
