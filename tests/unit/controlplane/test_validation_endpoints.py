"""Endpoints and EndpointSlices are refused in the API server's words, and never lead to the node itself."""

import pytest

IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
LOOPBACK = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
LINK_LOCAL = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
TCP = 'supported values: "SCTP", "TCP", "UDP"'


@pytest.mark.parametrize(
    ("subset", "errors"),
    [
        ({"addresses": [{"ip": "192.0.2.1", "hostname": "a", "nodeName": "n.example"}], "ports": [{"port": 80}]}, []),
        ({"notReadyAddresses": [{"ip": "192.0.2.1"}]}, []),
        ({"ports": [{"port": 80}]},
         ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
        ({"addresses": [{"ip": "192.0.2"}]},
         [f'subsets[0].addresses[0].ip: Invalid value: "192.0.2": {IP_TEXT}',
          'subsets[0].addresses[0].ip: Invalid value: "192.0.2": must be a valid IP address']),
        ({"addresses": [{"ip": "127.0.0.1"}]},
         [f'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": {LOOPBACK}']),
        ({"notReadyAddresses": [{"ip": "169.254.169.254"}]},
         [f'subsets[0].notReadyAddresses[0].ip: Invalid value: "169.254.169.254": {LINK_LOCAL}']),
        ({"addresses": [{"ip": "192.0.2.1", "hostname": "a.b"}]},
         ['subsets[0].addresses[0].hostname: Invalid value: "a.b": must not contain dots']),
        ({"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}, {"name": "b", "port": 81}]},
         ["subsets[0].ports[0].name: Required value"]),
        ({"addresses": [{"ip": "192.0.2.1"}], "ports": [{"name": "a.b"}]},
         ['subsets[0].ports[0].name: Invalid value: "a.b": must not contain dots',
          "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        ({"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80, "protocol": "HTTP"}]},
         [f'subsets[0].ports[0].protocol: Unsupported value: "HTTP": {TCP}']),
    ],
)  # fmt: skip
def test_endpoints(errors_of, make, subset, errors):
    assert errors_of(make("Endpoints", subsets=[subset])) == errors


def test_a_node_name_is_a_subdomain(errors_of, make):
    address = {"ip": "192.0.2.1", "nodeName": "Node"}
    (error,) = errors_of(make("Endpoints", subsets=[{"addresses": [address]}]))
    assert error.startswith('subsets[0].addresses[0].nodeName: Invalid value: "Node": a lowercase RFC 1123 subdomain')


def slice_of(make, endpoint, kind="IPv4", ports=()):
    return make("EndpointSlice", addressType=kind, endpoints=[endpoint], ports=list(ports))


@pytest.mark.parametrize(
    ("kind", "endpoint", "errors"),
    [
        ("IPv4", {"addresses": ["192.0.2.1"]}, []),
        ("IPv4", {"addresses": ["192.0.2.1"], "hostname": "a", "nodeName": "n", "deprecatedTopology": {"a": "b"}}, []),
        ("IPv6", {"addresses": ["2001:db8::1"]}, []),
        ("FQDN", {"addresses": ["db.example.com."]}, []),
        ("IPv4", {"addresses": []}, ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
        ("IPv4", {"addresses": ["db.example.com"]},
         [f'endpoints[0].addresses[0]: Invalid value: "db.example.com": {IP_TEXT}']),
        ("IPv4", {"addresses": ["2001:db8::1"]},
         ['endpoints[0].addresses: Invalid value: "2001:db8::1": must be an IPv4 address']),
        ("IPv6", {"addresses": ["192.0.2.1"]},
         ['endpoints[0].addresses: Invalid value: "192.0.2.1": must be an IPv6 address']),
        ("IPv6", {"addresses": ["2001:DB8::1"]},
         ['endpoints[0].addresses[0]: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")']),
        ("IPv6", {"addresses": ["::ffff:192.0.2.1"]},
         ['endpoints[0].addresses[0]: Invalid value: "::ffff:192.0.2.1": must not be an IPv4-mapped IPv6 address']),
        ("IPv4", {"addresses": ["127.0.0.1"]},
         [f'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": {LOOPBACK}']),
        ("IPv6", {"addresses": ["::1"]}, [f'endpoints[0].addresses[0]: Invalid value: "::1": {LOOPBACK}']),
        ("IPv6", {"addresses": ["fe80::1"]}, [f'endpoints[0].addresses[0]: Invalid value: "fe80::1": {LINK_LOCAL}']),
        ("IPv4", {"addresses": ["0.0.0.0"]},
         ['endpoints[0].addresses[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)']),
        ("FQDN", {"addresses": [""]}, ["endpoints[0].addresses[0]: Required value"]),
        ("FQDN", {"addresses": ["db"]},
         ['endpoints[0].addresses[0]: Invalid value: "db": should be a domain with at least two segments separated by '
          "dots"]),
        ("FQDN", {"addresses": ["a" * 64 + ".b"]},
         [f'endpoints[0].addresses[0]: Invalid value: "{"a" * 64}": must be no more than 63 characters']),
        ("IPv4", {"addresses": ["192.0.2.1"], "hostname": "a.b"},
         ['endpoints[0].hostname: Invalid value: "a.b": must not contain dots']),
        ("IPv4", {"addresses": [f"192.0.2.{i}" for i in range(1, 102)]},
         ["endpoints[0].addresses: Too many: 101: must have at most 100 items"]),
        ("IPv4", {"addresses": ["192.0.2.1"], "deprecatedTopology": {f"k{i}": "v" for i in range(17)}},
         ["endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items"]),
        ("IPv4", {"addresses": ["192.0.2.1"], "hints": {"forZones": [{"name": "a"}, {"name": "a"}]}},
         ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"']),
        ("IPv4", {"addresses": ["192.0.2.1"], "hints": {"forZones": [{"name": str(i)} for i in range(9)]}},
         ["endpoints[0].hints.forZones: Too many: 9: must have at most 8 items"]),
        ("IPv4", {"addresses": ["192.0.2.1"], "hints": {"forNodes": [{"name": "n1"}, {"name": "n1"}]}},
         ['endpoints[0].hints.forNodes[1].name: Duplicate value: "n1"']),
        ("IPv4", {"addresses": ["192.0.2.1"], "hints": {"forNodes": [{"name": str(i)} for i in range(9)]}},
         ["endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items"]),
    ],
)  # fmt: skip
def test_endpoints_of_a_slice(errors_of, make, kind, endpoint, errors):
    assert errors_of(slice_of(make, endpoint, kind)) == errors


def test_a_name_with_bad_letters_is_no_fully_qualified_name(errors_of, make):
    (error,) = errors_of(slice_of(make, {"addresses": ["My.Host"]}, "FQDN"))
    assert error.startswith('endpoints[0].addresses[0]: Invalid value: "My.Host": a lowercase RFC 1123 subdomain')


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("", "addressType: Required value"),
        ("IP", 'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'),
    ],
)
def test_a_slice_has_an_address_type(errors_of, make, kind, error):
    assert errors_of(slice_of(make, {"addresses": ["anything"]}, kind)) == [error]


@pytest.mark.parametrize(
    ("ports", "errors"),
    [
        ([{"port": 80}, {"name": "b"}], []),
        ([{"port": 0}], []),
        ([{"port": 80}, {"port": 81}], ['ports[1].name: Duplicate value: ""']),
        ([{"name": "a.b"}], ['ports[0].name: Invalid value: "a.b": must not contain dots']),
        ([{"protocol": "HTTP"}], [f'ports[0].protocol: Unsupported value: "HTTP": {TCP}']),
        ([{"appProtocol": "/x"}], ['ports[0].appProtocol: Invalid value: "/x": prefix part must be non-empty']),
        ([{"port": 70000}], ["ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
        ([{"name": "a"}] * 20001, ["ports: Too many: 20001: must have at most 20000 items"]),
    ],
)
def test_ports_of_a_slice(errors_of, make, ports, errors):
    assert errors_of(slice_of(make, {"addresses": ["192.0.2.1"]}, ports=ports)) == errors


def test_a_slice_has_a_thousand_endpoints_at_most(errors_of, make):
    endpoints = [{"addresses": ["192.0.2.1"]}] * 1001
    assert errors_of(make("EndpointSlice", addressType="IPv4", endpoints=endpoints)) == [
        "endpoints: Too many: 1001: must have at most 1000 items"
    ]


@pytest.mark.parametrize("ip", ["127.0.0.5", "::1"])
def test_a_lab_may_allow_loopback_endpoints(errors_of, make, ip):
    kind = "IPv6" if ":" in ip else "IPv4"
    slice_ = slice_of(make, {"addresses": [ip]}, kind)
    endpoints = make("Endpoints", subsets=[{"addresses": [{"ip": ip}]}])
    assert errors_of(slice_, allow_loopback_endpoints=True) == []
    assert errors_of(endpoints, allow_loopback_endpoints=True) == []


def test_to_allow_loopback_allows_nothing_else(errors_of, make):
    slice_ = slice_of(make, {"addresses": ["169.254.169.254"]})
    assert errors_of(slice_, allow_loopback_endpoints=True) == [
        f'endpoints[0].addresses[0]: Invalid value: "169.254.169.254": {LINK_LOCAL}'
    ]


@pytest.mark.parametrize(
    ("ip", "error"),
    [
        ("10.1.2.3", ""),
        ("fd00::1", ""),
        ("192.0.2.1", "must be in a range of --endpoint-cidrs (10.0.0.0/8, fd00::/8)"),
        ("127.0.0.1", LOOPBACK),
        ("10.1.2.03", "must not have leading 0s"),
    ],
)
def test_an_operator_may_say_where_endpoints_are(errors_of, make, ip, error):
    allowed = ("10.0.0.0/8", "fd00::/8")
    kind = "IPv6" if ":" in ip else "IPv4"
    slice_ = slice_of(make, {"addresses": [ip]}, kind)
    endpoints = make("Endpoints", subsets=[{"addresses": [{"ip": ip}]}])
    prefix = "endpoints[0].addresses[0]", "subsets[0].addresses[0].ip"
    expected = [[f'{path}: Invalid value: "{ip}": {error}'] if error else [] for path in prefix]
    assert [errors_of(obj, endpoint_cidrs=allowed) for obj in (slice_, endpoints)] == expected
