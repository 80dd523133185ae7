"""Pure: from a frontend of a node's proxy to an endpoint, by the decisions of the proxy itself."""

from clusterless.node.dnskeys import dns_service_keys
from controlplane.objects import Service, ServicePort
from proxy.addresstext import is_within
from proxy.model import FrontendKind, FrontendState, Protocol
from proxy.plan import status_when_open

from .candidates import rows_of, selected, source_of, table_of
from .destination import Ported
from .findingids import FindingId
from .journey import Journey
from .lint import kind_findings
from .lintports import port_findings
from .lintselectors import selector_findings
from .livefindings import find_live
from .model import Explanation, Mark, OutcomeKind
from .nodes import node_table
from .outcomes import outcome_of
from .passage import Passage, passage_of
from .problemsof import tell_problems_of
from .seen import tell_source_address
from .targets import tell_target_port
from .whynone import find_why_none

PROXIED = (Protocol.TCP, Protocol.UDP)


def through_frontend(journey: Journey, ported: Ported, client: str = "") -> Explanation:
    """All steps from the frontend on."""
    passage = passage_of(journey, ported, client)
    tell_service(journey, passage.service, passage.port)
    _tell_address(journey, passage, ported)
    if ported.elsewhere is not None:
        return _served_elsewhere(journey, passage, ported)
    if failure := _failure(journey, passage):
        return failure
    _tell_policy(journey, passage)
    if not _tell_sources(journey, passage):
        return outcome_of(journey, passage, is_allowed=False)
    _tell_endpoints(journey, passage)
    if passage.used:
        tell_target_port(journey, passage.what, passage.used)
        tell_source_address(journey, passage.service, passage.frontend.kind, passage.node, passage.is_inside)
    find_live(journey, passage.service, passage.frontend, passage.node, passage.used)
    return outcome_of(journey, passage, is_allowed=True)


def tell_service(journey: Journey, service: Service, port: ServicePort | None) -> None:
    """Which Service it is, with what its manifest gives reason to say."""
    journey.service = str(service.key)
    kind = "headless" if service.is_headless else f"type {service.spec.type}"
    journey.good("service", f"{service.key}, {kind}{_port_text(port)}")
    pods = selected(journey.world, service)
    slices = journey.world.snapshot.slices_of(service.key)
    if service.spec.selector and not pods and not any(piece.endpoints for piece in slices):
        journey.find_all(selector_findings(journey.world.snapshot, service))
    journey.find_all(port_findings(service, pods, slices))
    journey.find_all(kind_findings(service))
    tell_problems_of(journey, service)


def _port_text(port: ServicePort | None) -> str:
    if port is None:
        return ""
    place = f"{port.port}/{port.protocol}"
    return f", port {port.name} ({place})" if port.name else f", port {place}"


def _tell_address(journey: Journey, passage: Passage, ported: Ported) -> None:
    key, kind = passage.frontend.key, passage.frontend.kind
    text = {
        FrontendKind.CLUSTER_IP: f"{key.address} is its clusterIP, on every node",
        FrontendKind.NODE_PORT: f"{key.port} is its nodePort, on {key.address} of {passage.node}",
        FrontendKind.LOAD_BALANCER: f"{key.address} is its load balancer's address",
        FrontendKind.EXTERNAL_IP: f"{key.address} is one of its externalIPs",
    }[kind]
    journey.good("address", f"{text}: the proxy of {passage.node} decides")
    for conflict in ported.desired.conflicts:
        if conflict.key == key:
            journey.find(FindingId.ADDRESS_CLAIMED_TWICE, conflict.message)
    for loop in ported.desired.loops:
        if loop.service == passage.frontend.service:
            journey.find(FindingId.ENDPOINT_LOOPS, loop.message, about=passage.service)


def _served_elsewhere(journey: Journey, passage: Passage, ported: Ported) -> Explanation:
    """Another process or host has the address, or nobody has."""
    assert ported.elsewhere is not None
    message = ported.elsewhere.message
    if passage.frontend.key in dns_service_keys(journey.world.snapshot):
        journey.good("policy", message)
        return journey.ends(OutcomeKind.CONNECTED, f"connected: {message}", [str(passage.frontend.key)])
    if ported.elsewhere.state is FrontendState.SERVED_ELSEWHERE:
        journey.note("policy", f"{passage.node} leaves it to its owner: {message}")
        return journey.ends(OutcomeKind.LEAVES, f"goes to whoever has the address: {message}")
    journey.bad("policy", f"{passage.node} does not serve it: {message}")
    journey.find(FindingId.ADDRESS_NOT_SERVED, message, about=passage.service)
    return journey.ends(OutcomeKind.TIMED_OUT, "times out, or is unreachable: nobody answers for this address")


def _failure(journey: Journey, passage: Passage) -> Explanation | None:
    """A frontend that the agent wants to open and cannot."""
    live = journey.world.live_at(passage.node)
    told = live.status_of(passage.frontend.key) if live else None
    status = told or status_when_open(passage.frontend, PROXIED)
    if status.state is FrontendState.UNSUPPORTED:
        journey.bad("policy", status.message)
        journey.find(FindingId.ADDRESS_NOT_SERVED, status.message, "use TCP or UDP", about=passage.service)
        return journey.ends(OutcomeKind.REFUSED, "refused: nothing listens there")
    if status.state is not FrontendState.FAILED:
        return None
    journey.bad("policy", f"the agent of {passage.node} could not open it: {status.message}")
    change = "free the address or port: it is tried again by itself"
    journey.find(FindingId.ADDRESS_NOT_SERVED, status.message, change, about=passage.service)
    return journey.ends(OutcomeKind.REFUSED, "refused, or answered by whoever has the address and port now")


def _tell_policy(journey: Journey, passage: Passage) -> None:
    spec = passage.service.spec
    if passage.frontend.kind is FrontendKind.CLUSTER_IP:
        word, policy = "internalTrafficPolicy", spec.internal_traffic_policy or "Cluster"
    else:
        word, policy = "externalTrafficPolicy", spec.external_traffic_policy or "Cluster"
    if policy != "Local":
        text = f"{word} {policy}: the endpoints of all nodes"
    elif passage.is_local:
        text = f"{word} Local: only endpoints on {passage.node}"
    else:
        text = (
            f"{word} Local, but {passage.client} is inside the cluster: short-circuited to the endpoints of all nodes"
        )
    distribution = f"trafficDistribution {spec.traffic_distribution}" if spec.traffic_distribution else ""
    seconds = passage.frontend.affinity_seconds
    affinity = f"sessionAffinity ClientIP: a client keeps its endpoint for {seconds} s" if seconds else ""
    nodes = node_table(journey.world, passage.service, passage.frontend) if policy == "Local" else None
    if nodes is not None and nodes.differs and passage.frontend.kind is not FrontendKind.CLUSTER_IP:
        path = "spec.externalTrafficPolicy"
        journey.find(FindingId.ONLY_SOME_NODES_SERVE, nodes.text, about=passage.service, path=path)
    journey.good("policy", text, distribution, affinity, table=nodes.table if nodes else None)


def _tell_sources(journey: Journey, passage: Passage) -> bool:
    """Whether loadBalancerSourceRanges let the client in."""
    ranges = passage.frontend.source_ranges
    if not ranges:
        return True
    text = f"loadBalancerSourceRanges {', '.join(passage.service.spec.load_balancer_source_ranges)}"
    if is_within(passage.client, ranges):
        journey.good("source", f"{passage.client} is allowed: {text}")
        return True
    journey.bad("source", f"{passage.client} is not allowed: {text}")
    seen = f"{passage.client} is in none of {', '.join(ranges)}"
    journey.find(FindingId.OUTSIDE_SOURCE_RANGES, seen, about=passage.service, path="spec.loadBalancerSourceRanges")
    return False


def _tell_endpoints(journey: Journey, passage: Passage) -> None:
    world, what = journey.world, passage.what
    live = world.live_at(passage.node)
    counts = live.connections_of(passage.frontend.service) if live else None
    rows = rows_of(world, what, passage.used, passage.node, is_local=passage.is_local, counts=counts)
    journey.endpoints = rows
    used = sum(row.is_used for row in rows)
    origin = source_of(what.slices).text if what.slices else "no EndpointSlice"
    text = f"{used} of {len(rows)} may be used" if rows else "there are none"
    because = _draining_text(passage)
    journey.step("endpoints", _mark(used), text, origin, because, table=table_of(rows))
    if not used:
        find_why_none(journey, what, is_local=passage.is_local)


def _mark(used: int) -> Mark:
    return Mark.GOOD if used else Mark.BAD


def _draining_text(passage: Passage) -> str:
    """A last resort that is in use."""
    terminating = {info.endpoint for info in passage.what.infos if info.terminating}
    if passage.used and all(each in terminating for each in passage.used):
        return "nothing is ready: those that terminate and still serve take over"
    return ""
