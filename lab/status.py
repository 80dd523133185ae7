"""Pure: how a lab is, as tables like kubectl's."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from controlplane.objects import Node, Pod
from controlplane.podstatus import is_ready, is_terminating
from controlplane.snapshot import Snapshot

from .cuts import Partition
from .topology import CLIENT_POD, Host, Role, Topology


class Status(NamedTuple):
    """What there is to tell; hosts are named, and `ready` are those whose program has said so."""

    name: str
    topology: Topology
    snapshot: Snapshot
    ready: AbstractSet[str]
    powerless: AbstractSet[str]
    partitions: AbstractSet[Partition]


def status_text(status: Status) -> str:
    """Whole lines: nodes, pods, the hosts outside, and what is cut."""
    blocks = [
        _table(("NODE", "STATUS", "ADDRESS"), _nodes(status)),
        _table(("NAMESPACE", "POD", "READY", "STATUS", "ADDRESS", "NODE", "PORTS"), _pods(status)),
        _table(("OUTSIDE", "ADDRESS", "PORTS"), _outside(status)),
    ]
    if status.partitions:
        blocks.append(_table(("PARTITION", ""), sorted(status.partitions)))
    return "\n".join([f'lab "{status.name}"\n', *blocks])


def _nodes(status: Status) -> Iterable[Sequence[str]]:
    for host in status.topology.hosts:
        if host.role is Role.NODE:
            yield host.name, _node_status(host, status), _addresses(host)


def _node_status(host: Host, status: Status) -> str:
    if host.name in status.powerless:
        return f"{_condition(status.snapshot.nodes.get(host.name))} (down)"
    if host.name not in status.ready:
        return "Starting"
    return _condition(status.snapshot.nodes.get(host.name))


def _condition(node: Node | None) -> str:
    ready = next((c.status for c in node.status.conditions if c.type == "Ready"), "True") if node else "True"
    return "Ready" if ready == "True" else "NotReady"


def _pods(status: Status) -> Iterable[Sequence[str]]:
    hosts = {host.pod: host for host in status.topology.hosts if host.pod and host.name != CLIENT_POD}
    for key, pod in status.snapshot.pods.items():
        host = hosts.get(key)
        where = (_addresses(host), host.node, _ports(host)) if host else ("<none>", "<none>", "")
        yield key.namespace, key.name, "yes" if is_ready(pod) else "no", _phase(pod), *where
    for host in status.topology.hosts:
        if host.name == CLIENT_POD and host.pod:
            yield host.pod.namespace, host.pod.name, "", "you are here", _addresses(host), host.node, ""


def _phase(pod: Pod) -> str:
    return "Terminating" if is_terminating(pod) else pod.status.phase


def _outside(status: Status) -> Iterable[Sequence[str]]:
    for host in status.topology.hosts:
        if host.role not in (Role.NODE, Role.POD):
            yield host.name, _addresses(host), _ports(host)


def _addresses(host: Host) -> str:
    return ",".join(host.addresses)


def _ports(host: Host) -> str:
    return ",".join(f"{port.number}/{port.protocol}" for port in host.ports)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns three spaces apart, as kubectl's are."""
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    texts = ("   ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "".join(f"{text}\n" for text in texts)
