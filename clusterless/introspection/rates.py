"""Pure: how fast counts grew between two statuses, per second."""

from collections.abc import Mapping
from typing import NamedTuple

from .status import EndpointPart, ServicePart, Status


class ServiceName(NamedTuple):
    """What balances as one, as a status names it."""

    namespace: str
    name: str
    port: str
    protocol: str


class Rate(NamedTuple):
    """Of one Service port, or one endpoint of it."""

    connections: float = 0.0
    bytes_in: float = 0.0
    bytes_out: float = 0.0

    def __add__(self, other: object) -> "Rate":
        assert isinstance(other, Rate)
        return Rate(*(one + another for one, another in zip(self, other, strict=True)))


class Rates(NamedTuple):
    """All rates; what is new has none yet."""

    services: Mapping[ServiceName, Rate]
    endpoints: Mapping[tuple[ServiceName, str], Rate]
    questions: float = 0.0

    @property
    def total(self) -> Rate:
        """Of all Service ports together."""
        return sum(self.services.values(), start=Rate())


def service_name(part: ServicePart) -> ServiceName:
    """The identity of a Service port."""
    return ServiceName(part.namespace, part.name, part.port, part.protocol)


def rates(before: Status | None, after: Status) -> Rates:
    """The rates between them; none without a `before`, or when the agent began anew in between."""
    seconds = after.time - before.time if before else 0.0
    if before is None or seconds <= 0:
        return Rates({}, {})
    known = {service_name(each): each for each in before.services}
    services: dict[ServiceName, Rate] = {}
    endpoints: dict[tuple[ServiceName, str], Rate] = {}
    for part in after.services:
        name = service_name(part)
        if (earlier := known.get(name)) is None:
            continue
        grown = (part.accepted - earlier.accepted, part.bytes_in - earlier.bytes_in, part.bytes_out - earlier.bytes_out)
        services[name] = _per_second(grown, seconds)
        were = {each.address: each for each in earlier.endpoints}
        for each in part.endpoints:
            if (was := were.get(each.address)) is not None:
                endpoints[name, each.address] = _per_second(_grown(was, each), seconds)
    return Rates(services, endpoints, _questions(before, after) / seconds)


def _grown(before: EndpointPart, after: EndpointPart) -> tuple[int, int, int]:
    return (
        after.opened - before.opened,
        after.bytes_in - before.bytes_in,
        after.bytes_out - before.bytes_out,
    )


def _per_second(grown: tuple[int, int, int], seconds: float) -> Rate:
    return Rate(*(max(0, each) / seconds for each in grown))


def _questions(before: Status, after: Status) -> int:
    if before.dns is None or after.dns is None:
        return 0
    return max(0, sum(after.dns.questions.values()) - sum(before.dns.questions.values()))


def short_number(value: float, unit: str = "") -> str:
    """`1.2k`, `34M`: at most three digits; nothing for nothing."""
    if value < 0.05:
        return ""
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor * 0.9995:
            scaled = value / factor
            return f"{scaled:.0f}{letter}{unit}" if scaled >= 99.95 else f"{scaled:.1f}{letter}{unit}"
    return f"{value:.0f}{unit}" if value >= 9.95 or value == int(value) else f"{value:.1f}{unit}"
