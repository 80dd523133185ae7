"""Pure: the endpoints that DNS shows of a Service's EndpointSlices, and their names (CoreDNS object/endpoint.go)."""

from collections.abc import Iterable
from typing import NamedTuple

from controlplane.objects import Endpoint, EndpointPort, EndpointSlice

NO_PORT = -1  # a slice without ports: addresses are served, SRV records are not
_MAX_LABEL = 63


class EndpointName(NamedTuple):
    """One ready address and the label that stands for it below its Service."""

    address: str
    name: str
    zone: str = ""  # the topology zone that it is in, in lower case


class NamedPort(NamedTuple):
    """A port of a slice or of a Service; name and protocol in lower case, as questions are."""

    name: str
    protocol: str
    number: int

    def matches(self, name: str, protocol: str) -> bool:
        """Whether a question for port `name` and `protocol` means this one; an empty part means any."""
        return name in ("", self.name) and protocol in ("", self.protocol)


class EndpointGroup(NamedTuple):
    """The ready endpoints of one slice, which all have the same ports."""

    endpoints: tuple[EndpointName, ...]
    ports: tuple[NamedPort, ...]


def groups_of(slices: Iterable[EndpointSlice], *, pod_names: bool) -> tuple[EndpointGroup, ...]:
    """What of the slices is served: endpoints that are ready or do not say, with all their addresses.

    `pod_names` is the option `endpoint_pod_names`. Slices of type FQDN hold no addresses.
    """
    return tuple(
        EndpointGroup(_endpoints(each, pod_names=pod_names), _ports(each.ports))
        for each in slices
        if each.address_type != "FQDN"
    )


def _endpoints(endpoint_slice: EndpointSlice, *, pod_names: bool) -> tuple[EndpointName, ...]:
    return tuple(
        [
            EndpointName(address, endpoint_name(endpoint, address, pod_names=pod_names), (endpoint.zone or "").lower())
            for endpoint in endpoint_slice.endpoints
            if endpoint.conditions.is_ready
            for address in endpoint.addresses
        ]
    )


def _ports(ports: tuple[EndpointPort, ...]) -> tuple[NamedPort, ...]:
    if not ports:
        return (NamedPort("", "", NO_PORT),)
    return tuple([NamedPort(p.name.lower(), p.protocol.lower(), NO_PORT if p.port is None else p.port) for p in ports])


def endpoint_name(endpoint: Endpoint, address: str, *, pod_names: bool) -> str:
    """The endpoint's label: its hostname, else with `pod_names` its pod's name, else its address with dashes."""
    if endpoint.hostname:
        return endpoint.hostname
    pod = endpoint.target_ref.name if endpoint.target_ref and pod_names else ""
    return pod if 0 < len(pod) <= _MAX_LABEL else dashed(address)


def dashed(address: str) -> str:
    """`10-0-0-1`, `fd00--1`; a `0` follows a dash at the end, where no label may have one."""
    label = address.replace(".", "-").replace(":", "-")
    return f"{label}0" if label.endswith("-") else label
