"""Pure: the picture of Services: how each one's ports lead to endpoints, and on which nodes those are."""

from collections.abc import Iterable, Iterator

from clusterless.kubectl.objectview import ObjectView
from controlplane.objects import Endpoint, EndpointPort, EndpointSlice, Node, Service, ServicePort

from .picture import Arrow, Box, BoxKey, Picture, Shape, State

_ZONE = "topology.kubernetes.io/zone"


def picture_of(view: ObjectView, services: Iterable[Service]) -> Picture:
    """What the Services given lead to."""
    drawing = _Drawing(view)
    for service in services:
        drawing.add(service)
    return drawing.picture()


class _Drawing:
    """Collects boxes, each once, and arrows."""

    def __init__(self, view: ObjectView) -> None:
        self._view = view
        self._columns: tuple[dict[BoxKey, Box], ...] = ({}, {}, {}, {})
        self._arrows: dict[Arrow, None] = {}

    def picture(self) -> Picture:
        return Picture(tuple(tuple(column.values()) for column in self._columns), tuple(self._arrows))

    def add(self, service: Service) -> None:
        box = self._put(0, _service_box(service))
        if service.spec.type == "ExternalName":
            name = service.spec.external_name
            outside = self._put(2, Box(BoxKey(Shape.OUTSIDE, "", name), name, ("CNAME, nothing is proxied",)))
            self._join(box, outside)
        slices = self._view.slices_of(service.key)
        for port in service.spec.ports if service.spec.type != "ExternalName" else ():
            self._add_port(service, box, port, slices)
        if not service.spec.ports and service.spec.type != "ExternalName":
            self._add_endpoints(service, box, [(piece, None) for piece in slices])

    def _add_port(self, service: Service, box: Box, port: ServicePort, slices: Iterable[EndpointSlice]) -> None:
        joined = [(piece, found) for piece in slices for found in piece.ports if _is_joined(found, port)]
        made = self._put(1, _port_box(service, port, [found for _, found in joined]))
        self._join(box, made)
        self._add_endpoints(service, made, joined)

    def _add_endpoints(
        self, service: Service, source: Box, joined: Iterable[tuple[EndpointSlice, EndpointPort | None]]
    ) -> None:
        found = False
        for piece, port in joined:
            for endpoint in piece.endpoints if port is None or port.port else ():
                if endpoint.addresses:
                    found = True
                    self._add_endpoint(service, source, endpoint)
        if not found:
            nothing = Box(BoxKey(Shape.NOTHING, *service.key, source.key.part), "no endpoints", _why_none(service))
            self._join(source, self._put(2, nothing), is_broken=True)

    def _add_endpoint(self, service: Service, source: Box, endpoint: Endpoint) -> None:
        box = self._put(2, _endpoint_box(service, endpoint))
        is_broken = box.state is not State.GOOD and not service.spec.publish_not_ready_addresses
        self._join(source, box, is_broken=is_broken)
        if endpoint.node_name:
            node = self._view.nodes.get(endpoint.node_name)
            self._join(box, self._put(3, _node_box(endpoint.node_name, node)))

    def _put(self, column: int, box: Box) -> Box:
        return self._columns[column].setdefault(box.key, box)

    def _join(self, source: Box, target: Box, *, is_broken: bool = False) -> None:
        self._arrows[Arrow(source.key, target.key, is_broken)] = None


def _service_box(service: Service) -> Box:
    return Box(BoxKey(Shape.SERVICE, *service.key), service.metadata.name, tuple(_service_lines(service)))


def _service_lines(service: Service) -> Iterator[str]:
    spec = service.spec
    if spec.type == "ExternalName":
        yield "ExternalName"
        return
    kind = "headless" if spec.cluster_ip == "None" else spec.type
    addresses = [] if spec.cluster_ip == "None" else [each for each in spec.cluster_ips or (spec.cluster_ip,) if each]
    yield " ".join([kind, *addresses])
    for address in spec.external_ips:
        yield f"external IP {address}"
    if spec.type == "LoadBalancer":
        given = [each.ip or each.hostname for each in service.status.load_balancer.ingress]
        yield f"load balancer {', '.join(given) or '<pending>'}"
    for name, value, default in (
        ("externalTrafficPolicy", spec.external_traffic_policy, "Cluster"),
        ("internalTrafficPolicy", spec.internal_traffic_policy or "", "Cluster"),
        ("sessionAffinity", spec.session_affinity, "None"),
    ):
        if value not in ("", default):
            yield f"{name} {value}"


def _port_box(service: Service, port: ServicePort, found: Iterable[EndpointPort]) -> Box:
    """The target port says its number where it is a name, and which numbers where they differ."""
    numbers = sorted({each.port for each in found if each.port})
    target = port.target_port or port.port
    written = "" if str(target).isdecimal() or not numbers else f" = {', '.join(map(str, numbers))}"
    lines = [f"nodePort {port.node_port}"] if port.node_port else []
    if not (service.spec.cluster_ip == "None" and target == port.port):
        by_slices = ", ".join(map(str, numbers)) if not service.spec.selector and numbers else f"{target}{written}"
        lines.append(f"targetPort {by_slices}")
    name = f"{port.name} " if port.name else ""
    key = BoxKey(Shape.PORT, *service.key, f"{port.name}/{port.protocol}/{port.port}")
    return Box(key, f"{name}{port.port}/{port.protocol}", tuple(lines))


def _endpoint_box(service: Service, endpoint: Endpoint) -> Box:
    reference = endpoint.target_ref
    lines = [f"{reference.kind} {reference.name}"] if reference and reference.name else []
    state = _state(endpoint)
    if state is not State.GOOD:
        lines.append(state.value)
    key = BoxKey(Shape.ENDPOINT, service.metadata.namespace, endpoint.addresses[0], reference.name if reference else "")
    return Box(key, endpoint.addresses[0], tuple(lines), state)


def _state(endpoint: Endpoint) -> State:
    if endpoint.conditions.is_terminating:
        return State.TERMINATING
    return State.GOOD if endpoint.conditions.is_ready else State.NOT_READY


def _node_box(name: str, node: Node | None) -> Box:
    key = BoxKey(Shape.NODE, "", name)
    if node is None:
        return Box(key, name, ("no such Node",), State.NOT_READY)
    lines = [each.address for each in node.status.addresses if each.type == "InternalIP"]
    if zone := node.metadata.labels.get(_ZONE):
        lines.append(f"zone {zone}")
    is_ready = all(each.status == "True" for each in node.status.conditions if each.type == "Ready")
    lines += [] if is_ready else [State.NOT_READY.value]
    return Box(key, name, tuple(lines), State.GOOD if is_ready else State.NOT_READY)


def _is_joined(found: EndpointPort, port: ServicePort) -> bool:
    """By name and protocol, as kube-proxy joins them; the target port plays no part."""
    return found.name == port.name and (found.protocol or "TCP") == port.protocol


def _why_none(service: Service) -> tuple[str, ...]:
    if not service.spec.selector:
        return ("no selector, and no slice has the port",)
    return (",".join(f"{key}={value}" for key, value in sorted(service.spec.selector.items())),)
