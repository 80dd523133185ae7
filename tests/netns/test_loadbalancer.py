"""Three nodes, a load balancer in front of them, and an outside: whom each Service answers, refuses and ignores."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.files import put

from .conftest import wait_for_nodes, why_impossible
from .labs import HURRIED, RunningLab, get, health_check, met_with_silence, send

MANIFEST = Path(__file__).with_name("balanced") / "cluster.yaml"
HELD, LOAD = (Path(__file__).with_name(name) for name in ("held.py", "load.py"))
THREADS = 4  # of the load
POD, POD_2, OUTSIDE, STRANGER = "client", "default.web-2", "outside", "external.example.com"
LB = "lb.example.com"
LB_LOG = f"/run/lab/log/{LB}"

WEB, LIMITED, HERE, NOBODY, STICKY = (f"203.0.113.{number}" for number in range(20, 25))
NODE_1, NODE_2, NODE_3 = (f"10.240.0.{number}" for number in range(1, 4))
HERE_CLUSTER_IP, NOBODY_CLUSTER_IP = "10.96.0.22", "10.96.0.23"

RANGES = "  loadBalancerSourceRanges: [10.244.2.0/24, 198.51.100.10/32]\n"

pytestmark = pytest.mark.xdist_group("load balancer")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("balanced") / "cluster.yaml"
    path.write_text(MANIFEST.read_text())
    return path


@pytest.fixture(scope="module")
def lab(manifest: Path) -> Iterator[RunningLab]:
    if reason := why_impossible():
        pytest.skip(reason)
    with RunningLab([manifest], "me") as running:
        wait_for_nodes(running, LB, *((node, 10256) for node in (NODE_1, NODE_2, NODE_3)), (NODE_2, 31000))
        yield running


TABLE = [
    # With endpoints on node-2 alone and externalTrafficPolicy Local, a node without them is silent towards the outside,
    (OUTSIDE, NODE_2, 30082, "answered"),
    (OUTSIDE, NODE_1, 30082, "timed out"),
    (OUTSIDE, NODE_3, 30082, "timed out"),
    (OUTSIDE, NODE_1, 8082, "timed out"),
    # another node is the outside,
    ("node-3", NODE_1, 30082, "timed out"),
    # and whoever is inside is sent to the whole cluster's endpoints: pods, of other nodes as well, and the node itself.
    (POD, NODE_1, 30082, "answered"),
    (POD, NODE_1, 8082, "answered"),
    (POD_2, NODE_1, 30082, "answered"),
    ("node-1", NODE_1, 30082, "answered"),
    ("node-1", "127.0.0.1", 30082, "answered"),
    ("node-1", HERE, 80, "answered"),
    (POD, HERE, 80, "answered"),
    # The load balancer finds the node that has them.
    (OUTSIDE, HERE, 80, "answered"),
    # internalTrafficPolicy Local is silent towards everybody on a node without endpoints.
    (POD_2, HERE_CLUSTER_IP, 80, "answered"),
    ("node-2", HERE_CLUSTER_IP, 80, "answered"),
    (POD, HERE_CLUSTER_IP, 80, "timed out"),
    ("node-1", HERE_CLUSTER_IP, 80, "timed out"),
    # Without endpoints anywhere everybody is refused, whatever the policies say.
    (OUTSIDE, NODE_1, 30083, "refused"),
    (POD, NODE_1, 30083, "refused"),
    (POD, NOBODY_CLUSTER_IP, 80, "refused"),
    ("node-1", NOBODY_CLUSTER_IP, 80, "refused"),
    (POD, NOBODY, 80, "refused"),
    (OUTSIDE, NOBODY, 80, "refused"),
    # loadBalancerSourceRanges hold for the load balancer's address, on the load balancer and on the nodes,
    (OUTSIDE, LIMITED, 80, "answered"),
    (STRANGER, LIMITED, 80, "timed out"),
    (POD_2, LIMITED, 80, "answered"),
    (POD, LIMITED, 80, "timed out"),
    ("node-1", LIMITED, 80, "timed out"),
    # and not for nodePorts.
    (STRANGER, NODE_1, 30081, "answered"),
    (POD, NODE_1, 30081, "answered"),
    (STRANGER, WEB, 80, "answered"),
]
HEARD = [row for row in TABLE if row[3] != "timed out"]
NOT_HEARD = [row[:3] for row in TABLE if row[3] == "timed out"]


@pytest.mark.parametrize(("host", "address", "port", "expected"), HEARD)
def test_connections(lab: RunningLab, host: str, address: str, port: int, expected: str):
    assert get(lab, host, f"{address}:{port}") == expected


@pytest.mark.parametrize(("host", "address", "port", "expected"), HEARD)
def test_datagrams(lab: RunningLab, host: str, address: str, port: int, expected: str):
    assert send(lab, host, address, port) == expected


def test_whoever_has_no_business_there_hears_nothing(lab: RunningLab):
    assert met_with_silence(lab, NOT_HEARD) == {row: {"timed out"} for row in NOT_HEARD}


def test_the_nodes_learn_the_address_that_the_load_balancer_gave(lab: RunningLab):
    addresses = json.loads(lab.output(POD, "cat /run/lab/state/load-balancers/addresses.json"))
    assert addresses["default/web"] == [WEB]
    assert get(lab, POD, WEB) == "answered"  # on the node itself: nothing of it passes the load balancer


def test_connections_are_spread_over_the_nodes_and_their_pods(lab: RunningLab):
    code = f"for i in $(seq 12); do curl -sS --max-time 5 http://{WEB}/hostname; done"
    assert set(lab.output(OUTSIDE, code).split()) == {"web-2", "web-3"}


def test_a_client_with_affinity_keeps_its_pod(lab: RunningLab):
    code = f"for i in $(seq 6); do curl -sS --max-time 5 http://{STICKY}/hostname; done"
    for host in (OUTSIDE, POD):  # through the load balancer, and on the node itself
        assert len(set(lab.output(host, code).split())) == 1


def test_events_are_told_in_the_cloud_providers_words(lab: RunningLab):
    log = lab.output(POD, f"cat {LB_LOG}")
    assert '"EnsuringLoadBalancer" object="service/default/web" message="Ensuring load balancer"' in log
    assert '"EnsuredLoadBalancer" object="service/default/web" message="Ensured load balancer"' in log
    assert '"SyncLoadBalancerFailed" object="service/default/without-node-ports"' in log


@pytest.mark.parametrize(
    ("address", "port", "code", "endpoints"),
    [(NODE_1, 31000, "503", 0), (NODE_2, 31000, "200", 1), (NODE_3, 31000, "503", 0), (NODE_2, 31001, "503", 0)],
)
def test_health_check_node_ports(lab: RunningLab, address: str, port: int, code: str, endpoints: int):
    status, body = health_check(lab, LB, f"{address}:{port}/any/path")
    assert (status, body["localEndpoints"], body["serviceProxyHealthy"]) == (code, endpoints, True)


def test_the_health_of_a_nodes_proxy(lab: RunningLab):
    for path, eligible in (("/healthz", {"nodeEligible": True}), ("/livez", {})):
        status, body = health_check(lab, LB, f"{NODE_1}:10256{path}")
        assert status == "200"
        assert body == body | eligible | {"healthy": True}
        assert body["status"].keys() == {"IPv4"}  # type: ignore[attr-defined]


def reaches_limited(host_is: str) -> str:
    return f"{host_is} curl -s --max-time {HURRIED} -o /dev/null http://{LIMITED}/"


def test_source_ranges_follow_the_service_and_cut_nobody(lab: RunningLab, manifest: Path):
    before = manifest.read_text()
    answers, go = "/run/lab/answers", "/run/lab/go"
    lab.run(OUTSIDE, f"{sys.executable} -IS {HELD} {LIMITED} {answers} {go} >/dev/null 2>&1 &")
    lab.until(OUTSIDE, f"test -s {answers}")
    put(manifest, before.replace("198.51.100.10/32", "198.51.100.80/32"))
    lab.until(STRANGER, reaches_limited(""))
    assert get(lab, OUTSIDE, LIMITED, seconds=HURRIED) == "timed out"
    lab.run(OUTSIDE, f"touch {go}")
    lab.until(OUTSIDE, f"test $(wc -l < {answers}) = 2")  # over the connection that it had
    put(manifest, before.replace(RANGES, ""))
    lab.until(POD, reaches_limited(""))
    lab.until(OUTSIDE, reaches_limited(""))
    put(manifest, before)
    lab.until(STRANGER, reaches_limited("!"))


class Load:
    """Connections from outside to a Service, while things happen to the nodes."""

    notes, stop = "/run/lab/load", "/run/lab/stop"

    def __init__(self, lab: RunningLab, address: str) -> None:
        self.lab = lab
        self._lines = 0
        lab.run(OUTSIDE, f"{sys.executable} -IS {LOAD} {address} {self.notes} {self.stop} >/dev/null 2>&1 &")
        self.more(50)

    def more(self, count: int) -> None:
        """Wait for so many more connections."""
        self.lab.until(OUTSIDE, f"test $(wc -l < {self.notes}) -ge $(({self._now()} + {count}))")

    def _now(self) -> int:
        return int(self.lab.output(OUTSIDE, f"touch {self.notes}; wc -l < {self.notes}"))

    def ended(self) -> list[tuple[float, float, str]]:
        """When each connection ended, how long it took, and who answered."""
        rows = [line.split() for line in self.lab.output(OUTSIDE, f"touch {self.stop}; cat {self.notes}").splitlines()]
        return [(float(end), float(seconds), pod) for end, seconds, pod in rows]


def now(lab: RunningLab) -> float:
    return float(lab.output(OUTSIDE, "date +%s.%N"))


def left_out_at(lab: RunningLab, node: str) -> float:
    """Wait until the load balancer leaves the node out; when that was."""
    lab.until(LB, f"grep -q 'node is unhealthy. node=.{node}' {LB_LOG}")
    return now(lab)


# Whoever listens where the node tells how it is.
AGENT = "ss -Hltnp 'sport = :10256' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u"
KILL_AGENT = f"kill -9 $({AGENT})"


def test_an_agent_that_dies_is_started_again(lab: RunningLab):
    before = lab.output("node-3", AGENT)
    lab.output("node-3", KILL_AGENT)
    lab.until("node-3", f'after=$({AGENT}); test -n "$after" -a "$after" != {before}')
    lab.until(OUTSIDE, f"curl -sS --max-time 5 -o /dev/null http://{NODE_3}:30080/")


def test_a_node_that_fails_costs_no_connection_once_it_is_left_out(
    manifest: Path, record_property: Callable[[str, object], None]
):
    if reason := why_impossible():
        pytest.skip(reason)
    with RunningLab([manifest], "me") as lab:
        wait_for_nodes(lab, LB, *((node, 10256) for node in (NODE_1, NODE_2, NODE_3)))
        load = Load(lab, WEB)
        silent_from = now(lab)
        lab.play("node", "down", "node-1")
        with lab.without_restarts():
            refused_from = now(lab)
            lab.output("node-3", KILL_AGENT)  # the node is there, and its ports refuse
            refused_until = left_out_at(lab, "node-3")
            silent_until = left_out_at(lab, "node-1")
            load.more(50)
            ended = load.ended()
    # Two checks that are 2 s apart; each takes up to 3 s where nobody refuses. And what a busy machine needs besides.
    assert refused_until - refused_from < 4 + 5
    assert silent_until - silent_from < 10 + 5
    begun = [(end - seconds, pod) for end, seconds, pod in ended]
    calm = [pod for at, pod in begun if at > max(silent_until, refused_until)]
    assert len(calm) >= 50 - THREADS
    assert set(calm) == {"web-2", "web-3"}
    failures = sum(pod == "-" for _, pod in begun)
    record_property("connections", len(ended))
    record_property("failures", failures)
    record_property("seconds of silence", silent_until - silent_from)
    record_property("slowest seconds", max(seconds for _, seconds, _ in ended))
    assert failures <= 2 * THREADS  # those that a node was relaying when it failed
