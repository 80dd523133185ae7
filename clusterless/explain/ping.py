"""Pure: what ping sees of an address, which says nothing about a Service."""

from .findingids import FindingId
from .journey import Journey
from .model import Explanation, OutcomeKind


def pinged(journey: Journey, address: str) -> Explanation:
    """A virtual address is local to a node here; kube-proxy's is not, and does not answer."""
    world = journey.world
    service = world.service_at(address)
    node = world.node_of_address(address)
    if service is None or node is not None:
        who = f"node {node.metadata.name}" if node else "whoever has it"
        journey.note("address", f"{address} is no Service's own address: {who} answers, or does not")
        return journey.ends(OutcomeKind.LEAVES, f"{who} answers ping, or does not")
    journey.service = str(service.key)
    journey.good("service", f"{service.key}, type {service.spec.type}")
    journey.good("address", f"{address} is one of its virtual addresses")
    seen = f"{address} answers ping here even without endpoints, and does not answer in a cluster even with them"
    journey.find(FindingId.PING_SAYS_NOTHING, seen, about=service)
    if not journey.origin.is_inside:
        return journey.ends(OutcomeKind.TIMED_OUT, "no answer: ping is no connection, and no route leads there")
    return journey.ends(
        OutcomeKind.ANSWERED, "answered by the node itself, not by a pod; kube-proxy's address stays silent"
    )
