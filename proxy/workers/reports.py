"""Pure: what workers count, on its way into the program's counters.

A worker's counters hold what was counted since its last report: to report is to take the numbers and leave zeros.
"""

from collections import Counter
from enum import StrEnum
from typing import TypeVar

import msgspec

from proxy.counters import DialOutcome, DropReason, EndpointCounters, PauseReason, ServiceCounters, UnservedReason
from proxy.flows import FlowEnd
from proxy.model import Endpoint, ServicePortName

_Reason = TypeVar("_Reason", bound=StrEnum)


class EndpointReport(msgspec.Struct, frozen=True, array_like=True):
    """One endpoint's numbers since the last report; `open` is how they changed, and may be negative."""

    endpoint: Endpoint
    opened: int
    open: int
    resets: int
    from_clients: int  # bytes, as to_clients
    to_clients: int
    dial_failures: dict[DialOutcome, int]


class ServiceReport(msgspec.Struct, frozen=True, array_like=True):
    """One service port's numbers since the last report."""

    service: ServicePortName
    accepted: int
    closed: int
    unserved_for: dict[UnservedReason, int]
    drops: dict[DropReason, int]
    flow_ends: dict[FlowEnd, int]
    endpoints: tuple[EndpointReport, ...]


class Report(msgspec.Struct, frozen=True, array_like=True):
    """What a worker says of itself; `services` are those about which there is news."""

    epoch: int  # of the last `Forget` that it has heard
    taken: int  # how many clients it has received, ever
    connections: int  # that it has now, dials among them
    held: int  # descriptors
    timers: int  # deadlines
    pauses: dict[PauseReason, int]
    services: tuple[ServiceReport, ...]


def take(name: ServicePortName, counters: ServiceCounters) -> ServiceReport:
    """The numbers of a service port, which begin at zero again."""
    report = ServiceReport(
        name,
        counters.accepted,
        counters.closed,
        take_counts(counters.unserved_for),
        take_counts(counters.drops),
        take_counts(counters.flow_ends),
        tuple(_take_endpoint(endpoint, each) for endpoint, each in counters.endpoints.items() if _has_news(each)),
    )
    counters.accepted = counters.closed = counters.unserved = 0
    return report


def take_counts(counts: Counter[_Reason]) -> dict[_Reason, int]:
    """The counts, which begin at zero again."""
    taken = dict(counts)
    counts.clear()
    return taken


def _take_endpoint(endpoint: Endpoint, counters: EndpointCounters) -> EndpointReport:
    report = EndpointReport(
        endpoint,
        counters.opened,
        counters.open,
        counters.resets,
        counters.from_clients.bytes,
        counters.to_clients.bytes,
        take_counts(counters.dial_failures),
    )
    counters.opened = counters.open = counters.resets = 0
    counters.from_clients.bytes = counters.to_clients.bytes = 0
    return report


def _has_news(counters: EndpointCounters) -> bool:
    return bool(
        counters.opened
        or counters.open
        or counters.resets
        or counters.from_clients.bytes
        or counters.to_clients.bytes
        or counters.dial_failures
    )
