"""Pure: what `/clusterless/v1/status` says: how every Service port stands and what it carried, as JSON in camelCase.

Counts are since the start, times are seconds. It is bounded: what is left out is counted.
"""

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class FrontendPart(_Part, frozen=True):
    """One address and port where clients connect."""

    address: str  # `10.96.0.10:80/TCP`
    kind: str
    state: str
    message: str = ""


class EndpointPart(_Part, frozen=True):
    """One endpoint; those that are not in rotation have connections left from when they were."""

    address: str  # `10.244.1.5:8080`
    node: str = ""
    in_rotation: bool = True
    open: int = 0
    opened: int = 0
    resets: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    dial_failures: dict[str, int] = {}


class ServicePart(_Part, frozen=True):
    """One Service port."""

    namespace: str
    name: str
    port: str = ""  # the port's name
    protocol: str = "TCP"
    frontends: tuple[FrontendPart, ...] = ()
    endpoints: tuple[EndpointPart, ...] = ()
    accepted: int = 0  # TCP clients and UDP flows
    active: int = 0
    resets: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    unserved: dict[str, int] = {}  # TCP clients that were accepted, and got no endpoint, by reason
    kernel_drops: dict[str, int] = {}  # packets that the kernel dropped, by reason
    datagram_drops: dict[str, int] = {}
    dial_failures: dict[str, int] = {}
    flow_ends: dict[str, int] = {}
    affinity_seconds: int = 0

    @property
    def title(self) -> str:
        """`default/web:http`."""
        return f"{self.namespace}/{self.name}" + (f":{self.port}" if self.port else "")


class FlowPart(_Part, frozen=True):
    """One UDP flow."""

    service: str
    frontend: str
    client: str
    endpoint: str
    answered: bool
    idle_seconds: float


class AffinityPart(_Part, frozen=True):
    """Where a client of a Service with session affinity comes back to, and for how long yet."""

    service: str
    client: str
    endpoint: str
    expires_in_seconds: float


class DnsPart(_Part, frozen=True):
    """The DNS server."""

    questions: dict[str, int] = {}  # by type
    answers: dict[str, int] = {}  # by rcode
    zones: dict[str, int] = {}  # questions by zone
    packed_already: int = 0  # answers that needed no thought
    cached: int = 0
    shed: int = 0
    turned_away: dict[str, int] = {}


class Status(_Part, frozen=True):
    """Everything; the busiest come first where not all can be told."""

    node: str
    generation: int
    time: float  # seconds since 1970
    frontends: dict[str, int] = {}  # by state
    services: tuple[ServicePart, ...] = ()
    services_left_out: int = 0
    flows: tuple[FlowPart, ...] = ()
    flows_left_out: int = 0
    affinities: tuple[AffinityPart, ...] = ()
    affinities_left_out: int = 0
    dns: DnsPart | None = None
    accept_pauses: dict[str, int] = {}
    descriptors: int = 0
    descriptor_budget: int = 0
