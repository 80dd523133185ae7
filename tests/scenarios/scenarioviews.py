"""What is to be seen of a cluster, as the text that a scenario file expects."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from clusterless.checking.check import services_table
from clusterless.kubectl.printers.tabs import Columns
from controlplane.objects import Endpoint, EndpointSlice
from controlplane.podstatus import is_ready, pod_addresses
from controlplane.problems import render
from dns.answer import answer
from dns.config import configure, stock_corefile
from dns.model import Follow, NotOurs, Query, Rcode, Record, RecordType, Reply, Soa, Srv
from dns.names import from_text, to_text
from dns.plugins.kubernetes import Kubernetes
from dns.records import ClusterRecords, RecordOptions
from proxy.model import Endpoint as ProxyEndpoint
from proxy.model import Frontend, FrontendKind

from .scenariocluster import Cluster
from .scenariofile import Expectation, ScenarioError

_KINDS = tuple(FrontendKind)


def view(cluster: Cluster, expectation: Expectation) -> list[str]:
    """The lines that there are, where the expectation has those that should be."""
    match expectation.what:
        case "problems":
            return "\n".join(render(cluster.snapshot.problems)).splitlines()
        case "services":
            services = cluster.services(expectation)
            return services_table(cluster.snapshot, services) if services else []
        case "frontends":
            return _frontends(cluster, expectation)
        case "slices":
            return _slices(cluster, expectation)
        case "pods":
            return _pods(cluster)
        case _:
            return _answers(cluster, expectation)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], required: int) -> list[str]:
    """A table without the columns, after the required ones, that hold nothing; no table without rows."""
    if not rows:
        return []
    columns = [c for c in range(len(heading)) if c < required or any(row[c] for row in rows)]
    cells = [[row[c] or "-" for c in columns] for row in rows]
    return Columns().lines([[heading[c] for c in columns], *cells])


def _frontends(cluster: Cluster, expectation: Expectation) -> list[str]:
    merged, desired = cluster.frontends(expectation.node)
    keys = {service.key for service in cluster.services(expectation)}
    shown = [
        desired.frontends.get(key, frontend)
        for key, frontend in merged.frontends.items()
        if frontend.service[:2] in keys
    ]
    rows = [
        (
            frontend.key.address,
            f"{frontend.key.port}/{frontend.key.protocol}",
            frontend.kind.value,
            str(frontend.service),
            _side(frontend, frontend.internal),
            "same" if frontend.external == frontend.internal else _side(frontend, frontend.external),
            f"{frontend.affinity_seconds}s" if frontend.affinity_seconds else "",
            ",".join(frontend.source_ranges),
            str(desired.elsewhere[frontend.key].message) if frontend.key in desired.elsewhere else "",
        )
        for frontend in sorted(shown, key=_place)
    ]
    heading = ("ADDRESS", "PORT", "KIND", "SERVICE", "INTERNAL", "EXTERNAL", "AFFINITY", "SOURCES", "NOT-SERVED")
    conflicts = [f"conflict: {c.message}" for c in merged.conflicts if keys & {c.winner[:2], c.loser[:2]}]
    loops = [f"loop: {loop.service} -> {loop.endpoint}" for loop in desired.loops if loop.service[:2] in keys]
    return [*_table(heading, rows, 6), *conflicts, *loops]


def _place(frontend: Frontend) -> tuple[object, ...]:
    number = ip_address(frontend.key.address)
    return frontend.service, _KINDS.index(frontend.kind), number.version, number, frontend.key.port


def _side(frontend: Frontend, endpoints: Iterable[ProxyEndpoint]) -> str:
    return ",".join(map(str, endpoints)) or frontend.verdict.value


def _slices(cluster: Cluster, expectation: Expectation) -> list[str]:
    wanted = sorted({service.key for service in cluster.services(expectation)})
    pieces = [(key.name, piece) for key in wanted for piece in cluster.snapshot.slices_of(key)]
    rows = sorted(
        (name, piece.address_type, _slice_ports(piece), *_endpoint(e))
        for name, piece in pieces
        for e in piece.endpoints
    )
    empty = [
        (name, piece.address_type, _slice_ports(piece), "", "", "", "", "")
        for name, piece in pieces
        if not piece.endpoints
    ]
    heading = ("SERVICE", "TYPE", "PORTS", "ENDPOINT", "CONDITIONS", "NODE", "HOSTNAME", "HINTS")
    return _table(heading, sorted([*rows, *empty]), 5)


def _slice_ports(piece: EndpointSlice) -> str:
    return ",".join(f"{port.name}:{port.port}/{port.protocol}" for port in piece.ports) or "-"


def _endpoint(endpoint: Endpoint) -> tuple[str, str, str, str, str]:
    conditions = endpoint.conditions
    said = {"ready": conditions.ready, "serving": conditions.serving, "terminating": conditions.terminating}
    hints = endpoint.hints
    hinted = [hint.name for hint in (*hints.for_nodes, *hints.for_zones)] if hints else []
    return (
        endpoint.addresses[0],
        ",".join(name for name, value in said.items() if value) or ("none" if False in said.values() else "unset"),
        endpoint.node_name or "",
        endpoint.hostname or "",
        ",".join(hinted),
    )


def _pods(cluster: Cluster) -> list[str]:
    rows = [
        (
            pod.metadata.namespace,
            pod.metadata.name,
            "ready" if is_ready(pod) else "unready",
            pod.status.phase,
            ",".join(map(str, pod_addresses(pod))) or "<none>",
            pod.spec.node_name or "<none>",
        )
        for pod in cluster.snapshot.pods.values()
    ]
    return _table(("NAMESPACE", "NAME", "READY", "STATUS", "IP", "NODE"), rows, 6)


def _answers(cluster: Cluster, expectation: Expectation) -> list[str]:
    """The answers to the questions that the expectation holds: its lines with an arrow."""
    questions = [line.partition("->")[0].split() for line in expectation.lines if "->" in line]
    if not questions:
        raise ScenarioError(f"line {expectation.line}: no question, `NAME TYPE -> RCODE`")
    records = ClusterRecords.of(cluster.snapshot, _record_options(cluster))
    return [line for question in questions for line in _answer(records, question)]


def _record_options(cluster: Cluster) -> RecordOptions:
    """Those of the stock Corefile, for a server on the scenario's own node."""
    config, _ = configure(stock_corefile(cluster.options.cluster_domain))
    assert config is not None
    settings = config.servers[0].get(Kubernetes)
    assert settings is not None
    options = settings.options
    return type(options)(
        zones=options.zones,
        ttl=options.ttl,
        pods=options.pods,
        fallthrough=options.fallthrough,
        local_addresses=cluster.addresses(cluster.options.hostname),
    )


def _answer(records: ClusterRecords, question: Sequence[str]) -> list[str]:
    if len(question) != 2 or question[1] not in RecordType.__members__:
        raise ScenarioError(f"a question is `NAME TYPE`, not {' '.join(question)!r}")
    name, qtype = question
    asked = f"{name} {qtype} ->"
    match answer(records, Query(id=1, qname=from_text(name), qtype=RecordType[qtype])):
        case NotOurs():
            return [f"{asked} FORWARDED"]
        case Follow(reply, target):
            return [f"{asked} FOLLOWED to {to_text(target)}", *map(_record, reply.answer)]
        case Reply() as reply:
            return [f"{asked} {Rcode(reply.rcode).name}", *map(_record, reply.answer)]
    raise AssertionError("an answer is one of the three")


def _record(record: Record) -> str:
    return f"  {to_text(record.name)} {record.ttl} IN {RecordType(record.type).name} {_data(record)}"


def _data(record: Record) -> str:
    match record.data:
        case str(address):
            return address
        case Srv(priority, weight, port, target):
            return f"{priority} {weight} {port} {to_text(target)}"
        case Soa() as soa:
            return " ".join([to_text(soa.mname), to_text(soa.rname), *map(str, soa[2:])])
        case strings if record.type == RecordType.TXT:
            return " ".join(f'"{each}"' for each in strings)
        case name:
            return to_text(name)
