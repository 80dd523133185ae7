"""Pure: a headless Service: the client has the pods' own addresses, and no proxy is involved."""

from collections.abc import Sequence

import msgspec

from controlplane.objects import Service, ServicePort
from proxy.addresstext import IPV4, family_of

from .candidates import LOOPS, Behind, behind, rows_of, source_of, table_of
from .findingids import FindingId
from .journey import Journey
from .model import EndpointRow, Explanation, Mark, OutcomeKind
from .throughservice import tell_service
from .whynone import find_why_none


def through_headless(journey: Journey, service: Service, addresses: Sequence[str]) -> Explanation:
    """The client connects to one of the addresses, at the port that it asked for."""
    journey.goes_to(addresses[0])
    tell_service(journey, service, _port_named(service, journey.question.port))
    journey.good(
        "address", "the addresses are the pods' own: no proxy is on this way", "the client chooses, mostly the first"
    )
    what = _listed(journey, service, addresses)
    asked = journey.question.port
    numbers = sorted({info.endpoint.port for info in what.infos})
    targets = [f"{address}:{asked}" for address in addresses]
    if numbers and asked not in numbers:
        text = ", ".join(map(str, numbers))
        journey.bad("port", f"{asked} is not what the pods listen on: {text}", "a headless Service translates no ports")
        seen = f"port {asked} is asked, the endpoints' port is {text}"
        journey.find(
            FindingId.HEADLESS_KEEPS_THE_PORT, seen, f"connect to port {text}", about=service, path="spec.ports"
        )
        return journey.ends(OutcomeKind.REFUSED, f"refused by the pod, unless it listens on {asked} as well", targets)
    journey.good("port", f"{asked}, as the client asked: a headless Service translates no ports")
    journey.note("seen as", "the client itself: nothing is in between")
    return journey.ends(
        OutcomeKind.CONNECTED, f"connected to {'one of ' if len(targets) > 1 else ''}{', '.join(targets)}", targets
    )


def without_addresses(journey: Journey, service: Service) -> Explanation:
    """DNS has nothing to answer, since no endpoint is ready."""
    tell_service(journey, service, _port_named(service, journey.question.port))
    what = _listed(journey, service, ())
    find_why_none(journey, what, is_local=False)
    seen = "a headless Service without a ready endpoint has no name in DNS: NXDOMAIN"
    journey.find_cause(seen, service)
    return journey.ends(OutcomeKind.UNRESOLVED, f"curl: (6) Could not resolve host: {journey.question.host}")


def _listed(journey: Journey, service: Service, addresses: Sequence[str]) -> Behind:
    """The endpoint list; those in use are the ones that DNS gave."""
    families = service.spec.ip_families or (IPV4,)
    family = family_of(addresses[0]) if addresses else families[0]
    port = _port_named(service, journey.question.port) or ServicePort(protocol="TCP")
    what = behind(journey.world, service, port, family)
    used = [info.endpoint for info in what.infos if info.endpoint.address in addresses]
    rows = tuple(_renamed(row) for row in rows_of(journey.world, what, used, journey.origin.node, is_local=False))
    journey.endpoints = rows
    text = f"{len(used)} of {len(rows)} are what the name stands for" if rows else "there are none"
    because = source_of(what.slices).text if rows else ""
    journey.step("endpoints", Mark.GOOD if used else Mark.BAD, text, because, table=table_of(rows))
    return what


def _renamed(row: EndpointRow) -> EndpointRow:
    """An endpoint that is ready and not in the answer has a name of its own, and another one was asked for."""
    return msgspec.structs.replace(row, reason="it has another name") if row.reason == LOOPS else row


def _port_named(service: Service, number: int) -> ServicePort | None:
    """The Service's port that the client means, by its own number or the pods'."""
    by_number = (port for port in service.spec.ports if number in (port.port, port.target_port))
    return next(by_number, next(iter(service.spec.ports), None))
