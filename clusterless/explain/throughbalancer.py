"""Pure: through the load balancer in front of the nodes: which of them it uses, and what they do."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from controlplane.objects import Service, ServicePort
from lab.addresses import LOAD_BALANCER
from proxy.addresstext import family_of, is_within
from proxy.healthchecks import has_health_check, health_checks
from proxy.loadbalancer import HealthTarget, LoadBalancers, frontends, health_targets, load_balancers
from proxy.model import Frontend, FrontendKey, Protocol

from .candidates import rows_of, table_of
from .destination import Balancers, Ported, key_of
from .findingids import FindingId
from .journey import Journey
from .livefindings import find_live
from .model import EndpointRow, Explanation, Mark, OutcomeKind, Table
from .nodes import node_table
from .passage import Passage, passage_of
from .seen import tell_source_address
from .targets import tell_target_port
from .throughservice import tell_service
from .whynone import find_why_none

FindNodePort: TypeAlias = Callable[[Journey, str, str, int], Ported | None]
"""Called with a node, its address and a nodePort: what the node's proxy has there."""


class _Hop(NamedTuple):
    """A node that the load balancer uses."""

    node: str
    passage: Passage


def through_balancer(journey: Journey, place: Balancers, find: FindNodePort) -> Explanation:
    """From the load balancer's address over a node to an endpoint."""
    service = place.service
    key = key_of(place.address, journey.question)
    balancers = load_balancers(journey.world.only(service), (), {}, ())
    frontend = _frontend(journey, balancers, key)
    port = next((p for p in service.spec.ports if (p.port, p.protocol) == (key.port, key.protocol)), None)
    tell_service(journey, service, port)
    if port is None or frontend is None:
        return _no_frontend(journey, service, key, port)
    text = f"{place.address} is its load balancer's address: the load balancer sends to nodePort {port.node_port}"
    journey.good("address", text)
    if not _is_allowed(journey, service, frontend, place.address):
        return journey.ends(OutcomeKind.TIMED_OUT, "times out: packets from this address are dropped")
    hops = list(_hops(journey, frontend, find))
    _tell_nodes(journey, service, hops)
    return _arrive(journey, service, frontend, hops)


def _frontend(journey: Journey, balancers: LoadBalancers, key: FrontendKey) -> Frontend | None:
    """What the load balancer would do, with the nodes' health as their proxies would tell it."""
    healthy = {target for target in health_targets(balancers) if _is_healthy(journey, balancers, target)}
    return next((each for each in frontends(balancers, healthy) if each.key == key), None)


def _is_healthy(journey: Journey, balancers: LoadBalancers, target: HealthTarget) -> bool:
    """Nodes differ under externalTrafficPolicy Local only, by their health check node port."""
    for service in (each.service for each in balancers.balanced.values()):
        if has_health_check(service) and target.port == service.spec.health_check_node_port:
            checks = health_checks(journey.world.only(service), target.node)
            family = family_of(target.address)
            return any(check.local_endpoints > 0 for key, check in checks.items() if key == (target.port, family))
    return True


def _no_frontend(journey: Journey, service: Service, key: FrontendKey, port: ServicePort | None) -> Explanation:
    if port is None:
        listed = ", ".join(f"{each.port}/{each.protocol}" for each in service.spec.ports)
        journey.bad("port", f"{key.port}/{key.protocol} is not among its ports: {listed}")
        seen = f"{key.port}/{key.protocol} is asked; listed are {listed}"
        journey.find(FindingId.PORT_NOT_LISTED, seen, about=service, path="spec.ports")
    else:
        journey.bad("address", f"no load balancer of ours serves {key.address}")
        seen = f"port {key.port} has no nodePort, or the Service is another implementation's"
        journey.find(FindingId.ADDRESS_NOT_SERVED, seen, about=service)
    return journey.ends(OutcomeKind.REFUSED, "refused at once (curl: (7) ... Connection refused)")


def _is_allowed(journey: Journey, service: Service, frontend: Frontend, address: str) -> bool:
    ranges, client = frontend.source_ranges, journey.origin.address_for(address)
    if not ranges:
        return True
    if is_within(client, ranges):
        journey.good("source", f"{client} is allowed: loadBalancerSourceRanges {', '.join(ranges)}")
        return True
    journey.bad("source", f"{client} is not allowed: loadBalancerSourceRanges {', '.join(ranges)}")
    seen = f"{client} is in none of {', '.join(ranges)}"
    journey.find(FindingId.OUTSIDE_SOURCE_RANGES, seen, about=service, path="spec.loadBalancerSourceRanges")
    return False


def _hops(journey: Journey, frontend: Frontend, find: FindNodePort) -> Iterable[_Hop]:
    balancer = next(each for each in LOAD_BALANCER if family_of(each) == family_of(frontend.key.address))
    for endpoint in frontend.external:
        ported = find(journey, endpoint.node, endpoint.address, endpoint.port)
        if ported is not None:
            yield _Hop(endpoint.node, passage_of(journey, ported, balancer))


def _tell_nodes(journey: Journey, service: Service, hops: list[_Hop]) -> None:
    """Which nodes the load balancer uses, and with what they serve it."""
    is_local = service.spec.external_traffic_policy == "Local"
    check = (
        f"asks :{service.spec.health_check_node_port} of each node" if is_local else "asks each node's :10256/healthz"
    )
    if not hops:
        journey.bad("nodes", f"the load balancer has no node to use: it {check}")
        return
    table = Table(
        heading=("NODE", "NODEPORT", "ENDPOINTS"),
        rows=tuple(
            (hop.node, str(hop.passage.frontend.key), ", ".join(map(str, hop.passage.used)) or "none") for hop in hops
        ),
        marks=tuple(Mark.GOOD if hop.passage.used else Mark.BAD for hop in hops),
    )
    journey.good("nodes", f"the load balancer {check}, and uses {len(hops)}", table=table)
    if is_local:
        nodes = node_table(journey.world, service, hops[0].passage.frontend)
        if nodes.differs:
            journey.find(FindingId.ONLY_SOME_NODES_SERVE, nodes.text, about=service, path="spec.externalTrafficPolicy")


def _arrive(journey: Journey, service: Service, frontend: Frontend, hops: list[_Hop]) -> Explanation:
    used = tuple(dict.fromkeys(endpoint for hop in hops for endpoint in hop.passage.used))
    if not hops:
        _tell_lack(journey, service, frontend)
        return journey.ends(OutcomeKind.REFUSED, "refused: the load balancer has no healthy node")
    passage = hops[0].passage
    rows = _rows(journey, hops)
    journey.endpoints = rows
    journey.step(
        "endpoints", Mark.GOOD if used else Mark.BAD, f"{len(used)} of {len(rows)} may be used", table=table_of(rows)
    )
    if not used:
        find_why_none(journey, passage.what, is_local=False)
        seen = f"{frontend.key} leads to nodes, and these have no endpoint"
        journey.find_cause(seen, service)
        return journey.ends(
            OutcomeKind.RESET, "connected to the load balancer, then reset: no node takes the connection"
        )
    tell_target_port(journey, passage.what, used)
    tell_source_address(journey, service, passage.frontend.kind, passage.node, is_inside=False)
    _tell_affinity(journey, service, passage)
    word = "answered by" if frontend.key.protocol is Protocol.UDP else "connected to"
    which = f"one of {len(used)} endpoints" if len(used) > 1 else str(used[0])
    over = f"one of {len(hops)} nodes" if len(hops) > 1 else hops[0].node
    return journey.ends(OutcomeKind.CONNECTED, f"{word} {which}, over {over}", map(str, used))


def _tell_affinity(journey: Journey, service: Service, passage: Passage) -> None:
    if passage.frontend.affinity_seconds:
        seen = "the nodes see the load balancer as the only client: each node pins it to one endpoint"
        journey.find(FindingId.AFFINITY_BY_ADDRESS, seen, about=service, path="spec.sessionAffinity")
    find_live(journey, service, passage.frontend, passage.node, passage.used)


def _tell_lack(journey: Journey, service: Service, frontend: Frontend) -> None:
    name = frontend.service
    seen = f"no node has a ready endpoint of {name.namespace}/{name.name}: all health checks say 503"
    journey.find_cause(seen, service)


def _rows(journey: Journey, hops: list[_Hop]) -> tuple[EndpointRow, ...]:
    """Each endpoint once: used if any node uses it."""
    merged: dict[tuple[str, str], EndpointRow] = {}
    for hop in hops:
        passage = hop.passage
        rows = rows_of(journey.world, passage.what, passage.used, hop.node, is_local=passage.is_local)
        for row in rows:
            known = merged.get((row.address, row.pod))
            if known is None or row.is_used:
                merged[row.address, row.pod] = row
    return tuple(sorted(merged.values(), key=lambda row: not row.is_used))
