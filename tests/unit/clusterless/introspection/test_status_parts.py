"""What a status says of a data plane: it is made of counters as they are, and bounded."""

import msgspec
import pytest

from clusterless.introspection.dataplanestatus import Carried, OpenFlow, StatusSource, status
from clusterless.introspection.rates import Rate, rates, service_name, short_number
from clusterless.introspection.status import DnsPart, EndpointPart, ServicePart, Status
from dns.counters import Counters as DnsCounters
from dns.counters import Listener
from proxy.counters import Counters, DialOutcome, KernelDrop, UnservedReason
from proxy.desired import Desired
from proxy.model import (
    Endpoint,
    Frontend,
    FrontendKey,
    FrontendKind,
    FrontendState,
    FrontendStatus,
    Protocol,
    ServicePortName,
)

WEB = ServicePortName("default", "web", "http", Protocol.TCP)
ECHO = ServicePortName("other", "echo", "", Protocol.UDP)
ONE, TWO, GONE = (Endpoint(f"10.0.0.{n}", 8080, f"n{n}") for n in (1, 2, 3))
VIP = FrontendKey("10.96.0.1", 80, Protocol.TCP)
NODE_PORT = FrontendKey("192.0.2.1", 30080, Protocol.TCP)
UDP = FrontendKey("10.96.0.2", 53, Protocol.UDP)


def a_frontend(key, service, kind=FrontendKind.CLUSTER_IP, endpoints=(ONE, TWO), **more):
    return Frontend(key, kind, service, endpoints, endpoints, **more)


def carried(frontends=None, **more):
    found = frontends or [
        a_frontend(VIP, WEB, affinity_seconds=60),
        a_frontend(NODE_PORT, WEB, FrontendKind.NODE_PORT, affinity_seconds=60),
        a_frontend(UDP, ECHO, endpoints=(ONE,)),
    ]
    given = {
        "desired": Desired(frontends={each.key: each for each in found}),
        "statuses": {each.key: FrontendStatus(FrontendState.SERVING) for each in found},
        "counters": Counters(),
        "flows": (),
        "connections_of": lambda _: {},
        "pins_of": lambda *_: {},
        "descriptors": 5,
        "descriptor_budget": 100,
        "now": 1000.0,
        **more,
    }
    return Carried(**given)


def made(carried, namespace=""):
    return status(StatusSource("here", 7, carried), namespace, 5.0)


def test_a_service_port_has_its_frontends_and_endpoints_with_what_they_carried():
    counters = Counters()
    web = counters.service(WEB)
    web.accepted, web.closed = 9, 4
    web.unserved_for[UnservedReason.DIALS_FAILED] = 2
    web.kernel_drops[KernelDrop.SOURCE_RANGE] = 3
    one = web.endpoint(ONE)
    one.opened, one.open, one.from_clients.bytes, one.to_clients.bytes = 6, 2, 100, 2000
    web.endpoint(TWO).dial_failures[DialOutcome.REFUSED] = 2
    statuses = {
        VIP: FrontendStatus(FrontendState.SERVING),
        NODE_PORT: FrontendStatus(FrontendState.FAILED, "address already in use"),
    }
    found = made(carried(counters=counters, statuses=statuses), "default")
    (part,) = found.services
    assert (part.title, part.accepted, part.active, part.bytes_in, part.bytes_out) == (
        "default/web:http",
        9,
        5,
        100,
        2000,
    )
    assert (part.unserved, part.kernel_drops) == ({"dials failed": 2}, {"source range": 3})
    assert [(each.address, each.kind, each.state, each.message) for each in part.frontends] == [
        ("10.96.0.1:80/TCP", "ClusterIP", "serving", ""),
        ("192.0.2.1:30080/TCP", "NodePort", "failed", "address already in use"),
    ]
    assert [(each.address, each.node, each.open, each.opened, each.dial_failures) for each in part.endpoints] == [
        ("10.0.0.1:8080", "n1", 2, 6, {}),
        ("10.0.0.2:8080", "n2", 0, 0, {"refused": 2}),
    ]
    assert found.frontends == {"serving": 1, "failed": 1}


def test_connections_to_an_endpoint_that_left_rotation_are_seen():
    (part, _) = made(carried(connections_of=lambda name: {ONE: 1, GONE: 4} if name == WEB else {})).services
    assert [(each.address, each.open) for each in part.endpoints if not each.in_rotation] == [("10.0.0.3:8080", 4)]


def test_flows_are_told_the_freshest_first_and_affinities_with_their_time():
    def flow(port, active_at, client="10.1.0.1"):
        return OpenFlow(a_frontend(UDP, ECHO), (client, port), ONE, is_answered=True, active_at=active_at)

    found = made(
        carried(
            flows=[flow(1, 990.0), flow(2, 999.0, "fd00::1")],
            pins_of=lambda name, now, timeout: {"10.1.0.9": (TWO, 12.34)} if (name, timeout) == (WEB, 60) else {},
        )
    )
    assert [(each.client, each.idle_seconds) for each in found.flows] == [("[fd00::1]:2", 1.0), ("10.1.0.1:1", 10.0)]
    assert [(each.client, each.endpoint, each.expires_in_seconds) for each in found.affinities] == [
        ("10.1.0.9", "10.0.0.2:8080", 12.3)
    ]
    assert made(carried(flows=[flow(1, 990.0)]), "default").flows == ()


def test_a_status_is_bounded_and_the_busiest_are_in_it():
    names = [ServicePortName("default", f"s{n:04}", "", Protocol.TCP) for n in range(1200)]
    frontends = [
        a_frontend(FrontendKey(f"10.96.{n // 250}.{n % 250}", 80, Protocol.TCP), name) for n, name in enumerate(names)
    ]
    counters = Counters()
    counters.service(names[1100]).accepted = 3
    flows = [OpenFlow(frontends[0], ("10.0.0.1", n), ONE, is_answered=False, active_at=n) for n in range(5000)]
    found = made(carried(frontends, counters=counters, flows=flows))
    assert (len(found.services), found.services_left_out) == (500, 700)
    assert "s1100" in {each.name for each in found.services}
    assert (len(found.flows), found.flows_left_out) == (200, 4800)
    assert len(msgspec.json.encode(found)) < 500_000


def test_a_dns_server_alone_has_a_status_too():
    counters = DnsCounters()
    listener = Listener("dns://:53", "udp", "1")
    counters.answered(
        listener, "cluster.local.", qtype=1, rcode=3, request_size=1, response_size=1, dnssec_ok=False, times=4
    )
    found = status(StatusSource("here", 1, None, counters), "", 5.0)
    assert found.services == ()
    assert found.dns == DnsPart(questions={"A": 4}, answers={"NXDOMAIN": 4}, zones={"cluster.local.": 4})
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Status) == found


def a_status(time, accepted=0, bytes_in=0, opened=0, questions=0):
    endpoint = EndpointPart(address="10.0.0.1:8080", opened=opened, bytes_in=bytes_in)
    part = ServicePart(namespace="default", name="web", accepted=accepted, bytes_in=bytes_in, endpoints=(endpoint,))
    dns = DnsPart(questions={"A": questions})
    return Status(node="here", generation=1, time=time, services=(part,), dns=dns)


def test_rates_are_growth_by_time():
    before, after = a_status(10.0, 5, 100, 5, 3), a_status(12.0, 25, 1100, 15, 13)
    found = rates(before, after)
    name = service_name(after.services[0])
    assert found.services[name] == Rate(10.0, 500.0, 0.0)
    assert found.endpoints[name, "10.0.0.1:8080"] == Rate(5.0, 500.0, 0.0)
    assert (found.total, found.questions) == (Rate(10.0, 500.0, 0.0), 5.0)


def test_an_agent_that_began_anew_has_no_negative_rates():
    found = rates(a_status(10.0, 500, 1000, 9, 9), a_status(11.0, 1))
    assert (found.total, found.questions) == (Rate(), 0.0)
    assert rates(None, a_status(11.0, 5)) == rates(a_status(11.0), a_status(11.0, 5))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, ""), (0.01, ""), (0.5, "0.5"), (1, "1"), (2.25, "2.2"), (9.96, "10"), (42, "42"), (999, "999"),
        (999.6, "1.0k"), (1000, "1.0k"), (1234, "1.2k"), (99_949, "99.9k"), (123_456, "123k"), (5e6, "5.0M"),
        (7.2e9, "7.2G"), (1e12, "1.0T"),
    ],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert short_number(value) == text
