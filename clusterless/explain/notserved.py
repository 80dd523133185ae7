"""Pure: a port that no frontend has, of a Service's address or of a node's own."""

from collections.abc import Iterator

from controlplane.objects import Service, ServicePort
from proxy.model import FrontendKey
from proxy.servicefrontends import LABEL_SERVICE_PROXY_NAME, is_skipped

from .destination import NodeAddress
from .findingids import FindingId
from .journey import Journey
from .model import Explanation, OutcomeKind
from .throughservice import tell_service

_REFUSED = "refused at once (curl: (7) ... Connection refused)"


def at_no_frontend(journey: Journey, place: NodeAddress) -> Explanation:
    """What is said of it, and which port was meant."""
    if place.service is not None:
        return _at_service(journey, place, place.service)
    return _at_node(journey, place)


def _at_service(journey: Journey, place: NodeAddress, service: Service) -> Explanation:
    tell_service(journey, service, None)
    key = place.key
    if is_skipped(service):
        label = service.metadata.labels.get(LABEL_SERVICE_PROXY_NAME, "")
        journey.bad("address", f"{key.address} is its address, but the proxy passes this Service over")
        seen = f'it is labelled {LABEL_SERVICE_PROXY_NAME}: "{label}"'
        journey.find(FindingId.IGNORED_BY_THE_PROXY, seen, about=service, path="metadata.labels")
        return journey.ends(OutcomeKind.TIMED_OUT, "times out: no proxy of ours answers for this address")
    journey.good("address", f"{key.address} is its address")
    listed = ", ".join(_listed(service))
    other = next((port for port in service.spec.ports if port.port == key.port), None)
    if other is not None:
        journey.bad("port", f"{key.port} is listed for {other.protocol} only; listed are {listed}")
        seen = f"{key.port}/{key.protocol} is asked, {other.port}/{other.protocol} is listed"
        change = (
            f"list port {key.port} for {key.protocol} too; kubectl apply without --server-side keeps one of the two"
        )
        journey.find(FindingId.WRONG_PROTOCOL, seen, change, about=service, path="spec.ports")
    else:
        journey.bad("port", f"{key.port}/{key.protocol} is not among its ports: {listed}")
        journey.find(
            FindingId.PORT_NOT_LISTED,
            f"{key.port}/{key.protocol} is asked; listed are {listed}",
            _meant(service, key),
            about=service,
            path="spec.ports",
        )
    return journey.ends(OutcomeKind.REFUSED, _REFUSED)


def _listed(service: Service) -> Iterator[str]:
    for port in service.spec.ports:
        name = f"{port.name} " if port.name else ""
        yield f"{name}{port.port}/{port.protocol}"


def _meant(service: Service, key: FrontendKey) -> str:
    """A client that uses the pods' port, or the nodes'."""
    for port in service.spec.ports:
        if key.port in (port.target_port, port.node_port):
            what = "the pods' port (targetPort)" if key.port == port.target_port else "the nodes' port (nodePort)"
            return f"{key.port} is {what}: use {port.port} on this address"
    return ""


def _at_node(journey: Journey, place: NodeAddress) -> Explanation:
    key = place.key
    journey.good("address", f"{key.address} is an address of node {place.node}")
    service, port, is_node_port = _wanted(journey, key)
    if service is None or port is None:
        journey.bad("port", f"no nodePort is {key.port}/{key.protocol}")
        journey.find(
            FindingId.NODE_PORT_NOT_HERE,
            f"no Service has nodePort {key.port}",
            "see clusterless get services for the nodePorts that there are",
        )
    elif is_node_port:
        _tell_closed(journey, place, service, port)
    else:
        journey.service = str(service.key)
        journey.bad(
            "port", f"{key.port} is the port of {service.key} on its clusterIP; nodes have it at {port.node_port}"
        )
        journey.find(
            FindingId.NODE_PORT_NOT_HERE,
            f"port {key.port} is asked of a node",
            f"ask {key.address}:{port.node_port}",
            about=service,
        )
    return journey.ends(OutcomeKind.REFUSED, f"{_REFUSED}, unless a program of the node listens there")


def _tell_closed(journey: Journey, place: NodeAddress, service: Service, port: ServicePort) -> None:
    """A nodePort that is open elsewhere, or for another protocol."""
    key, where = place.key, _where(journey, place)
    journey.service = str(service.key)
    journey.bad("port", f"{key.port} is the nodePort of {service.key}, which does not open on {key.address}", where)
    is_same = port.protocol == key.protocol
    change = f"ask {where}" if is_same else f"ask {port.protocol}: the port is open for it"
    seen = f"{key} is asked; nodePort {port.node_port}/{port.protocol} of {service.key} is open on {where}"
    journey.find(FindingId.NODE_PORT_NOT_HERE, seen, change, about=service)


def _wanted(journey: Journey, key: FrontendKey) -> tuple[Service | None, ServicePort | None, bool]:
    """The Service that was meant: by its nodePort, else by the port of one that has a nodePort for it."""
    services = journey.world.snapshot.services.values()
    for service in services:
        for port in service.spec.ports:
            if port.node_port == key.port:
                return service, port, True
    for service in services:
        for port in service.spec.ports:
            if port.node_port and port.port == key.port:
                return service, port, False
    return None, None, False


def _where(journey: Journey, place: NodeAddress) -> str:
    return ", ".join(f"{each}" for each in journey.world.view(place.node).node_port_addresses) or "no address"
