"""Pure: what the client sees at a frontend in the end, as the kernel's filter and the balancer decide it."""

from proxy.addresstext import is_within
from proxy.model import Protocol
from proxy.sources import allowed_sources, inside_sources

from .findingids import FindingId
from .journey import Journey
from .livefindings import pin_of
from .model import Explanation, OutcomeKind
from .passage import Passage


def outcome_of(journey: Journey, passage: Passage, *, is_allowed: bool) -> Explanation:
    """The end of the way; `is_allowed` says what source ranges say of the client."""
    frontend = passage.frontend
    if frontend.is_rejected:
        seen = f"{frontend.key} has no endpoint that may be used, on any node"
        journey.find_cause(seen, passage.service)
        return journey.ends(OutcomeKind.REFUSED, _refused(frontend.key.protocol))
    if not (is_allowed and passage.used and _lets_in(journey, passage)):
        return _dropped(journey, passage, is_allowed=is_allowed)
    pin = pin_of(journey, frontend, passage.node, passage.client)
    if pin is not None and pin[0] in passage.used:
        text = f"connected to {pin[0]}: {passage.client} is pinned to it for {pin[1]:.0f} s more"
        return journey.ends(OutcomeKind.CONNECTED, text, [str(pin[0])])
    return journey.ends(OutcomeKind.CONNECTED, _connected(journey, passage), map(str, passage.used))


def _lets_in(journey: Journey, passage: Passage) -> bool:
    """Whether the kernel hands the client's packets to the frontend's socket."""
    world = journey.world
    inside = inside_sources(world.options.cluster_cidrs, world.host_facts(passage.node).own)
    allowed = allowed_sources(passage.frontend, inside)
    return allowed is None or is_within(passage.client, allowed)


def _refused(protocol: Protocol) -> str:
    if protocol is Protocol.UDP:
        return "refused, since no endpoint may be used anywhere: ICMP port unreachable"
    return "refused at once, since no endpoint may be used anywhere (curl: (7) ... Connection refused)"


def _dropped(journey: Journey, passage: Passage, *, is_allowed: bool) -> Explanation:
    """The packets go nowhere, or the client is reset where the kernel may not drop them."""
    if is_allowed:
        seen = f"{passage.node} has none of the endpoints of {passage.service.key}, and other nodes' may not be used"
        journey.find(FindingId.NO_LOCAL_ENDPOINT, seen, about=passage.service)
    live = journey.world.live_at(passage.node)
    is_served = bool(passage.frontend.internal or passage.frontend.external)
    is_tcp = passage.frontend.key.protocol is Protocol.TCP
    if is_tcp and is_served and live is not None and live.resets(passage.frontend.key):
        return journey.ends(OutcomeKind.RESET, "connected, then reset: without CAP_NET_ADMIN packets cannot be dropped")
    why = "the packets are dropped" if is_allowed else "packets from this address are dropped"
    command = " (curl: (28) Connection timed out)" if is_tcp else ""
    return journey.ends(OutcomeKind.TIMED_OUT, f"times out: {why}{command}")


def _connected(journey: Journey, passage: Passage) -> str:
    word = "answered by" if passage.frontend.key.protocol is Protocol.UDP else "connected to"
    if len(passage.used) == 1:
        return f"{word} {passage.used[0]}"
    return f"{word} one of {len(passage.used)} endpoints, {_manner(journey, passage)}"


def _manner(journey: Journey, passage: Passage) -> str:
    if passage.frontend.affinity_seconds:
        return "and then always to the same one"
    words = {
        "rr": "which take turns",
        "random": "at random",
        "lc": "the one with the fewest connections",
        "sh": "by the client's address",
    }
    return words[journey.world.options.scheduler.value]
