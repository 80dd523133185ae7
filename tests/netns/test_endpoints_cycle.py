"""Pods that are replaced while clients outside keep asking through the load balancer: nobody notices."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import put

from .conftest import why_impossible
from .labs import RunningLab

LOAD = Path(__file__).with_name("load.py")
OUTSIDE = "outside"
ADDRESSES = {"Cluster": "203.0.113.20", "Local": "203.0.113.21"}
STATES = {
    "ready": ("", "True"),
    "terminating": ('  deletionTimestamp: "2026-01-01T00:00:00Z"\n  deletionGracePeriodSeconds: 30\n', "True"),
    "unready": ("", "False"),
}
pytestmark = pytest.mark.xdist_group("cycling")
OLD, NEW = ("old-1", "old-2"), ("new-1", "new-2")

NODE = """\
apiVersion: v1
kind: Node
metadata: {{name: node-{0}}}
spec: {{podCIDR: 10.244.{0}.0/24}}
status: {{addresses: [{{type: InternalIP, address: 10.240.0.{0}}}]}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  type: LoadBalancer
  loadBalancerIP: {address}
  externalTrafficPolicy: {policy}
  selector: {{app: web}}
  ports:
    - {{name: http, port: 80}}
    - {{name: datagrams, port: 80, protocol: UDP}}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{app: web}}
{deletion}spec:
  nodeName: node-{node}
  containers: [{{name: app, image: clusterless, ports: [{{containerPort: 80}}, {{containerPort: 80, protocol: UDP}}]}}]
status:
  podIP: 10.244.{node}.{number}
  conditions: [{{type: Ready, status: "{ready}"}}]
"""
# One socket for all datagrams; a line for each answer, `-` for none.
SENDER = """
import pathlib, socket, time
s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(5); s.connect(("{address}", 80))
end = time.monotonic() + 120
with open("{notes}", "w", buffering=1) as out:
    while not pathlib.Path("{stop}").exists() and time.monotonic() < end:
        s.send(b"question")
        try:
            out.write(s.recv(100).decode() + "\\n")
        except OSError:
            out.write("-\\n")
        time.sleep(0.01)
"""


class Cluster:
    """A lab, whose pods are in the state that was said last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show(dict.fromkeys(OLD, "ready"))

    def show(self, states: dict[str, str]) -> None:
        """The pods' states; those that are not named are not ready."""
        services = [SERVICE.format(name=policy.lower(), policy=policy, address=ip) for policy, ip in ADDRESSES.items()]
        pods = [_pod(name, states.get(name, "unready")) for name in (*OLD, *NEW)]
        put(self.path, "---\n".join([*(NODE.format(number) for number in (1, 2)), *services, *pods]))


def _pod(name: str, state: str) -> str:
    deletion, ready = STATES[state]
    kind, node = name.split("-")
    number = 11 if kind == "old" else 12
    return POD.format(name=name, node=node, number=number, deletion=deletion, ready=ready)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster(tmp_path_factory.mktemp("cycling") / "cluster.yaml")


@pytest.fixture(scope="module")
def lab(cluster: Cluster) -> Iterator[RunningLab]:
    if reason := why_impossible():
        pytest.skip(reason)
    with RunningLab([cluster.path], "me") as running:
        yield running


@pytest.fixture
def notes() -> str:
    """Where the load of one test is noted."""
    return f"/run/lab/cycling-{next(_NUMBERS)}"


_NUMBERS = itertools.count()


def more(lab: RunningLab, notes: str, count: int) -> None:
    """Wait for so many more lines."""
    now = int(lab.output(OUTSIDE, f"touch {notes}; wc -l < {notes}"))
    lab.until(OUTSIDE, f"test $(wc -l < {notes}) -ge {now + count}")


def until_served_by(lab: RunningLab, policy: str, *pods: str) -> None:
    """Wait until these pods and no others answer at all nodes, which the load balancer takes in turn."""
    asked = f"for i in 1 2 3 4; do curl -s --max-time 1 http://{ADDRESSES[policy]}/hostname; done | sort -u"
    lab.until(OUTSIDE, f'test "$(echo $({asked}))" = "{" ".join(pods)}"')


def answered(lab: RunningLab, notes: str) -> list[str]:
    """Who answered the connections, in the order in which they began: an answer may come later than others' do."""
    rows = map(str.split, lab.output(OUTSIDE, f"touch {notes}.stop; cat {notes}").splitlines())
    return [pod for _, pod in sorted((float(end) - float(seconds), pod) for end, seconds, pod in rows)]


@pytest.mark.upstream(
    "loadbalancer.go: should not have connectivity disruption during rolling update with externalTrafficPolicy=Cluster",
    "loadbalancer.go: should not have connectivity disruption during rolling update with externalTrafficPolicy=Local",
)
@pytest.mark.parametrize("policy", ADDRESSES)
def test_a_rolling_update_fails_no_connection(lab: RunningLab, cluster: Cluster, notes: str, policy: str):
    states = dict.fromkeys(OLD, "ready")
    cluster.show(states)
    until_served_by(lab, policy, *OLD)
    lab.run(OUTSIDE, f"{sys.executable} -IS {LOAD} {ADDRESSES[policy]} {notes} {notes}.stop >/dev/null 2>&1 &")
    more(lab, notes, 20)
    for old, new in zip(OLD, NEW, strict=True):
        states[new] = "ready"
        cluster.show(states)
        lab.until(OUTSIDE, f"tail -n 40 {notes} | grep -q {new}")
        states[old] = "terminating"
        cluster.show(states)
        lab.until(OUTSIDE, f"! tail -n 40 {notes} | grep -q {old}")
        del states[old]
        cluster.show(states)
        more(lab, notes, 20)
    answers = answered(lab, notes)
    assert "-" not in answers
    assert set(answers) == {*OLD, *NEW}
    assert set(answers[-20:]) <= set(NEW)


def datagrams_at(lab: RunningLab, pod: str) -> int:
    """How many datagrams have come to a pod."""
    return int(lab.output(f"default.{pod}", "grep '^Udp: [0-9]' /proc/net/snmp").split()[1])


@pytest.mark.upstream(
    "loadbalancer.go: should be able to preserve UDP traffic when server pod cycles for a LoadBalancer service on different nodes",  # noqa: E501
    "loadbalancer.go: should be able to preserve UDP traffic when server pod cycles for a LoadBalancer service on the same nodes",  # noqa: E501
)
@pytest.mark.parametrize(("old", "new"), [("old-1", "new-2"), ("old-1", "new-1")], ids=["other node", "same node"])
def test_when_the_pod_of_a_load_balancer_cycles_one_socket_reaches_the_next(
    lab: RunningLab, cluster: Cluster, notes: str, old: str, new: str
):
    cluster.show({old: "ready"})
    until_served_by(lab, "Cluster", old)
    code = SENDER.format(address=ADDRESSES["Cluster"], notes=notes, stop=f"{notes}.stop")
    lab.run(OUTSIDE, f"cat > {notes}.py <<'END'\n{code}\nEND\n{sys.executable} -IS {notes}.py >/dev/null 2>&1 &")
    more(lab, notes, 10)
    before = datagrams_at(lab, new)
    cluster.show({new: "ready"})
    lab.until(f"default.{new}", f"test $(grep '^Udp: [0-9]' /proc/net/snmp | cut -d' ' -f2) -gt {before + 10}")
    left = datagrams_at(lab, old)
    more(lab, notes, 20)
    assert datagrams_at(lab, old) == left
    lines = lab.output(OUTSIDE, f"touch {notes}.stop; cat {notes}").split()
    assert lines.count("-") <= 1  # at most the datagram that was under way when the endpoint went
    assert lines[-20:] == ["question"] * 20
