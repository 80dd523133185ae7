"""What `clusterless explain` says in a scenario, and whether it says what is expected.

=== explain web:80 from external on node-1 in shop udp     the question; all but the target may be left out
given open web 10.244.1.11:8080 40          what a running agent would know: open connections of a Service's endpoint
given opened web 10.244.1.11:8080 40        and those that it ever got
given pin web 10.244.9.9 10.244.1.11:8080 600
findings: no-endpoints pods-not-ready       all of them, in any order; `none` where there are none
✗ outcome  refused at once ...              lines of the output, in their order; more may stand between them
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clusterless.explain.answering import Answer, Words, answer
from clusterless.explain.places import documents_of, position_of
from clusterless.explain.text import lines_of, printed
from clusterless.explain.world import Facts, World
from controlplane.objects import Protocol
from dns.config import configure, stock_corefile
from dns.plugins.forward import Upstream
from proxy.model import Endpoint, FrontendKey, FrontendStatus, ServicePortName

from .scenariocluster import Cluster
from .scenariofile import Expectation, ScenarioError

_UPSTREAM = Upstream("192.0.2.53")
_GIVEN = "given "
_UNWRAPPED = 10_000
_FINDINGS = "findings:"


class GivenLive(NamedTuple):
    """What the `given` lines say a running agent knows."""

    connections: Mapping[str, Mapping[Endpoint, int]]
    opened: Mapping[str, Mapping[Endpoint, int]]
    pins: Mapping[str, Mapping[str, tuple[Endpoint, float]]]

    def status_of(self, key: FrontendKey) -> FrontendStatus | None:
        return None

    def resets(self, key: FrontendKey) -> bool:
        return False

    def connections_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        return self.connections.get(service.name, {})

    def opened_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        return self.opened.get(service.name, {})

    def pins_of(self, service: ServicePortName, timeout: float) -> Mapping[str, tuple[Endpoint, float]]:
        return self.pins.get(service.name, {})


def explained(cluster: Cluster, expectation: Expectation) -> Answer:
    """The answer to the question in the section's heading."""
    config, _ = configure(stock_corefile(cluster.options.cluster_domain))
    assert config is not None
    documents = documents_of(cluster.documents)
    facts = Facts(
        snapshot=cluster.snapshot,
        options=cluster.proxy_options,
        dns=config,
        node=cluster.options.hostname,
        read_upstreams=lambda _path: (_UPSTREAM,),
        live=_live(cluster, [line for line in expectation.lines if line.startswith(_GIVEN)]),
        place=lambda kind, key, path: position_of(documents.get((kind, key)), path),
    )
    return answer(World(facts), _words(expectation))


def _words(expectation: Expectation) -> Words:
    target, *rest = expectation.services
    options: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        options[word] = "yes" if word in ("udp", "ping") else rest.pop(0) if rest else ""
    if unknown := options.keys() - {"from", "on", "in", "udp", "ping"}:
        raise ScenarioError(f"line {expectation.line}: explain does not take: {' '.join(sorted(unknown))}")
    return Words(
        target=target,
        source=options.get("from", ""),
        node=options.get("on", ""),
        namespace=options.get("in", "default"),
        protocol=Protocol.UDP if "udp" in options else Protocol.TCP,
        is_ping="ping" in options,
    )


def _live(cluster: Cluster, lines: Sequence[str]) -> GivenLive | None:
    if not lines:
        return None
    counts: dict[str, dict[str, dict[Endpoint, int]]] = {"open": {}, "opened": {}}
    pins: dict[str, dict[str, tuple[Endpoint, float]]] = {}
    for line in lines:
        match line.removeprefix(_GIVEN).split():
            case ["open" | "opened" as what, service, endpoint, number]:
                counts[what].setdefault(service, {})[_endpoint(cluster, endpoint)] = int(number)
            case ["pin", service, client, endpoint, seconds]:
                pins.setdefault(service, {})[client] = (_endpoint(cluster, endpoint), float(seconds))
            case _:
                raise ScenarioError(f"nothing can be given so: {line}")
    return GivenLive(counts["open"], counts["opened"], pins)


def _endpoint(cluster: Cluster, text: str) -> Endpoint:
    """The endpoint at an address and port, on the node that its pod is on."""
    address, _, port = text.rpartition(":")
    pods = cluster.snapshot.pods.values()
    node = next((pod.spec.node_name for pod in pods if pod.status.pod_ip == address), "")
    return Endpoint(address, int(port), node)


def explain_difference(cluster: Cluster, expectation: Expectation) -> str:
    """What is expected and not said, with all that is said; `""` if nothing is missing."""
    answered = explained(cluster, expectation)
    said = printed(lines_of(answered, _UNWRAPPED), colours=False).splitlines()
    found = {each.id.value for each in answered.findings}
    missing = [text for line in expectation.lines if (text := _wrong_findings(line, found))]
    rest = iter(map(_bare, said))
    expected = [line for line in expectation.lines if not line.startswith((_GIVEN, _FINDINGS))]
    missing += [f"not said, or not there: {line}" for line in expected if not any(_bare(line) == each for each in rest)]
    if not missing:
        return ""
    heading = f"explain {' '.join(expectation.services)}, line {expectation.line}"
    return "\n".join([heading, *missing, "this is said:", f"findings: {' '.join(sorted(found))}", *said])


def _wrong_findings(line: str, found: set[str]) -> str:
    if not line.startswith(_FINDINGS):
        return ""
    expected = set(line.removeprefix(_FINDINGS).split()) - {"none"}
    return "" if expected == found else f"findings expected: {' '.join(sorted(expected)) or 'none'}"


def _bare(line: str) -> str:
    return " ".join(line.split())
