"""`clusterless check`: says what the API server would say of manifests, and what the cluster would then look like."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.objects import EndpointSlice, Service
from controlplane.options import ClusterOptions
from controlplane.problems import Severity, render
from controlplane.snapshot import Snapshot

_NODE_ADDRESS = "192.0.2.1"  # where nobody wrote a Node: the DNS server and hostNetwork pods are endpoints somewhere


class Report(NamedTuple):
    """What `check` prints, and whether anything was refused."""

    text: str
    refused: bool


def check(filenames: Sequence[str], options: ClusterOptions) -> Report:
    """Read and judge manifests as a cluster would that runs every pod they ask for."""
    reading = ManifestReader().read(filenames)
    imagined = msgspec.structs.replace(options, schedule_pods=True, node_addresses=(_NODE_ADDRESS,))
    snapshot = Builder(imagined).build(reading, int(time.time())).snapshot
    sections = [render(snapshot.problems), services_table(snapshot, snapshot.services.values()), _summary(snapshot)]
    return Report("\n\n".join("\n".join(lines) for lines in sections if lines), bool(snapshot.errors))


def services_table(snapshot: Snapshot, services: Iterable[Service]) -> list[str]:
    """Services of the snapshot with their ready endpoints, as lines."""
    rows = [
        (
            service.metadata.namespace,
            service.metadata.name,
            service.spec.type,
            service.spec.cluster_ip or "<none>",
            _ports(service),
            str(ready_endpoints(service, snapshot.slices_of(service.key))),
        )
        for service in services
    ]
    return table(("NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS"), rows)


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


def _ports(service: Service) -> str:
    """As kubectl prints them: `80/TCP`, with a node port `80:30080/TCP`."""
    ports = [
        f"{port.port}:{port.node_port}/{port.protocol}" if port.node_port else f"{port.port}/{port.protocol}"
        for port in service.spec.ports
    ]
    return ",".join(ports) or "<none>"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as kubectl aligns them: three spaces apart, the last one not padded."""
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    return ["   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _summary(snapshot: Snapshot) -> list[str]:
    errors = len(snapshot.errors)
    warnings = sum(problem.severity is Severity.WARNING for problem in snapshot.problems)
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
