"""The seven kinds of Service with dig and curl: from a pod, from a node and from outside, in one lab each."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import why_impossible
from .labs import ROOT, RunningLab

MANIFESTS = (ROOT / "configs" / "manifests", Path(__file__).with_name("manifests"))
POD, NODES, OUTSIDE = "client", ("node-1", "node-2"), "outside"
NODE_IPS = {"node-1": "10.240.0.4", "node-2": "10.240.0.5"}
CURL = "curl -sS --max-time 10"
HURRIED = "curl -sS --max-time 0.5"  # seconds in which a refusal would certainly have come
DIG = "dig +short +search +tries=1 +time=10"
REFUSED, TIMED_OUT = 7, 28  # curl's exit codes
SUFFIX = "default.svc.cluster.local"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("me", marks=pytest.mark.xdist_group("lab as me")),
        pytest.param("nobody", marks=pytest.mark.xdist_group("lab as nobody")),
    ],
)
def lab(request: pytest.FixtureRequest) -> Iterator[RunningLab]:
    if reason := why_impossible(request.param):
        pytest.skip(reason)
    with RunningLab(MANIFESTS, request.param) as running:
        yield running


def vip(lab: RunningLab, service: str) -> str:
    return lab.output(POD, f"{DIG} {service}.{SUFFIX}.")


def names(lab: RunningLab, host: str, url: str, times: int) -> list[str]:
    """Which pods answered, one after the other."""
    return lab.output(host, f"for i in $(seq {times}); do {CURL} http://{url}/hostname; done").split()


def datagram(address: str, port: int) -> str:
    """A command that prints what comes back for a datagram."""
    code = (
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(10); "
        f"s.connect(('{address}', {port})); s.send(b'hello'); print(s.recv(100))"
    )
    return f'python3 -ISc "{code}"'


def test_a_cluster_ip_is_reached_by_name_and_by_address(lab: RunningLab):
    by_name = json.loads(lab.output(POD, f"{CURL} http://web/"))
    by_address = json.loads(lab.output(POD, f"{CURL} http://{vip(lab, 'web')}/"))
    assert by_name["pod"].startswith("example-app-")
    assert by_address["pod"].startswith("example-app-")
    assert by_name["host"] == "web"


@pytest.mark.parametrize("node", NODES)
def test_a_cluster_ip_is_reached_from_the_nodes(lab: RunningLab, node: str):
    (name,) = names(lab, node, vip(lab, "web"), 1)
    assert name.startswith("example-app-")


def test_pods_take_turns(lab: RunningLab):
    seen = names(lab, POD, "web", 9)
    assert {seen.count(name) for name in seen} == {3}
    assert seen[:3] == seen[3:6] == seen[6:]


def test_a_pod_reaches_itself_through_its_service(lab: RunningLab):
    name = names(lab, POD, "web", 1)[0]
    assert name in names(lab, f"default.{name}", "web", 3)


def test_another_port_of_a_cluster_ip_is_refused(lab: RunningLab):
    assert lab.run(POD, f"{CURL} http://web:81/").code == REFUSED
    assert lab.run("node-1", f"{CURL} http://{vip(lab, 'web')}:81/").code == REFUSED


@pytest.mark.parametrize("host", [POD, "node-1"])
def test_an_address_that_no_service_has_times_out(lab: RunningLab, host: str):
    assert lab.run(host, f"{HURRIED} http://10.96.77.77/").code == TIMED_OUT


def test_a_service_without_endpoints_refuses(lab: RunningLab):
    assert lab.run(POD, f"{CURL} http://nobody/").code == REFUSED
    assert "ConnectionRefusedError" in lab.run(POD, datagram(vip(lab, "nobody"), 80)).output
    assert lab.run(POD, f"{CURL} -k https://kubernetes/").code == REFUSED


def test_a_headless_service_answers_with_its_pods(lab: RunningLab):
    addresses = lab.output(POD, f"{DIG} db").split()
    assert len(addresses) == 2
    assert all(address.startswith("10.244.") for address in addresses)
    assert set(names(lab, POD, "db", 1)) <= {"db-0", "db-1"}


@pytest.mark.parametrize("pod", ["db-0", "db-1"])
def test_a_pod_of_a_statefulset_has_a_name_of_its_own(lab: RunningLab, pod: str):
    assert names(lab, POD, f"{pod}.db", 1) == [pod]
    address = lab.output(POD, f"{DIG} {pod}.db")
    assert lab.output(POD, f"{DIG} -x {address}") == f"{pod}.db.{SUFFIX}."


def test_a_statefulset_pod_knows_its_own_names(lab: RunningLab):
    address = lab.output(POD, f"{DIG} db-0.db")
    assert lab.output("default.db-0", "getent hosts db-0").split() == [address, f"db-0.db.{SUFFIX}", "db-0"]
    assert f"db-0.db.{SUFFIX}" in lab.output("default.db-0", f"getent hosts db-0.db.{SUFFIX}")


def test_a_cluster_ip_leads_back_to_its_service(lab: RunningLab):
    assert lab.output(POD, f"{DIG} -x {vip(lab, 'web')}") == f"web.{SUFFIX}."


def test_ports_have_srv_records(lab: RunningLab):
    assert lab.output(POD, f"{DIG} SRV _http._tcp.web") == f"0 100 80 web.{SUFFIX}."
    assert sorted(lab.output(POD, f"{DIG} SRV _http._tcp.db").split("\n")) == [
        f"0 50 80 db-0.db.{SUFFIX}.",
        f"0 50 80 db-1.db.{SUFFIX}.",
    ]
    assert lab.output(POD, f"{DIG} SRV _datagrams._udp.echo") == f"0 100 7 echo.{SUFFIX}."


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_the_api_servers_name_is_there_over_udp_and_tcp(lab: RunningLab, transport: str):
    assert lab.output(POD, f"{DIG} {transport} kubernetes.{SUFFIX}.") == "10.96.0.1"


@pytest.mark.parametrize("name", ["web", "web.default", "web.default.svc", f"web.{SUFFIX}", f"web.{SUFFIX}."])
def test_the_search_list_completes_names(lab: RunningLab, name: str):
    assert lab.output(POD, f"getent hosts {name}").split()[0] == vip(lab, "web")


def test_what_no_service_is_called_does_not_exist(lab: RunningLab):
    assert lab.run(POD, "getent hosts nosuch").code == 2
    assert "status: NXDOMAIN" in lab.output(POD, f"dig +tries=1 nosuch.{SUFFIX}")


def test_an_external_name_is_an_alias_for_a_name_outside(lab: RunningLab):
    answer = lab.output(POD, f"{DIG} example-externalname").split()
    assert answer == ["external.example.com.", "198.51.100.80"]
    assert names(lab, POD, "example-externalname", 1) == ["external.example.com"]


@pytest.mark.parametrize("node", NODES)
def test_a_node_port_is_on_every_node(lab: RunningLab, node: str):
    for host in (OUTSIDE, POD, *NODES):
        assert names(lab, host, f"{NODE_IPS[node]}:30080", 1)[0].startswith("example-app-")
    assert names(lab, node, "127.0.0.1:30080", 1)[0].startswith("example-app-")


def test_a_node_port_is_no_port_of_the_cluster_ip(lab: RunningLab):
    assert names(lab, POD, "example-nodeport:8080", 1)
    assert lab.run(POD, f"{CURL} http://example-nodeport:30080/").code == REFUSED
    assert lab.run(OUTSIDE, f"{CURL} http://10.240.0.4:30081/").code == REFUSED


def test_an_external_ip_is_served_by_its_own_node_alone(lab: RunningLab):
    assert names(lab, OUTSIDE, "10.240.0.5:8088", 1)[0].startswith("example-app-")
    assert lab.run(OUTSIDE, f"{CURL} http://10.240.0.4:8088/").code == REFUSED


@pytest.mark.parametrize("host", [OUTSIDE, POD, *NODES])
def test_an_external_ip_that_is_nobodys_own_is_served_where_it_is_routed_to_a_node(lab: RunningLab, host: str):
    assert names(lab, host, "192.0.2.10:8088", 1)[0].startswith("example-app-")
    assert lab.run(host, f"{CURL} http://192.0.2.10:8089/").code == REFUSED


@pytest.mark.parametrize("host", [OUTSIDE, POD, "node-1"])
def test_a_load_balancers_address_leads_to_the_service(lab: RunningLab, host: str):
    assert names(lab, host, "203.0.113.10:8080", 1)[0].startswith("example-app-")


def test_a_service_without_selector_leads_where_its_endpoints_say(lab: RunningLab):
    assert set(names(lab, POD, "example-none-selector", 2)) == {"host-10-0-1-101", "host-10-0-1-102"}


def test_datagrams_pass_through_cluster_ip_and_node_port(lab: RunningLab):
    assert lab.output(POD, datagram(vip(lab, "echo"), 7)) == "b'hello'"
    assert lab.output(OUTSIDE, datagram("10.240.0.4", 30007)) == "b'hello'"
    assert lab.output("node-2", datagram("127.0.0.1", 30007)) == "b'hello'"


def test_the_containers_of_a_pod_share_its_address_and_localhost(lab: RunningLab):
    assert names(lab, POD, "echo:7", 1) == ["two-containers"]
    assert names(lab, "default.two-containers", "127.0.0.1:9000", 1) == ["two-containers"]
    assert lab.output("default.two-containers", datagram("127.0.0.1", 7)) == "b'hello'"


def test_a_pod_in_the_hosts_network_has_its_nodes_address(lab: RunningLab):
    answer = json.loads(lab.output(POD, f"{CURL} http://on-the-node/"))
    assert (answer["pod"], answer["addresses"]) == ("on-the-node", ["10.240.0.5"])


def test_a_pod_has_the_service_variables(lab: RunningLab):
    variables = json.loads(lab.output(POD, f"{CURL} http://web/env"))
    assert variables["WEB_SERVICE_HOST"] == vip(lab, "web")
    assert variables["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"


def test_the_outside_does_not_know_the_clusters_names(lab: RunningLab):
    assert lab.output(OUTSIDE, f"{DIG} external.example.com.") == "198.51.100.80"
    assert lab.output(OUTSIDE, f"{DIG} web.{SUFFIX}.") == ""
