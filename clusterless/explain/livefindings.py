"""Pure: what only a running agent sees: who is connected where, who is pinned, and how even it is."""

from collections.abc import Collection, Mapping, Sequence

from controlplane.objects import Service
from proxy.model import Endpoint, Frontend, Protocol

from .findingids import FindingId
from .journey import Journey

_FEW = 10  # connections below which a difference says nothing
_MOST_PINS = 5


def pin_of(journey: Journey, frontend: Frontend, node: str, client: str) -> tuple[Endpoint, float] | None:
    """The client's session affinity on the node, with the seconds that are left."""
    live = journey.world.live_at(node)
    if live is None or not frontend.affinity_seconds:
        return None
    return live.pins_of(frontend.service, frontend.affinity_seconds).get(client)


def find_live(journey: Journey, service: Service, frontend: Frontend, node: str, used: Sequence[Endpoint]) -> None:
    """Findings about connections, flows and affinities as they are now."""
    if frontend.affinity_seconds:
        _affinity(journey, service, frontend, node)
    live = journey.world.live_at(node)
    if live is None:
        return
    connections = live.connections_of(frontend.service)
    is_udp = frontend.key.protocol is Protocol.UDP
    usable = {*used, *frontend.internal, *frontend.external}
    stale = {endpoint: count for endpoint, count in connections.items() if endpoint not in usable}
    if stale:
        kind = FindingId.UDP_FLOW_STICKS if is_udp else FindingId.CONNECTIONS_OUTLIVE_ENDPOINTS
        journey.find(kind, f"open to endpoints that get no new ones: {_counts(stale)}", about=service)
    elif is_udp and connections:
        journey.find(FindingId.UDP_FLOW_STICKS, f"flows now: {_counts(connections)}", about=service)
    if not is_udp and used and not frontend.affinity_seconds:
        _spread(journey, service, used, connections, live.opened_of(frontend.service))


def _affinity(journey: Journey, service: Service, frontend: Frontend, node: str) -> None:
    live = journey.world.live_at(node)
    pins = live.pins_of(frontend.service, frontend.affinity_seconds) if live else {}
    shown = [f"{client} → {pin[0]} ({pin[1]:.0f} s left)" for client, pin in list(pins.items())[-_MOST_PINS:]]
    seen = f"each source address keeps its endpoint for {frontend.affinity_seconds} s"
    if shown:
        seen += f"; now {len(pins)}: {', '.join(shown)}"
    journey.find(FindingId.AFFINITY_BY_ADDRESS, seen, about=service, path="spec.sessionAffinity")


def _spread(
    journey: Journey,
    service: Service,
    used: Collection[Endpoint],
    connections: Mapping[Endpoint, int],
    opened: Mapping[Endpoint, int],
) -> None:
    """Open connections pile up where they began; those that were opened may be few, or uneven beyond chance."""
    held = {endpoint: connections.get(endpoint, 0) for endpoint in used}
    got = {endpoint: opened.get(endpoint, 0) for endpoint in used}
    if len(held) > 1 and sum(held.values()) >= _FEW and min(held.values()) * 3 < max(held.values()):
        seen = f"open now: {_counts(held)}"
        journey.find(FindingId.LONG_LIVED_CONNECTIONS, seen, about=service)
    elif len(got) > 1 and max(got.values()) - min(got.values()) > 1:
        journey.find(
            FindingId.UNEVEN_SPREAD,
            f"connections since each is an endpoint: {_counts(got)}; {_judged(got)}",
            about=service,
        )


def _judged(counts: Mapping[Endpoint, int]) -> str:
    """Pearson's chi-square against an even spread, at the usual 5 % (Wilson and Hilferty's approximation)."""
    expected = sum(counts.values()) / len(counts)
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    freedom = len(counts) - 1
    bound = freedom * (1 - 2 / (9 * freedom) + 1.645 * (2 / (9 * freedom)) ** 0.5) ** 3
    word = "which chance alone may do" if chi_square <= bound else "more than chance alone does"
    return f"chi-square {chi_square:.1f}, {word} (up to {bound:.1f})"


def _counts(counts: Mapping[Endpoint, int]) -> str:
    return ", ".join(f"{endpoint} {count}" for endpoint, count in sorted(counts.items()))
