"""`clusterless check`: says what the API server would say of manifests, and what the cluster would then look like."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from clusterless.explain.remarks import Remark, remarks
from clusterless.kubectl.printers.services import port_list
from clusterless.kubectl.printers.tabs import Columns
from clusterless.kubectl.printers.texts import NONE
from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.objects import EndpointSlice, Service
from controlplane.options import ClusterOptions
from controlplane.problems import render
from controlplane.snapshot import Snapshot

from .report import report

_NODE_ADDRESS = "192.0.2.1"  # where nobody wrote a Node: the DNS server and hostNetwork pods are endpoints somewhere


class Report(NamedTuple):
    """What the manifests would come to, and all that there is to say about them, in order."""

    snapshot: Snapshot
    remarks: tuple[Remark, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the API server would refuse anything."""
        return bool(self.snapshot.errors)

    @property
    def text(self) -> str:
        """The problems, the Services with their endpoints, and a summary."""
        snapshot = self.snapshot
        problems = render([remark.problem for remark in self.remarks])
        sections = [problems, services_table(snapshot, snapshot.services.values()), _summary(self)]
        return "\n\n".join("\n".join(lines) for lines in sections if lines)

    @property
    def json(self) -> dict[str, Any]:
        """The same for programs; report.py describes it."""
        snapshot = self.snapshot
        services = [_row(service, snapshot) for service in snapshot.services.values()]
        rows = [{**row._asdict(), "endpoints": int(row.endpoints)} for row in services]
        return report(self.remarks, rows, len(snapshot.pods), snapshot.passed_over)


def check(filenames: Sequence[str], options: ClusterOptions, load_balancer_ranges: Sequence[str] = ()) -> Report:
    """Read and judge manifests as a cluster would that runs every pod they ask for.

    `load_balancer_ranges` are those of the load balancer that would be there; without any nothing is said of one.
    """
    reading = ManifestReader().read(filenames)
    imagined = msgspec.structs.replace(options, schedule_pods=True, node_addresses=(_NODE_ADDRESS,))
    snapshot = Builder(imagined).build(reading, int(time.time())).snapshot
    return Report(snapshot, tuple(remarks(snapshot, reading.documents, load_balancer_ranges)))


class _Row(NamedTuple):
    """A Service in the table; the names are those of the JSON form."""

    namespace: str
    name: str
    type: str
    clusterIP: str  # noqa: N815
    ports: str
    endpoints: str


def services_table(snapshot: Snapshot, services: Iterable[Service]) -> list[str]:
    """Services of the snapshot with their ready endpoints, as lines."""
    heading = ("NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS")
    return Columns().lines([heading, *(_row(service, snapshot) for service in services)])


def _row(service: Service, snapshot: Snapshot) -> _Row:
    return _Row(
        service.metadata.namespace,
        service.metadata.name,
        service.spec.type,
        service.spec.cluster_ip or NONE,
        port_list(service.spec.ports) or NONE,
        str(ready_endpoints(service, snapshot.slices_of(service.key))),
    )


def ready_endpoints(service: Service, slices: Iterable[EndpointSlice]) -> int:
    """How many addresses take new connections: ready ones, at a port of the Service's, by whose name they are joined.

    Of a headless Service all ready ones count: DNS answers them, whatever their ports.
    """
    ports = {(port.name, port.protocol) for port in service.spec.ports}
    joined = [
        piece
        for piece in slices
        if service.is_headless or any((port.name, port.protocol) in ports and port.port for port in piece.ports)
    ]
    return len({e.addresses[:1] for piece in joined for e in piece.endpoints if e.conditions.is_ready})


def _summary(checked: Report) -> list[str]:
    snapshot = checked.snapshot
    errors = len(snapshot.errors)
    warnings = len(checked.remarks) - errors
    lines = [
        f"{_count(len(snapshot.services), 'Service')}, {_count(len(snapshot.pods), 'Pod')}, "
        f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    ]
    if snapshot.passed_over:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(snapshot.passed_over.items()))
        lines.append(f"passed over: {kinds}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
