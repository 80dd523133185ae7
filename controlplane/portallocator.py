"""Pure: node ports (Kubernetes `registry/core/service/portallocator`, `storage/alloc.go` initNodePorts and its kin).

They are numbers without protocol: two Services cannot share one, TCP here and UDP there.
"""

import msgspec

from .fielderrors import invalid
from .numberpool import Claim, NumberPool, Refusal, Transaction, internal_error, static_band
from .objects import ServicePort, ServiceSpec
from .options import PortRange
from .service_types import allocates_node_ports, needs_health_check, needs_node_ports, node_ports_of

_LARGEST_BAND = 128  # ports, calculateRangeOffset
_FULL = "range is full"


class PortAllocator:
    """The node ports of a cluster; health check node ports come from the same range."""

    def __init__(self, ports: PortRange) -> None:
        self._range = ports
        static = static_band(ports.last - ports.first + 1, share=32, largest=_LARGEST_BAND)
        self._pool = NumberPool(ports.first, ports.last, static)

    def claims(self, spec: ServiceSpec) -> list[Claim]:
        """The node ports that a Service names, that its type has a use for, and that are in range."""
        numbers = node_ports_of(spec) if needs_node_ports(spec) else ()
        if needs_health_check(spec):
            numbers = (*numbers, spec.health_check_node_port)
        return [(self._pool, number) for number in dict.fromkeys(numbers) if number in self._pool]

    def fill(self, spec: ServiceSpec, old: ServiceSpec | None, transaction: Transaction) -> ServiceSpec | Refusal:
        """The spec with the node ports and the health check node port that it lacks."""
        if needs_node_ports(spec):
            ports = self._updated(spec, old, transaction) if old else self._created(spec, transaction)
            if isinstance(ports, Refusal):
                return ports
            spec = msgspec.structs.replace(spec, ports=ports)
        if needs_health_check(spec) and not (old and needs_health_check(old)):
            return self._with_health_check_port(spec, transaction)
        return spec

    def _created(self, spec: ServiceSpec, transaction: Transaction) -> tuple[ServicePort, ...] | Refusal:
        """The ports of a new Service: a port number has one node port, whatever its protocols."""
        wished = {port.port: port.node_port for port in reversed(spec.ports) if port.node_port}
        shared: dict[int, int] = {}
        ports: list[ServicePort] = []
        for index, port in enumerate(spec.ports):
            number = port.node_port
            if number or allocates_node_ports(spec):
                known = shared.get(port.port)
                if known and number in (0, known):
                    number = known
                else:
                    taken = self._take(index, port, number if known else wished.get(port.port, 0), transaction)
                    if isinstance(taken, Refusal):
                        return taken
                    number = taken
                shared.setdefault(port.port, number)
            ports.append(_with_node_port(port, number))
        return tuple(ports)

    def _updated(
        self, spec: ServiceSpec, old: ServiceSpec, transaction: Transaction
    ) -> tuple[ServicePort, ...] | Refusal:
        """The ports of a Service that was there before: what it held it holds, what it lacks it gets."""
        held = set(node_ports_of(old)) if needs_node_ports(old) else set()
        seen: set[tuple[str, int]] = set()
        ports: list[ServicePort] = []
        for index, port in enumerate(spec.ports):
            number = port.node_port
            if number not in held and (number or allocates_node_ports(spec)):
                taken = self._take(index, port, number, transaction)
                if isinstance(taken, Refusal):
                    return taken
                if number:
                    held.add(number)
                number = taken
            if number and (port.protocol, number) in seen:
                return internal_error(f"duplicate nodePort: {{{port.protocol} {number}}}")
            seen.add((port.protocol, number))
            ports.append(_with_node_port(port, number))
        return tuple(ports)

    def _take(self, index: int, port: ServicePort, wish: int, transaction: Transaction) -> int | Refusal:
        if not wish:
            number = transaction.take_next(self._pool, f"{transaction.owner}/{port.name}/{port.port}")
            return internal_error(f"failed to allocate a nodePort: {_FULL}") if number is None else number
        why = self._why_not(wish, transaction)
        return Refusal((invalid(f"spec.ports[{index}].nodePort", wish, why),)) if why else wish

    def _why_not(self, number: int, transaction: Transaction) -> str:
        """Take the port that is asked for; why it cannot be had, or `""`."""
        if number not in self._pool:
            return f"provided port is not in the valid range. The range of valid ports is {self._range}"
        return "" if transaction.take(self._pool, number) else "provided port is already allocated"

    def _with_health_check_port(self, spec: ServiceSpec, transaction: Transaction) -> ServiceSpec | Refusal:
        wish = spec.health_check_node_port
        if wish:
            why = self._why_not(wish, transaction)
            text = f"failed to allocate requested HealthCheck NodePort {wish}: {why}"
            return internal_error(text) if why else spec
        number = transaction.take_next(self._pool, f"{transaction.owner}/healthCheckNodePort")
        if number is None:
            return internal_error(f"failed to allocate a HealthCheck NodePort 0: {_FULL}")
        return msgspec.structs.replace(spec, health_check_node_port=number)


def _with_node_port(port: ServicePort, number: int) -> ServicePort:
    return port if port.node_port == number else msgspec.structs.replace(port, node_port=number)
