"""Pure: the way of one connection, from the name that a client has to what it sees in the end."""

from controlplane.netaddr import parse_address
from controlplane.objects import Pod
from dns.names import to_text
from proxy.addresstext import canonical

from .destination import (
    Balancers,
    Nobodys,
    NodeAddress,
    Outside,
    OwnLoopback,
    PodAddress,
    Ported,
    Unreachable,
    destination_of,
    key_of,
)
from .findingids import FindingId
from .headless import through_headless, without_addresses
from .journey import Journey
from .model import Explanation, OutcomeKind
from .naming import Resolved, resolve
from .notserved import at_no_frontend
from .origin import Origin, OriginKind, origin_of
from .ping import pinged
from .problemsof import explain_problems
from .question import Asking
from .throughbalancer import through_balancer
from .throughservice import through_frontend
from .world import World


def explain(world: World, asking: Asking) -> Explanation:
    """Walk the way. Raises QuestionError for a client or node that is not there."""
    origin = origin_of(world, asking)
    journey = Journey(world, asking.question, origin)
    _tell_origin(journey)
    if parse_address(asking.question.host) is not None:
        return _arrive(journey, canonical(asking.question.host))
    resolved = resolve(journey)
    if resolved.service is not None:
        journey.service = str(resolved.service.key)
    if not resolved.addresses:
        return _unresolved(journey, resolved)
    if resolved.service is not None and (resolved.service.is_headless or resolved.is_endpoint) and not resolved.aliases:
        return through_headless(journey, resolved.service, resolved.addresses)
    return _arrive(journey, resolved.addresses[0])


def _tell_origin(journey: Journey) -> None:
    origin = journey.origin
    address = origin.address_for(journey.question.host)
    match origin.kind:
        case OriginKind.POD:
            state = _pod_state(origin.pod) if origin.pod else ""
            journey.good("client", _pod_text(origin, address), state)
        case OriginKind.NODE:
            journey.good("client", f"a process of node {origin.name} ({address})")
        case _:
            journey.good("client", _outside_text(origin, address))


def _pod_text(origin: Origin, address: str) -> str:
    where = f"on {origin.node}" if origin.node else ""
    if origin.name:
        return f"pod {origin.name} ({address}) {where}".rstrip()
    if origin.is_imagined:
        return f"any pod of namespace {origin.namespace} {where}".rstrip() + f", say {address}"
    return f"a pod of namespace {origin.namespace} ({address}) {where}".rstrip()


def _outside_text(origin: Origin, address: str) -> str:
    entry = f", whose packets are routed to {origin.node}" if origin.node else ""
    who = f"say {address}" if origin.is_imagined else address
    return f"somebody outside of the cluster, {who}{entry}"


def _pod_state(pod: Pod) -> str:
    return "it shares its node's network" if pod.spec.host_network else ""


def _unresolved(journey: Journey, resolved: Resolved) -> Explanation:
    """No address that the cluster knows: an alias to outside, a name of others, or none at all."""
    service, question = resolved.service, journey.question
    if resolved.aliases and service is not None:
        target = to_text(resolved.aliases[-1]).rstrip(".")
        journey.good("service", f"{service.key} is an ExternalName: an alias for {service.spec.external_name}")
        seen = f"clients connect to {target} at port {question.port}, and call it {question.host}"
        journey.find(FindingId.EXTERNAL_NAME_IS_AN_ALIAS, seen, about=service, path="spec.externalName")
        text = f"the client connects to {target}:{question.port} itself: no Service has a say in it"
        return journey.ends(OutcomeKind.LEAVES, text)
    if resolved.is_foreign:
        return journey.ends(OutcomeKind.LEAVES, "leaves the cluster: no Service is on this way")
    if service is not None and service.is_headless:
        return without_addresses(journey, service)
    explain_problems(journey)
    return journey.ends(OutcomeKind.UNRESOLVED, f"curl: (6) Could not resolve host: {question.host}")


def _arrive(journey: Journey, address: str) -> Explanation:
    """The client has an address: whose is it?"""
    journey.goes_to(address)
    if journey.question.port == 0:
        return pinged(journey, address)
    match destination_of(journey.world, journey.origin, address, journey.question):
        case Ported() as ported:
            return through_frontend(journey, ported)
        case Balancers() as balancers:
            return through_balancer(journey, balancers, _arrive_at_node)
        case PodAddress(pod):
            return _at_pod(journey, address, pod)
        case Unreachable(text, service):
            journey.service = str(service.key)
            journey.bad("address", f"{address} is the clusterIP of {service.key}", text)
            journey.find(FindingId.CLUSTER_IP_FROM_OUTSIDE, f"{address} is asked from outside", about=service)
            return journey.ends(
                OutcomeKind.TIMED_OUT, "times out, or is unreachable: no route leads there from outside"
            )
        case Nobodys():
            journey.bad("address", f"{address} is in the Service range, and no Service has it")
            journey.find(FindingId.UNALLOCATED_ADDRESS, f"{address} belongs to no Service")
            return journey.ends(OutcomeKind.TIMED_OUT, "times out: packets to an address of nobody are dropped")
        case OwnLoopback():
            journey.bad("address", f"{address} is the pod's own loopback: no Service is there")
            return journey.ends(OutcomeKind.REFUSED, "refused, unless the pod itself listens there")
        case Outside():
            journey.note("address", f"{address} belongs to nobody in the cluster")
            return journey.ends(OutcomeKind.LEAVES, "leaves the cluster: no Service is on this way")
        case NodeAddress() as place:
            return at_no_frontend(journey, place)


def _arrive_at_node(journey: Journey, node: str, address: str, port: int) -> Ported | None:
    """The frontend behind a load balancer: the nodePort of a node."""
    ported = destination_of(journey.world, journey.origin, address, journey.question, node=node, port=port)
    return ported if isinstance(ported, Ported) else None


def _at_pod(journey: Journey, address: str, pod: Pod) -> Explanation:
    port = journey.question.port
    journey.good("address", f"{address} is pod {pod.key}'s own: no Service is on this way")
    key = key_of(address, journey.question)
    text = f"connected, if the pod listens on {port}/{key.protocol}"
    return journey.ends(OutcomeKind.CONNECTED, text, [f"{address}:{port}"])
