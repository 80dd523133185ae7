"""Two nodes, a load balancer and an outside with both families: Services over IPv6, as they are over IPv4."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import put

from .conftest import wait_for_nodes, why_impossible
from .labs import HURRIED, RunningLab, get, health_check, met_with_silence, send

MANIFEST = Path(__file__).with_name("dualstack") / "cluster.yaml"
FLAGS = (
    "--service-cluster-ip-range=10.96.0.0/12,fd00:96::/108",
    "--cluster-cidr=10.244.0.0/16,fd00:244::/56",
)
POD, POD_2, OUTSIDE, STRANGER = "client", "default.web-2", "outside", "external.example.com"
LB = "lb.example.com"
NODE_1, NODE_2 = "fd00:240::a", "fd00:240::1"
BOTH_4, BOTH, ONLY_6, HERE, NOBODY = "10.96.0.20", *(f"fd00:96::{number}" for number in (20, 21, 22, 23))
LIMITED, STICKY = "2001:db8:203::21", "2001:db8:203::25"
STICKY_CLUSTER_IP = "fd00:96::25"
UNALLOCATED = "fd00:96::7777"
FLOATING = "2001:db8:192::10"
SUFFIX = "default.svc.cluster.local"

PREFER, SINGLE = "ipFamilyPolicy: PreferDualStack", "ipFamilyPolicy: SingleStack"
DIG = "dig +short +search +tries=1 +time=10"

pytestmark = pytest.mark.xdist_group("dual stack")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dualstack") / "cluster.yaml"
    path.write_text(MANIFEST.read_text())
    return path


@pytest.fixture(scope="module")
def lab(manifest: Path) -> Iterator[RunningLab]:
    if reason := why_impossible():
        pytest.skip(reason)
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this kernel has no IPv6")
    with RunningLab([manifest], "me", FLAGS) as running:
        wait_for_nodes(
            running, LB, ("10.240.0.1", 10256), ("10.240.0.2", 10256), ("10.240.0.2", 31000), (NODE_2, 31000)
        )
        yield running


TABLE = [
    (POD, BOTH, 80, "answered"),
    (POD_2, BOTH, 80, "answered"),
    ("node-1", BOTH, 80, "answered"),
    (POD, ONLY_6, 80, "answered"),
    # A nodePort is on every node, also at the address that the node's manifest does not have.
    (OUTSIDE, NODE_1, 30080, "answered"),
    (OUTSIDE, NODE_2, 30080, "answered"),
    (POD, NODE_2, 30080, "answered"),
    (OUTSIDE, NODE_1, 30079, "refused"),
    # Without endpoints a Service refuses; nobody has the address that no Service has.
    (POD, NOBODY, 80, "refused"),
    ("node-1", NOBODY, 80, "refused"),
    (OUTSIDE, NODE_1, 30083, "refused"),
    (POD, BOTH, 81, "refused"),
    (POD, UNALLOCATED, 80, "timed out"),
    ("node-1", UNALLOCATED, 80, "timed out"),
    # With policy Local a node without endpoints is silent towards the outside, and a pod on it is inside.
    (OUTSIDE, NODE_2, 30082, "answered"),
    (OUTSIDE, NODE_1, 30082, "timed out"),
    (POD, NODE_1, 30082, "answered"),
    (POD_2, HERE, 80, "answered"),
    (POD, HERE, 80, "timed out"),
    # loadBalancerSourceRanges hold on the load balancer and on the nodes, and not for nodePorts.
    (OUTSIDE, LIMITED, 80, "answered"),
    (STRANGER, LIMITED, 80, "timed out"),
    (POD_2, LIMITED, 80, "answered"),
    (POD, LIMITED, 80, "timed out"),
    (STRANGER, NODE_1, 30081, "answered"),
    # An external IP that is a node's own is served there, and nowhere else.
    (OUTSIDE, NODE_1, 8085, "answered"),
    (POD_2, NODE_1, 8085, "answered"),
    (OUTSIDE, NODE_2, 8085, "refused"),
    # One that is nobody's own is served on every node, and the outside's way is to one of them.
    (OUTSIDE, FLOATING, 8085, "answered"),
    (POD_2, FLOATING, 8085, "answered"),
    (OUTSIDE, FLOATING, 8086, "refused"),
]


HEARD = [row for row in TABLE if row[3] != "timed out"]
NOT_HEARD = [row[:3] for row in TABLE if row[3] == "timed out"]


@pytest.mark.parametrize(("host", "address", "port", "expected"), HEARD)
def test_connections(lab: RunningLab, host: str, address: str, port: int, expected: str):
    assert get(lab, host, f"[{address}]:{port}") == expected


@pytest.mark.parametrize(("host", "address", "port", "expected"), HEARD)
def test_datagrams(lab: RunningLab, host: str, address: str, port: int, expected: str):
    assert send(lab, host, address, port) == expected


def test_whoever_has_no_business_there_hears_nothing(lab: RunningLab):
    assert met_with_silence(lab, NOT_HEARD) == {row: {"timed out"} for row in NOT_HEARD}


@pytest.mark.upstream(
    "dual_stack.go: should create service with ipv4 cluster ip",
    "dual_stack.go: should create service with ipv6 cluster ip",
    "dual_stack.go: should create service with ipv4,v6 cluster ip",
)
@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("both", "-4", "answered"),
        ("both", "-6", "answered"),
        ("preferred", "-4", "answered"),
        ("preferred", "-6", "answered"),
        ("only-6", "-6", "answered"),
        ("only-6", "-4", "no such address"),
        ("only-4", "-4", "answered"),
        ("headless", "-6", "answered"),
        ("legacy", "-6", "answered"),
    ],
)
def test_a_name_has_the_families_of_its_service(lab: RunningLab, name: str, options: str, expected: str):
    for host in (POD, POD_2):
        assert get(lab, host, name, options) == expected


@pytest.mark.parametrize("place", [BOTH_4, f"[{BOTH}]", "[" + NODE_2 + "]:30080"])
def test_the_pods_of_both_nodes_take_turns(lab: RunningLab, place: str):
    code = f"for i in $(seq 6); do curl -sS --max-time 5 http://{place}/hostname; done"
    seen = lab.output(POD, code).split()
    assert (seen.count("web-1"), seen.count("web-2")) == (3, 3)


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_service_of_both_families_has_both_records(lab: RunningLab, transport: str):
    assert lab.output(POD, f"{DIG} {transport} A both") == BOTH_4
    assert lab.output(POD, f"{DIG} {transport} AAAA both") == BOTH


@pytest.mark.parametrize(("kind", "name"), [("A", "only-6"), ("AAAA", "only-4")])
def test_a_family_that_a_service_has_not_is_no_data(lab: RunningLab, kind: str, name: str):
    answer = lab.output(POD, f"dig +tries=1 {kind} {name}.{SUFFIX}")
    assert "status: NOERROR" in answer
    assert "ANSWER: 0" in answer


def pod_addresses(lab: RunningLab, pod: str) -> list[str]:
    return json.loads(lab.output(f"default.{pod}", "curl -sS --max-time 5 http://127.0.0.1/"))["addresses"]  # type: ignore[no-any-return]


def test_a_headless_service_answers_with_its_pods_addresses_of_each_family(lab: RunningLab):
    pods = [pod_addresses(lab, pod) for pod in ("web-1", "web-2")]
    for family, kind in enumerate(("A", "AAAA")):
        assert sorted(lab.output(POD, f"{DIG} {kind} headless").split()) == sorted(each[family] for each in pods)


def test_ipv6_addresses_lead_back_to_their_names(lab: RunningLab):
    assert lab.output(POD, f"{DIG} -x {BOTH}") == f"both.{SUFFIX}."
    assert lab.output(POD, f"{DIG} -x {ONLY_6}") == f"only-6.{SUFFIX}."
    _, address = pod_addresses(lab, "web-1")
    names = {name.partition(".")[2] for name in lab.output(POD, f"{DIG} -x {address}").split()}
    assert {f"headless.{SUFFIX}.", f"only-6.{SUFFIX}."} <= names
    assert f"only-4.{SUFFIX}." not in names


def test_ports_of_an_ipv6_service_have_srv_records(lab: RunningLab):
    assert lab.output(POD, f"{DIG} SRV _http._tcp.only-6") == f"0 100 80 only-6.{SUFFIX}."


def test_the_outside_has_both_families(lab: RunningLab):
    assert lab.output(OUTSIDE, f"{DIG} AAAA external.example.com.") == "2001:db8::80"
    assert get(lab, OUTSIDE, "external.example.com", "-6") == "answered"


def test_a_load_balancer_gives_addresses_of_the_families_of_its_service(lab: RunningLab):
    given = json.loads(lab.output(POD, "cat /run/lab/state/load-balancers/addresses.json"))
    assert [":" in address for address in given["default/here"]] == [False, True]
    assert given["default/limited"] == [LIMITED]
    _, address = given["default/here"]
    for host in (OUTSIDE, POD, "node-1"):  # through the load balancer, which finds the node; and on a node itself
        assert get(lab, host, f"[{address}]") == "answered"
        assert send(lab, host, address, 80) == "answered"


@pytest.mark.parametrize("size", [0, 1, 1500, 65507])
def test_datagrams_over_ipv6_pass_unchanged(lab: RunningLab, size: int):
    code = (
        "import os, socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(10); "
        f"s.connect(('{ONLY_6}', 80)); sent = os.urandom({size}); s.send(sent); print(s.recv(65535) == sent)"
    )
    assert lab.output(POD, f'python3 -ISc "{code}"') == "True"


def test_a_node_port_is_on_the_localhost_of_both_families(lab: RunningLab):
    for address in ("127.0.0.1", "[::1]"):
        assert get(lab, "node-2", f"{address}:30080") == "answered"


def answering(lab: RunningLab, host: str, place: str, times: int = 6) -> list[str]:
    """The pods that answer one request after the other; `-` where none does."""
    code = f"for i in $(seq {times}); do curl -sS --max-time 5 http://{place}/hostname || echo -; done"
    return lab.output(host, code).split()


@pytest.mark.parametrize(
    ("host", "place"),
    [
        (OUTSIDE, f"[{STICKY}]"),  # through the load balancer
        (OUTSIDE, f"[{NODE_2}]:30085"),
        (POD, f"[{STICKY}]"),  # on the node itself
        (POD, f"[{STICKY_CLUSTER_IP}]"),
    ],
)
def test_a_client_with_affinity_keeps_its_pod_over_ipv6(lab: RunningLab, host: str, place: str):
    (pod,) = set(answering(lab, host, place))
    assert pod in ("web-1", "web-2")


@pytest.mark.parametrize(("node", "code", "endpoints"), [(NODE_1, "503", 0), (NODE_2, "200", 1)])
def test_health_check_node_ports_are_on_a_nodes_ipv6_address(lab: RunningLab, node: str, code: str, endpoints: int):
    status, body = health_check(lab, LB, f"[{node}]:31000/")
    assert (status, body["localEndpoints"], body["serviceProxyHealthy"]) == (code, endpoints, True)


def test_the_health_of_a_nodes_proxy_is_told_of_both_families(lab: RunningLab):
    status, body = health_check(lab, LB, f"[{NODE_1}]:10256/healthz")
    assert (status, body["status"].keys()) == ("200", {"IPv4", "IPv6"})  # type: ignore[attr-defined]


def test_a_running_service_gains_the_second_family_and_releases_it(lab: RunningLab, manifest: Path):
    before = manifest.read_text()
    hosts = (POD, POD_2)  # on either node: each asks its own node's DNS server
    put(manifest, before.replace("spec: {clusterIP: 10.96.0.24", f"spec: {{{PREFER}, clusterIP: 10.96.0.24"))
    for host in hosts:
        lab.until(host, f"curl -6 -s --max-time {HURRIED} -o /dev/null http://only-4/")
        assert get(lab, host, "only-4", "-4") == "answered"
    address = lab.output(POD, f"{DIG} AAAA only-4")
    put(manifest, before.replace("spec: {clusterIP: 10.96.0.24", f"spec: {{{SINGLE}, clusterIP: 10.96.0.24"))
    for node in ("node-1", "node-2"):  # a node gives an address back last of all
        lab.until(node, f"! ip -6 route show table local | grep -q '^local {address} '")
    for host in hosts:
        assert get(lab, host, "only-4", "-4") == "answered"
        assert lab.output(host, f"{DIG} AAAA only-4") == ""
        assert get(lab, host, f"[{address}]", seconds=HURRIED) == "timed out"


def test_a_node_that_fails_is_left_out_by_the_load_balancer_over_ipv6(lab: RunningLab):
    """The last one: node-1 does not come back."""
    lab.run("node-1", "ip link set eth0 down")
    lab.until(LB, f"grep -q 'node is unhealthy. node=.node-1' /run/lab/log/{LB}")
    assert answering(lab, OUTSIDE, f"[{LIMITED}]") == ["web-2"] * 6  # all through node-2
