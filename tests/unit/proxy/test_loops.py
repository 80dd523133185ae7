import msgspec

from proxy.loops import Loop, loops_of, without_endpoints
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName, Verdict

SERVICE = ServicePortName("default", "web", "http", Protocol.TCP)
POD, SELF = Endpoint("10.244.0.5", 8080), Endpoint("10.96.0.7", 80, "n1")
KEY = FrontendKey("10.96.0.7", 80, Protocol.TCP)


def frontend(internal, external=None, verdict=Verdict.REJECT, key=KEY):
    external = internal if external is None else external
    return Frontend(key, FrontendKind.CLUSTER_IP, SERVICE, internal, external, verdict)


def test_an_endpoint_that_is_a_frontend_of_ours_is_a_loop():
    assert loops_of(frontend((POD, SELF)), {KEY}) == {SELF}


def test_a_loop_on_the_external_side_is_seen():
    assert loops_of(frontend((POD,), (SELF,)), {KEY}) == {SELF}


def test_a_loop_that_drains_is_seen_and_refused():
    draining = msgspec.structs.replace(frontend((POD,)), draining=(SELF,))
    assert loops_of(draining, {KEY}) == {SELF}
    assert without_endpoints(draining, {SELF}).draining == ()


def test_only_the_exact_address_port_and_protocol_counts():
    others = {KEY._replace(address="10.96.0.8"), KEY._replace(port=81), KEY._replace(protocol=Protocol.UDP)}
    assert not loops_of(frontend((POD, SELF)), others)


def test_the_others_stay():
    left = without_endpoints(frontend((POD, SELF)), {SELF})
    assert (left.internal, left.external) == ((POD,), (POD,))
    assert left.internal is left.external


def test_each_side_keeps_its_own():
    left = without_endpoints(frontend((POD, SELF), (SELF,), Verdict.DROP), {SELF})
    assert (left.internal, left.external, left.verdict) == ((POD,), (), Verdict.DROP)


def test_who_has_nothing_else_refuses():
    assert without_endpoints(frontend((SELF,), (), Verdict.DROP), {SELF}).is_rejected


def test_a_loop_says_which_endpoint_of_whom():
    message = Loop(SERVICE, SELF).message
    assert message == "default/web:http: endpoint 10.96.0.7:80 is refused: this proxy listens there itself"
