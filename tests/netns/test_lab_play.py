"""What users do to a running lab from other terminals, and what its Services make of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import put

from .conftest import why_impossible
from .playedlab import PlayedLab, in_background, play

MANIFEST = Path(__file__).with_name("played") / "cluster.yaml"
POD, OUTSIDE = "client", "outside"
CURL = "curl -sS --max-time 10"
HURRIED = "curl -sS -o /dev/null --max-time 0.5"
TIMED_OUT = 28  # curl's exit code
DIG = "dig +short +search +tries=1 +time=10"
NODES = ("node-1", "node-2", "node-3")

pytestmark = pytest.mark.xdist_group("played lab")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("played")
    (path / "cluster.yaml").write_text(MANIFEST.read_text())
    return path


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[PlayedLab]:
    if reason := why_impossible():
        pytest.skip(reason)
    with in_background([folder], "--nodes", "3", "--node-monitor-grace-period", "0.5") as running:
        yield running


def edit(folder: Path, before: str, after: str) -> None:
    path = folder / "cluster.yaml"
    text = path.read_text()
    assert before in text
    put(path, text.replace(before, after))


def of(pods: dict[str, tuple[str, ...]], workload: str) -> list[str]:
    return sorted(name for name in pods if name.startswith(f"{workload}-"))


def addresses(count: int, name: str) -> str:
    """A command that says whether a name has so many addresses."""
    return f"test $({DIG} {name} | wc -l) -eq {count} && echo yes"


def endpoints(count: int) -> str:
    """A command that says how many different pods answer for `web`, asked often enough to meet each."""
    return f"for i in $(seq {2 * count + 2}); do {CURL} http://web/hostname; echo; done | sort -u | grep -c ^web-"


def test_a_lab_is_found_by_its_name_and_by_no_other(lab: PlayedLab):
    assert lab.name in play("list").stdout.split()
    missed = play("status", "--name", "nobody")
    assert (missed.returncode, missed.stderr.partition(";")[0]) == (1, 'error: no lab named "nobody" runs')
    again = play("-f", str(MANIFEST), "--name", lab.name, "--", "true")
    assert (again.returncode, again.stderr.partition(":")[2][:40]) == (1, f' a lab named "{lab.name}" runs alr'[:40])


def test_the_exit_code_of_exec_is_the_commands(lab: PlayedLab):
    done = play("exec", "--name", lab.name, "deploy/web", "--", "sh", "-c", "hostname; exit 7")
    assert done.returncode == 7
    assert re.fullmatch(r"web-\S+\n", done.stdout)


def test_a_host_that_is_not_there_is_told_in_kubectls_words(lab: PlayedLab):
    done = play("exec", "--name", lab.name, "db-O", "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith('error: pods "db-O" not found; did you mean db-')


def test_a_pod_finds_its_names_its_aliases_and_its_variables(lab: PlayedLab):
    assert lab.output("alone", "hostname") == "solo.single.default.svc.cluster.local"
    assert lab.output("alone", "getent hosts printer.office").split() == ["192.0.2.7", "printer", "printer.office"]
    vip = lab.output(POD, f"{DIG} web")
    assert lab.output("alone", "echo $GREETING") == f"ask {vip}, pay $5"


def test_every_host_knows_an_agent_to_ask(lab: PlayedLab):
    for host in (POD, "node-2", OUTSIDE):
        assert lab.output(host, "clusterless get services -o name | grep web") == "service/web"


def test_a_pod_that_is_not_ready_leaves_the_service_and_comes_back(lab: PlayedLab):
    lab.until(POD, endpoints(2), "2")
    assert " is not ready" in lab.play("pod", "unready", "deploy/web")
    lab.until(POD, endpoints(2), "1")
    (held_back,) = (name for name, pod in lab.pods().items() if pod[0] == "no")
    assert lab.output(held_back, f"{CURL} http://127.0.0.1:8080/hostname") == held_back
    lab.play("pod", "ready", held_back)
    lab.until(POD, endpoints(2), "2")


PROGRAM = "ip netns pids default.db-2"


def test_a_pods_program_that_ends_is_started_again(lab: PlayedLab):
    ended = lab.output("node-1", PROGRAM)
    lab.output("node-1", f"kill -9 {ended}")
    lab.until(POD, f"{HURRIED} http://db-2.db/hostname && echo answered", "answered")
    lab.until(POD, addresses(3, "db"), "yes")
    started = lab.output("node-1", PROGRAM)
    assert started.isdigit()
    assert started != ended


def test_a_terminating_pod_of_a_statefulset_serves_on_until_it_is_gone(lab: PlayedLab):
    before = lab.pods()["db-1"]
    assert "serves for another 3600 s" in lab.play("pod", "terminate", "db-1")
    lab.until(POD, addresses(2, "db"), "yes")
    assert lab.pods()["db-1"][1] == "Terminating"
    assert lab.output(POD, f"{CURL} http://{before[2]}/hostname") == "db-1"
    lab.play("pod", "delete", "db-1")
    lab.until(POD, addresses(3, "db"), "yes")


def test_a_terminating_pod_of_a_deployment_is_replaced_at_once_and_gone_after_its_grace_period(lab: PlayedLab):
    first, second = of(lab.pods(), "web")
    lab.play("pod", "terminate", first, "--grace-period", "3600")
    assert set(of(lab.pods(), "web")) > {first, second}
    lab.until(POD, endpoints(2), "2")
    lab.play("pod", "delete", first)
    lab.play("pod", "terminate", second, "--grace-period", "0.1")
    lab.until("node-1", f"ls /run/netns | grep -c -e {first} -e {second}", "0")
    assert not {first, second} & lab.pods().keys()
    assert len(of(lab.pods(), "web")) == 2


def test_a_deleted_pod_comes_back_as_its_controller_has_it(lab: PlayedLab):
    before = lab.pods()
    deleted = [of(before, "web")[0], "db-0", of(before, "logs")[0]]
    for name in deleted:
        lab.play("pod", "delete", name)
    after = lab.pods()
    assert deleted[0] not in after
    assert len(of(after, "web")) == 2
    assert after["db-0"][2] != before["db-0"][2]
    lab.until(POD, f"{DIG} db-0.db", after["db-0"][2])
    assert deleted[2] not in after
    assert sorted(after[name][3] for name in of(after, "logs")) == list(NODES)


def test_a_deleted_pod_without_controller_stays_away_until_it_is_written_anew(lab: PlayedLab, folder: Path):
    lab.play("pod", "delete", "alone")
    assert "alone" not in lab.pods()
    path = folder / "cluster.yaml"
    text = path.read_text()
    put(path, text[: text.rindex("---")])
    lab.until(POD, "grep -c '\"deleted\":\\[.*default/alone' /run/lab/state/state.json", "0")
    put(path, text)
    lab.until("node-1", "ls /run/netns | grep alone", "default.alone")


def test_a_node_without_power_is_silent_then_not_ready_and_comes_back(lab: PlayedLab):
    address = lab.output(POD, f"{DIG} db-1.db")
    node = lab.pods()["db-1"][3]
    assert node != "node-1", "the client lives there"
    lab.play("node", "down", node)
    assert lab.run(POD, f"{HURRIED} http://{address}/").code == TIMED_OUT
    lab.until(POD, addresses(2, "db"), "yes")
    assert f"{node}   NotReady (down)" in lab.play("status")
    lab.until(POD, f"clusterless get node {node} | tail -n 1 | tr -s ' ' | cut -d' ' -f2", "NotReady")
    lab.play("node", "up", node)
    lab.until(POD, addresses(3, "db"), "yes")
    assert lab.output(POD, f"{CURL} http://db-1.db/hostname") == "db-1"
    lab.until(POD, f"clusterless get node {node} | tail -n 1 | tr -s ' ' | cut -d' ' -f2", "Ready")


# One answer, then silence while the partition lasts, then the answer to the same question over the same connection.
TALKS = """
import http.client, subprocess, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=10)
connection.request("GET", "/hostname")
print(connection.getresponse().read().decode().strip())
subprocess.run(["clusterless", "lab", "partition", "client", sys.argv[2]], check=True, stdout=subprocess.DEVNULL)
connection.request("GET", "/hostname")
connection.sock.settimeout(0.5)
try:
    connection.sock.recv(1)
except TimeoutError:
    print("silence")
subprocess.run(["clusterless", "lab", "heal"], check=True, stdout=subprocess.DEVNULL)
connection.sock.settimeout(10)
print(connection.getresponse().read().decode().strip())
"""


def test_an_open_connection_falls_silent_in_a_partition_and_goes_on_when_it_is_healed(lab: PlayedLab):
    address = lab.output(POD, f"{DIG} db-1.db")
    assert lab.output(POD, f"python3 -c '{TALKS}' {address} db-1").split() == ["db-1", "silence", "db-1"]


@pytest.mark.parametrize(
    ("one", "other", "host", "place"),
    [
        ("node-1", "node-2", "node-1", "10.240.0.2:10249"),
        ("node-1", "node-2", "node-2", "10.240.0.1:10249"),
        (OUTSIDE, "node-3", OUTSIDE, "10.240.0.3:10256"),
        (POD, OUTSIDE, POD, "external.example.com"),
    ],
)
def test_a_partition_is_silence_in_both_directions(lab: PlayedLab, one: str, other: str, host: str, place: str):
    command, code = (CURL, 0) if place == "external.example.com" else (HURRIED, TIMED_OUT)
    lab.play("partition", one, other)
    assert lab.run(host, f"{command} http://{place}/").code == code
    assert re.search(f"^{min(one, other)} +{max(one, other)}$", lab.play("status"), re.MULTILINE)
    lab.play("heal", one, other)
    assert lab.run(host, f"{CURL} -o /dev/null http://{place}/").code == 0


def test_manifests_are_followed_pod_by_pod_and_port_by_port(lab: PlayedLab, folder: Path):
    edit(folder, "replicas: 2", "replicas: 5")
    lab.until(POD, endpoints(5), "5")
    edit(folder, "8080", "8081")
    edit(folder, "replicas: 5", "replicas: 2")
    lab.until(POD, "ls /run/netns | grep -c default.web-", "2")
    lab.until(POD, endpoints(2), "2")
    assert lab.output("svc/web", f"{CURL} http://127.0.0.1:8081/hostname").startswith("web-")


def test_nodes_come_and_go(lab: PlayedLab, folder: Path):
    nodes = [f"apiVersion: v1\nkind: Node\nmetadata: {{name: node-{number}}}\n" for number in (1, 2, 3, 4)]
    put(folder / "nodes.yaml", "---\n".join(nodes))
    lab.until(OUTSIDE, f"{CURL} http://10.240.0.4:10256/healthz >/dev/null && echo yes", "yes")
    assert len(of(lab.pods(), "logs")) == 4
    put(folder / "nodes.yaml", "---\n".join(nodes[:2]))
    lab.until(POD, "ls /run/netns | grep -c node-", "2")
    lab.until(POD, addresses(3, "db"), "yes")
    assert {pod[3] for pod in lab.pods().values()} == {"node-1", "node-2"}
    lab.until(POD, endpoints(2), "2")


FLOATING = """
apiVersion: v1
kind: Service
metadata: {name: floating}
spec: {selector: {app: web}, externalIPs: [192.0.2.10], ports: [{port: 80, targetPort: 8081}]}
"""


def test_the_way_to_an_external_ip_that_is_nobodys_own_follows_the_first_node(lab: PlayedLab, folder: Path):
    """The last one: there is but one node left."""
    asked = f"{HURRIED} http://192.0.2.10/hostname && echo answered"
    put(folder / "floating.yaml", FLOATING)
    lab.until(OUTSIDE, asked, "answered")
    put(folder / "nodes.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: node-2}\n")
    lab.until(OUTSIDE, "ls /run/netns | grep node-", "node-2")
    lab.until(OUTSIDE, asked, "answered")
