import msgspec
import pytest

from controlplane.objects import EndpointSlice
from proxy.endpoints import EndpointInfo, PortKey, endpoints_by_port
from proxy.model import Endpoint, Protocol

HTTP = PortKey("http", Protocol.TCP)


def slice_of(*endpoints, ports=({"name": "http", "port": 80},), family="IPv4", labels=None):
    raw = {"addressType": family, "metadata": {"labels": labels or {}}, "ports": list(ports), "endpoints": endpoints}
    return msgspec.convert(raw, EndpointSlice)


def at(*addresses, **fields):
    return {"addresses": list(addresses), **fields}


def texts(found):
    return {key: [str(info.endpoint) for info in infos] for key, infos in found.items()}


def test_conditions_default_to_ready_serving_and_not_terminating():
    found = endpoints_by_port([slice_of(at("10.0.0.1"))], "IPv4")
    assert found == {HTTP: (EndpointInfo(Endpoint("10.0.0.1", 80), ready=True, serving=True, terminating=False),)}


def test_conditions_node_and_hints_are_taken_over():
    hints = {"forZones": [{"name": "a"}, {"name": "b"}], "forNodes": [{"name": "n1"}]}
    conditions = {"ready": False, "serving": True, "terminating": True}
    found = endpoints_by_port([slice_of(at("10.0.0.1", conditions=conditions, nodeName="n1", hints=hints))], "IPv4")
    endpoint = Endpoint("10.0.0.1", 80, "n1")
    expected = EndpointInfo(endpoint, False, True, True, frozenset({"a", "b"}), frozenset({"n1"}))  # noqa: FBT003
    assert found[HTTP] == (expected,)


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        pytest.param(slice_of(at("10.0.0.1", "10.0.0.2")), {HTTP: ["10.0.0.1:80"]}, id="only the first address counts"),
        pytest.param(slice_of(at()), {HTTP: []}, id="an endpoint without addresses is passed over"),
        pytest.param(slice_of(at("fd00::1")), {HTTP: []}, id="an address of the other family is passed over"),
        pytest.param(slice_of(at("010.0.0.1")), {HTTP: ["10.0.0.1:80"]}, id="leading zeros are no octal"),
        pytest.param(slice_of(at("fd00::1"), family="IPv6"), {}, id="a slice of the other family is passed over"),
        pytest.param(slice_of(at("example.com"), family="FQDN"), {}, id="an FQDN slice is passed over"),
        pytest.param(
            slice_of(at("10.0.0.1"), labels={"service.kubernetes.io/headless": ""}),
            {},
            id="a headless slice is filtered",
        ),
        pytest.param(slice_of(at("10.0.0.1"), ports=[{"name": "http"}]), {}, id="a port without a number is ignored"),
        pytest.param(slice_of(at("10.0.0.1"), ports=[{"name": "http", "port": 0}]), {}, id="port 0 is ignored"),
        pytest.param(
            slice_of(at("10.0.0.1"), ports=[{"port": 80}]),
            {PortKey("", Protocol.TCP): ["10.0.0.1:80"]},
            id="a port may have no name, and is TCP",
        ),
        pytest.param(
            slice_of(
                at("10.0.0.1"), ports=[{"name": "dns", "port": 53}, {"name": "dns", "port": 54, "protocol": "UDP"}]
            ),
            {PortKey("dns", Protocol.TCP): ["10.0.0.1:53"], PortKey("dns", Protocol.UDP): ["10.0.0.1:54"]},
            id="one name in two protocols makes two ports",
        ),
        pytest.param(
            slice_of(at("10.0.0.9"), at("10.0.0.10")),
            {HTTP: ["10.0.0.10:80", "10.0.0.9:80"]},
            id="endpoints are sorted as text",
        ),
    ],
)
def test_endpoints_of_one_slice(piece, expected):
    assert texts(endpoints_by_port([piece], "IPv4")) == expected


def test_ipv6_endpoints_are_canonical():
    found = endpoints_by_port([slice_of(at("fd00:0:0::1"), family="IPv6")], "IPv6")
    assert texts(found) == {HTTP: ["[fd00::1]:80"]}


def test_slices_are_united_by_address_and_port():
    other_number = slice_of(at("10.0.0.1"), ports=[{"name": "http", "port": 8080}])
    found = endpoints_by_port(
        [slice_of(at("10.0.0.1")), slice_of(at("10.0.0.1"), at("10.0.0.2")), other_number], "IPv4"
    )
    assert texts(found) == {HTTP: ["10.0.0.1:80", "10.0.0.1:8080", "10.0.0.2:80"]}


TERMINATING = {"ready": False, "terminating": True}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param({}, TERMINATING, False, id="one that stays beats a later one that terminates"),
        pytest.param(TERMINATING, {}, False, id="one that stays beats an earlier one that terminates"),
        pytest.param(TERMINATING, TERMINATING, True, id="both terminate"),
    ],
)
def test_duplicates_over_slices(first, second, expected):
    slices = [slice_of(at("10.0.0.1", conditions=each)) for each in (first, second)]
    (info,) = endpoints_by_port(slices, "IPv4")[HTTP]
    assert info.terminating is expected


def test_the_last_of_two_equal_duplicates_wins():
    slices = [slice_of(at("10.0.0.1", nodeName=name)) for name in ("n1", "n2")]
    (info,) = endpoints_by_port(slices, "IPv4")[HTTP]
    assert info.endpoint.node == "n2"
