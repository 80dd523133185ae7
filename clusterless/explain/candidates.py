"""Pure: all endpoints of a Service's port, used or not, and the pods that could be endpoints, each with its reason."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from controlplane.endpointslices import MANAGED_BY as MANAGED_BY_LABEL
from controlplane.endpointslices import SLICE_CONTROLLER, NoEndpoint, PodIndex, why_no_endpoint
from controlplane.mirroring import MIRRORING_CONTROLLER
from controlplane.objects import EndpointSlice, Pod, Service, ServicePort
from controlplane.targetports import ports_on
from proxy.addresstext import canonical
from proxy.endpoints import LABEL_HEADLESS, EndpointInfo, PortKey, endpoints_by_port
from proxy.model import Endpoint, Protocol
from proxy.topology import why_left_out

from .model import EndpointRow, Mark, Table
from .world import World

NO_SUCH_PORT = "no container port of that name"
LOOPS = "refused: this proxy listens there itself"


class Behind(NamedTuple):
    """What stands behind one port of a Service in one family."""

    service: Service
    port: ServicePort
    slices: tuple[EndpointSlice, ...]
    infos: tuple[EndpointInfo, ...]
    pods: tuple[Pod, ...]  # that the selector matches
    pod_of: Mapping[str, str]  # by endpoint address

    @property
    def ready(self) -> tuple[EndpointInfo, ...]:
        """Those that may get new connections."""
        return tuple(info for info in self.infos if info.ready)


class SliceSource(NamedTuple):
    """Who made the slices: `selector`, `Endpoints` or `hand`."""

    word: str
    text: str


def behind(world: World, service: Service, port: ServicePort, family: str) -> Behind:
    """Gathered as the proxy gathers it."""
    slices = world.snapshot.slices_of(service.key)
    key = PortKey(port.name, Protocol(port.protocol or "TCP"))
    seen = map(_for_dns, slices) if service.is_headless else slices
    infos = endpoints_by_port(seen, family).get(key, ())
    return Behind(service, port, slices, infos, selected(world, service), _pods_by_address(slices))


def _for_dns(piece: EndpointSlice) -> EndpointSlice:
    """As DNS takes it: the label that hides slices of headless Services is for proxies."""
    labels = {key: value for key, value in piece.metadata.labels.items() if key != LABEL_HEADLESS}
    return msgspec.structs.replace(piece, metadata=msgspec.structs.replace(piece.metadata, labels=labels))


def selected(world: World, service: Service) -> tuple[Pod, ...]:
    """The pods that the Service's selector matches."""
    if not service.spec.selector:
        return ()
    here = [pod for key, pod in world.snapshot.pods.items() if key.namespace == service.metadata.namespace]
    return PodIndex(here).matching(service.metadata.namespace, service.spec.selector)


def _pods_by_address(slices: Iterable[EndpointSlice]) -> dict[str, str]:
    return {
        canonical(endpoint.addresses[0]): endpoint.target_ref.name
        for piece in slices
        for endpoint in piece.endpoints
        if endpoint.addresses and endpoint.target_ref is not None and endpoint.target_ref.kind == "Pod"
    }


def source_of(slices: Sequence[EndpointSlice]) -> SliceSource:
    """Where the endpoints come from."""
    managers = {piece.metadata.labels.get(MANAGED_BY_LABEL, "") for piece in slices}
    if SLICE_CONTROLLER in managers:
        return SliceSource("selector", "made from the selector")
    if MIRRORING_CONTROLLER in managers:
        return SliceSource("Endpoints", "mirrored from the Endpoints object")
    return SliceSource("hand", "written by hand")


def rows_of(
    world: World,
    what: Behind,
    used: Collection[Endpoint],
    node: str,
    *,
    is_local: bool,
    counts: Mapping[Endpoint, int] | None = None,
) -> tuple[EndpointRow, ...]:
    """Every endpoint of the port, those that `used` holds first, then the pods that have no place among them.

    `counts` are the open connections, `None` where nobody counts them.
    """
    view = world.view(node)
    rows = [
        EndpointRow(
            address=str(info.endpoint),
            pod=what.pod_of.get(info.endpoint.address, ""),
            node=info.endpoint.node,
            is_used=info.endpoint in used,
            reason="" if info.endpoint in used else _reason(what, info, view.name, view.zone, is_local=is_local),
            connections=None if counts is None else counts.get(info.endpoint, 0),
        )
        for info in what.infos
    ]
    return (*sorted(rows, key=lambda row: not row.is_used), *_missing(world, what))


def _reason(what: Behind, info: EndpointInfo, node: str, zone: str, *, is_local: bool) -> str:
    """An endpoint that the rules let in and that is not used has been taken out as a loop."""
    left_out = why_left_out(info, what.infos, node, zone, is_local=is_local)
    return left_out.value if left_out is not None else LOOPS


def _missing(world: World, what: Behind) -> Iterable[EndpointRow]:
    listed = {what.pod_of.get(info.endpoint.address, "") for info in what.infos}
    for pod in what.pods:
        if pod.metadata.name not in listed:
            reason = _why_missing(world, what, pod)
            yield EndpointRow(address="", pod=pod.metadata.name, node=pod.spec.node_name, is_used=False, reason=reason)


def _why_missing(world: World, what: Behind, pod: Pod) -> str:
    match why_no_endpoint(pod, what.service, world.snapshot.nodes):
        case NoEndpoint() as reason:
            return reason.value
        case None if what.port.name not in [port.name for port in ports_on(what.service, pod)]:
            return f'{NO_SUCH_PORT}: "{what.port.target_port}"'
        case None:
            return "it has no address of this family"


def table_of(rows: Sequence[EndpointRow]) -> Table | None:
    """The rows as they are shown; `None` if there are none."""
    if not rows:
        return None
    counted = any(row.connections is not None for row in rows)
    heading = ("ENDPOINT", "POD", "NODE", *(("CONNECTIONS",) if counted else ()), "WHY NOT")
    if all(row.is_used for row in rows):
        heading = heading[:-1]
    return Table(
        heading=heading,
        rows=tuple(_cells(row, counted=counted)[: len(heading)] for row in rows),
        marks=tuple(Mark.GOOD if row.is_used else Mark.BAD for row in rows),
    )


def _cells(row: EndpointRow, *, counted: bool) -> tuple[str, ...]:
    connections = ("-" if row.connections is None else str(row.connections),) if counted else ()
    return (row.address or "<none>", row.pod or "<none>", row.node or "<none>", *connections, row.reason)
