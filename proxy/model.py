"""Pure: the types of the data plane. It never sees a Kubernetes object, only these."""

import typing
from collections.abc import Collection
from enum import Enum, StrEnum
from typing import NamedTuple

import msgspec

from controlplane.objects import Protocol

__all__ = [
    "Chooser",
    "Endpoint",
    "Frontend",
    "FrontendKey",
    "FrontendKind",
    "FrontendState",
    "FrontendStatus",
    "Protocol",
    "ServicePortName",
    "Verdict",
]


class ServicePortName(NamedTuple):
    """What balances as one: kube-proxy's key (`pkg/proxy/types.go`). `port` is the port's name, `""` if it has none."""

    namespace: str
    name: str
    port: str
    protocol: Protocol

    def __str__(self) -> str:
        suffix = f":{self.port}" if self.port else ""
        return f"{self.namespace}/{self.name}{suffix}"


class FrontendKey(NamedTuple):
    """Where clients connect; the address is canonical text, IPv4 or IPv6."""

    address: str
    port: int
    protocol: Protocol

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is an IPv6 one."""
        return ":" in self.address

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.is_ipv6 else self.address
        return f"{host}:{self.port}/{self.protocol}"


class FrontendKind(StrEnum):
    """The kind of address that a frontend listens on: kube-proxy's rules differ by it."""

    CLUSTER_IP = "ClusterIP"
    EXTERNAL_IP = "ExternalIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class Endpoint(NamedTuple):
    """Where a connection may go."""

    address: str
    port: int
    node: str = ""  # "" is never local

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class Verdict(Enum):
    """What happens to a connection that no endpoint serves; see the verdict matrix in docs/departures.md."""

    REJECT = "reject"  # refused at once
    DROP = "drop"  # the client times out


class Frontend(msgspec.Struct, frozen=True):
    """One address and port of one Service port, with all that decides where its connections go.

    `internal` serves clients inside the cluster (pods, and the node itself) and `external` the others; they differ
    only under externalTrafficPolicy Local. An empty list means that clients of that side get `verdict`.
    """

    key: FrontendKey
    kind: FrontendKind
    service: ServicePortName
    internal: tuple[Endpoint, ...]
    external: tuple[Endpoint, ...]
    verdict: Verdict = Verdict.REJECT  # for a side without endpoints
    affinity_seconds: int = 0  # sessionAffinity ClientIP; 0 is None
    source_ranges: tuple[str, ...] = ()  # loadBalancerSourceRanges of the key's family; () allows all
    draining: tuple[Endpoint, ...] = ()  # UDP: these answer and keep the flows that they have, but get no new ones

    @property
    def is_rejected(self) -> bool:
        """Whether nobody is served and everybody is refused, so that no socket should be open."""
        return not self.internal and not self.external and self.verdict is Verdict.REJECT


class FrontendState(StrEnum):
    """How a frontend stands on this node."""

    SERVING = "serving"
    REJECTING = "rejecting"  # no endpoints: connections are refused, as they should be
    DROPPING = "dropping"  # endpoints elsewhere only: connections time out, as they should
    SERVED_ELSEWHERE = "served elsewhere"  # the DNS server's own port, or another host's address
    UNSUPPORTED = "unsupported"  # a protocol that is not proxied
    FAILED = "failed"  # the address or port could not be had; retried


class FrontendStatus(NamedTuple):
    """A frontend's state, with the reason where it is not plain."""

    state: FrontendState
    message: str = ""


class Chooser(typing.Protocol):
    """What the relay asks about every connection; the balancer is one. All calls are synchronous and never block."""

    def pick(self, frontend: Frontend, client: str, now: float, tried: Collection[Endpoint]) -> Endpoint | None:
        """The endpoint for a connection of `client` (its address) at `now` (monotonic seconds), none of `tried`.

        `None` when there is none left, and for a client whose side has no endpoints.
        """
        ...

    def dial_failed(self, frontend: Frontend, client: str, endpoint: Endpoint) -> None:
        """The endpoint did not take the connection: an affinity to it is over."""
        ...

    def opened(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """A connection to the endpoint is established."""
        ...

    def closed(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """A connection that was `opened` is over; the frontend is the one that `opened` was told."""
        ...
