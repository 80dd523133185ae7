"""Pure: what a data plane carries, as the parts of a Status."""

import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from itertools import chain, islice

import msgspec

from dns.counters import Counters as DnsCounters
from proxy.counters import Counters, EndpointCounters, ServiceCounters
from proxy.desired import Desired
from proxy.flows import Client
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendStatus, ServicePortName

from .status import AffinityPart, DnsPart, EndpointPart, FlowPart, FrontendPart, ServicePart, Status

MOST_SERVICES = 500
MOST_ROWS = 200  # of flows, and of affinities


class OpenFlow(typing.NamedTuple):
    """A UDP flow; `active_at` is in monotonic seconds."""

    frontend: Frontend
    client: Client
    endpoint: Endpoint
    is_answered: bool
    active_at: float


class Carried(typing.NamedTuple):
    """What is asked of a data plane at one moment, `now` in monotonic seconds."""

    desired: Desired
    statuses: Mapping[FrontendKey, FrontendStatus]
    counters: Counters
    flows: Iterable[OpenFlow]
    connections_of: Callable[[ServicePortName], Mapping[Endpoint, int]]
    pins_of: Callable[[ServicePortName, float, float], Mapping[str, tuple[Endpoint, float]]]
    descriptors: int
    descriptor_budget: int
    now: float


class StatusSource(typing.NamedTuple):
    """What a status is made of; a DNS server alone carries nothing."""

    node: str
    generation: int
    carried: Carried | None = None
    dns: DnsCounters | None = None


def status(source: StatusSource, namespace: str, now: float) -> Status:
    """How all stands at `now`, in seconds since 1970, of one namespace or (`""`) of all."""
    found = Status(
        node=source.node,
        generation=source.generation,
        time=now,
        dns=dns_part(source.dns) if source.dns else None,
    )
    carried = source.carried
    if carried is None:
        return found
    services, services_left_out = _services(carried, namespace)
    flows, flows_left_out = _flows(carried, namespace)
    affinities, affinities_left_out = _affinities(carried, namespace)
    return msgspec.structs.replace(
        found,
        frontends=_counts(Counter(each.state for each in carried.statuses.values())),
        services=services,
        services_left_out=services_left_out,
        flows=flows,
        flows_left_out=flows_left_out,
        affinities=affinities,
        affinities_left_out=affinities_left_out,
        accept_pauses=_counts(carried.counters.accept_pauses),
        descriptors=carried.descriptors,
        descriptor_budget=carried.descriptor_budget,
    )


def _services(carried: Carried, namespace: str) -> tuple[tuple[ServicePart, ...], int]:
    """The Service ports of a namespace (`""` for all), sorted, and how many of them are left out."""
    frontends: dict[ServicePortName, list[Frontend]] = {}
    for frontend in carried.desired.frontends.values():
        if namespace in ("", frontend.service.namespace):
            frontends.setdefault(frontend.service, []).append(frontend)
    counted = carried.counters.services
    used = sorted((name for name in counted if name in frontends), key=lambda name: _rank(counted[name], name))
    others = (name for name in frontends if name not in counted)
    busiest = list(islice(chain(used, others), MOST_SERVICES))
    parts = tuple(_service(carried, name, frontends[name]) for name in sorted(busiest))
    return parts, len(frontends) - len(parts)


def _flows(carried: Carried, namespace: str) -> tuple[tuple[FlowPart, ...], int]:
    """The flows, the freshest first, and how many are left out."""
    found = [each for each in carried.flows if namespace in ("", each.frontend.service.namespace)]
    found.sort(key=lambda each: -each.active_at)
    parts = tuple(
        FlowPart(
            service=str(each.frontend.service),
            frontend=str(each.frontend.key),
            client=_place(each.client[0], each.client[1]),
            endpoint=str(each.endpoint),
            answered=each.is_answered,
            idle_seconds=round(carried.now - each.active_at, 1),
        )
        for each in found[:MOST_ROWS]
    )
    return parts, len(found) - len(parts)


def _affinities(carried: Carried, namespace: str) -> tuple[tuple[AffinityPart, ...], int]:
    """The session affinities, those that were used last first, and how many are left out."""
    timeouts = {
        each.service: each.affinity_seconds
        for each in carried.desired.frontends.values()
        if each.affinity_seconds and namespace in ("", each.service.namespace)
    }
    found = [
        AffinityPart(service=str(name), client=client, endpoint=str(endpoint), expires_in_seconds=round(left, 1))
        for name, seconds in timeouts.items()
        for client, (endpoint, left) in carried.pins_of(name, carried.now, seconds).items()
    ]
    found.sort(key=lambda each: -each.expires_in_seconds)
    return tuple(found[:MOST_ROWS]), max(0, len(found) - MOST_ROWS)


def dns_part(counters: DnsCounters) -> DnsPart:
    """What the DNS server did."""
    questions: Counter[str] = Counter()
    zones: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for asked, count in counters.requests.items():
        questions[asked.type] += count
        zones[asked.zone] += count
    for answered, count in counters.responses.items():
        answers[answered.rcode] += count
    return DnsPart(
        questions=dict(questions),
        answers=dict(answers),
        zones=dict(zones),
        packed_already=counters.wire_cache_hits,
        cached=counters.cache_hits.total(),
        shed=counters.udp_shed + counters.tcp_shed,
        turned_away=dict(counters.turned_away),
    )


def _rank(counters: ServiceCounters, name: ServicePortName) -> tuple[int, int, ServicePortName]:
    return (-counters.active, -counters.accepted, name)


def _service(carried: Carried, name: ServicePortName, frontends: Iterable[Frontend]) -> ServicePart:
    frontends = sorted(frontends, key=lambda each: each.key)
    counters = carried.counters.services.get(name) or ServiceCounters()
    total = counters.total()
    return ServicePart(
        namespace=name.namespace,
        name=name.name,
        port=name.port,
        protocol=name.protocol.value,
        frontends=tuple(_frontend(each, carried.statuses) for each in frontends),
        endpoints=tuple(_endpoints(frontends, counters, carried.connections_of(name))),
        accepted=counters.accepted,
        active=counters.active,
        resets=total.resets,
        bytes_in=total.from_clients.bytes,
        bytes_out=total.to_clients.bytes,
        unserved=_counts(counters.unserved_for),
        kernel_drops=_counts(counters.kernel_drops),
        datagram_drops=_counts(counters.drops),
        dial_failures=_counts(total.dial_failures),
        flow_ends=_counts(counters.flow_ends),
        affinity_seconds=max((each.affinity_seconds for each in frontends), default=0),
    )


def _frontend(frontend: Frontend, statuses: Mapping[FrontendKey, FrontendStatus]) -> FrontendPart:
    status = statuses.get(frontend.key)
    return FrontendPart(
        address=str(frontend.key),
        kind=frontend.kind.value,
        state=status.state.value if status else "",
        message=status.message if status else "",
    )


def _endpoints(
    frontends: Iterable[Frontend], counters: ServiceCounters, connections: Mapping[Endpoint, int]
) -> Iterator[EndpointPart]:
    """Those in rotation, and those that only old connections are left of."""
    rotation = {each for frontend in frontends for side in (frontend.internal, frontend.external) for each in side}
    for endpoint in sorted(rotation):
        counted = counters.endpoints.get(endpoint) or EndpointCounters()
        yield EndpointPart(
            address=str(endpoint),
            node=endpoint.node,
            open=counted.open,
            opened=counted.opened,
            resets=counted.resets,
            bytes_in=counted.from_clients.bytes,
            bytes_out=counted.to_clients.bytes,
            dial_failures=_counts(counted.dial_failures),
        )
    for endpoint in sorted(connections.keys() - rotation):
        yield EndpointPart(address=str(endpoint), node=endpoint.node, in_rotation=False, open=connections[endpoint])


def _counts(counter: Mapping[typing.Any, int]) -> dict[str, int]:
    """By the reasons' own words, the most frequent first."""
    ordered = sorted(counter.items(), key=lambda item: -item[1])
    return {key.value if isinstance(key, Enum) else str(key): count for key, count in ordered if count}


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
