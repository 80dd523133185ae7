"""Pure: what the data plane counts, as plain numbers for whoever exports them.

The hot path adds to one object, the endpoint's; sums over a Service are made when somebody asks. What an endpoint that
left had counted stays in its Service's sum, so that sums only grow; what a Service that left had counted is gone.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum

from .flows import FlowEnd
from .model import Endpoint, ServicePortName


class DialOutcome(StrEnum):
    """Why a dial did not give a connection."""

    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # no route, or a host or network that says so
    TIMED_OUT = "timed out"
    PROHIBITED = "prohibited"  # a firewall or policy of this host, or an answer that says so
    NO_PORTS = "no local ports left"
    NO_DESCRIPTORS = "no descriptors or memory left"


class DropReason(StrEnum):
    """Why a UDP datagram went no further."""

    NO_ENDPOINT = "no endpoint"  # for this client, or it may not come in
    UNREACHABLE = "unreachable"  # no endpoint's address could be dialled, or no way back to the client
    NO_DESCRIPTORS = "no descriptors or memory left"
    QUEUE_FULL = "queue full"
    TOO_LONG = "too long"
    PROHIBITED = "prohibited"  # a firewall or policy of this host
    FAULT = "fault"  # a bug of ours, which the log tells


class UnservedReason(StrEnum):
    """Why a TCP client that was accepted got no endpoint."""

    NO_ENDPOINT = "no endpoint"  # for this client; where the kernel may not drop, it is reset for its source as well
    DIALS_FAILED = "dials failed"
    CLIENT_LEFT = "client left"  # it reset the connection while it waited
    STOPPED = "stopped"  # the program ends, or a bug of ours, which the log tells


class KernelDrop(StrEnum):
    """Why the kernel dropped packets at a frontend's socket before anybody here saw them."""

    POLICY = "policy"  # nobody may come in: endpoints elsewhere only, under a traffic policy of Local
    SOURCE_RANGE = "source range"  # this client may not come in
    QUEUE_FULL = "queue full"  # more clients or datagrams than the socket holds


class PauseReason(StrEnum):
    """Why accepting stopped for a while, on all listeners."""

    LIMIT = "connection limit"  # our own, below the process's limit of descriptors
    EXHAUSTED = "out of descriptors or memory"  # the kernel said EMFILE, ENFILE, ENOBUFS or ENOMEM


class Tally:
    """Bytes read in one direction, by all connections of one endpoint."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class EndpointCounters:
    """One endpoint of one Service port. Bytes count as they are read."""

    __slots__ = ("dial_failures", "from_clients", "open", "opened", "resets", "to_clients")

    def __init__(self) -> None:
        self.opened = 0
        self.open = 0
        self.resets = 0  # connections that ended with a reset, from either side or from us
        self.from_clients = Tally()
        self.to_clients = Tally()
        self.dial_failures: Counter[DialOutcome] = Counter()

    def add(self, other: "EndpointCounters") -> None:
        """Add another endpoint's numbers to these."""
        self.opened += other.opened
        self.open += other.open
        self.resets += other.resets
        self.from_clients.bytes += other.from_clients.bytes
        self.to_clients.bytes += other.to_clients.bytes
        self.dial_failures.update(other.dial_failures)


class ServiceCounters:
    """One Service port."""

    __slots__ = (
        "_retired",
        "accepted",
        "closed",
        "drops",
        "endpoints",
        "flow_ends",
        "kernel_drops",
        "unserved",
        "unserved_for",
    )

    def __init__(self) -> None:
        self.accepted = 0  # TCP clients, UDP flows
        self.closed = 0  # of those accepted; the others are open or dialling
        self.unserved = 0  # of those closed, clients whom no endpoint took
        self.unserved_for: Counter[UnservedReason] = Counter()  # the same, by reason
        self.kernel_drops: Counter[KernelDrop] = Counter()  # packets, as of the last time that somebody looked
        self.endpoints: dict[Endpoint, EndpointCounters] = {}
        self.drops: Counter[DropReason] = Counter()
        self.flow_ends: Counter[FlowEnd] = Counter()
        self._retired: list[EndpointCounters] = []  # still counting: connections outlive their endpoint's membership

    @property
    def active(self) -> int:
        """Connections that are open, or waiting for an endpoint."""
        return self.accepted - self.closed

    def endpoint(self, endpoint: Endpoint) -> EndpointCounters:
        """The endpoint's counters, made on first use."""
        counters = self.endpoints.get(endpoint)
        if counters is None:
            counters = self.endpoints[endpoint] = EndpointCounters()
        return counters

    def total(self) -> EndpointCounters:
        """The sum over all endpoints that the Service has or had."""
        total = EndpointCounters()
        for counters in (*self._retired, *self.endpoints.values()):
            total.add(counters)
        return total

    def retain(self, endpoints: Collection[Endpoint]) -> None:
        """Forget the endpoints that are not among these as such, and keep what they counted in `total`."""
        for endpoint in [each for each in self.endpoints if each not in endpoints]:
            self._retired.append(self.endpoints.pop(endpoint))
        if len(self._retired) > 1:
            self._fold_retired()

    def _fold_retired(self) -> None:
        """Make one of the retired endpoints that have no connection left, so that their number stays bounded."""
        folded = EndpointCounters()
        for counters in [each for each in self._retired if not each.open]:
            folded.add(counters)
        self._retired = [folded, *(each for each in self._retired if each.open)]


class Counters:
    """All of the data plane's numbers."""

    def __init__(self) -> None:
        self.services: dict[ServicePortName, ServiceCounters] = {}
        self.accept_pauses: Counter[PauseReason] = Counter()

    def service(self, name: ServicePortName) -> ServiceCounters:
        """The Service port's counters, made on first use."""
        counters = self.services.get(name)
        if counters is None:
            counters = self.services[name] = ServiceCounters()
        return counters

    def retain(self, services: Mapping[ServicePortName, Collection[Endpoint]]) -> None:
        """Keep these Service ports and endpoints only: the number of entries is bounded by what the manifests say.

        Connections of a Service that left go on counting into its old entry, which nobody sees any more.
        """
        for name in [each for each in self.services if each not in services]:
            del self.services[name]
        for name, counters in self.services.items():
            counters.retain(services[name])
