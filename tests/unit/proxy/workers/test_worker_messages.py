import msgspec
import pytest

from proxy.flows import FlowSettings
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from proxy.options import Scheduler
from proxy.relaysettings import RelaySettings
from proxy.workers import messages
from proxy.workers.messages import decode_to_program, decode_to_worker, encode, one_sided
from proxy.workers.reports import Report

WEB = ServicePortName("default", "web", "http", Protocol.TCP)
KEY = FrontendKey("10.96.0.20", 80, Protocol.TCP)
ENDPOINTS = (Endpoint("10.244.0.2", 8080, "node-1"), Endpoint("fd00::2", 8080))
FRONTEND = Frontend(KEY, FrontendKind.CLUSTER_IP, WEB, ENDPOINTS, ENDPOINTS, affinity_seconds=10800)


@pytest.mark.parametrize(
    "message",
    [
        messages.Begin(RelaySettings(), FlowSettings(), Scheduler.ROUND_ROBIN, ("10.244.0.0/16",), ("192.0.2.1",)),
        messages.Introduce(KEY, FrontendKind.NODE_PORT, WEB),
        messages.Clients((messages.Client(KEY, "192.0.2.7", ENDPOINTS[0]),)),
        messages.Next(7, ENDPOINTS[1]),
        messages.Next(7, None),
        messages.ServeDatagrams(FRONTEND),
        messages.UpdateDatagrams(FRONTEND),
        messages.CloseDatagrams(KEY),
        messages.CloseFrontend(KEY),
        messages.Forget(3, (WEB,)),
        messages.Move(("192.0.2.1", "2001:db8::1")),
        messages.Sync(1),
        messages.Drain(8.0),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_the_program_says_arrives_as_it_was(message):
    assert decode_to_worker(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        messages.DialFailed(KEY, "192.0.2.7", ENDPOINTS[0]),
        messages.Ask(7, KEY, "192.0.2.7", ENDPOINTS, may_repeat=True),
        messages.Synced(1),
        messages.Drained(2),
        messages.Told(Report(1, 2, 3, 4, 5, {}, ())),
        messages.Shown(
            (messages.FlowRow(KEY, "192.0.2.7", 4000, ENDPOINTS[0], is_answered=True, active_at=1.5),),
            (messages.PinRow(WEB, "192.0.2.7", ENDPOINTS[0], 9.5),),
        ),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_a_worker_says_arrives_as_it_was(message):
    assert decode_to_program(encode(message)) == message


def test_what_goes_the_other_way_is_refused():
    with pytest.raises(msgspec.DecodeError):
        decode_to_program(encode(messages.Drain(8.0)))


def test_a_frontend_whose_sides_are_equal_has_one_list_of_endpoints_after_its_way():
    arrived = decode_to_worker(encode(messages.ServeDatagrams(FRONTEND))).frontend
    assert arrived.internal is not arrived.external
    assert one_sided(arrived) == FRONTEND
    assert one_sided(arrived).internal is one_sided(arrived).external


def test_a_frontend_whose_sides_differ_keeps_both():
    local = msgspec.structs.replace(FRONTEND, external=ENDPOINTS[:1])
    assert one_sided(local) is local
