"""Pure: what an explanation is made of. Its JSON form is stable: fields are added, never renamed."""

from enum import StrEnum

import msgspec

from .findingids import FindingId

API_VERSION = "clusterless/v1"


class _Shown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """In JSON names are in camel case, as Kubernetes has them."""


class Mark(StrEnum):
    """How a step went."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"  # neither: worth knowing


class Table(_Shown, frozen=True):
    """Rows below a step; `marks` has one mark a row, or nothing."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[Mark, ...] = ()


class Step(_Shown, frozen=True):
    """One step of the way: `name` is the stable word for it, `text` what happened, `because` the reasons."""

    name: str
    mark: Mark
    text: str
    because: tuple[str, ...] = ()
    table: Table | None = None


class OutcomeKind(StrEnum):
    """What the client sees."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    RESET = "reset"
    UNRESOLVED = "unresolved"  # the name has no address
    LEAVES = "leaves"  # the cluster has no say in it any more
    ANSWERED = "answered"  # a ping


GOOD_OUTCOMES = frozenset({OutcomeKind.CONNECTED, OutcomeKind.LEAVES, OutcomeKind.ANSWERED})


class Outcome(_Shown, frozen=True):
    """The end of the way; `endpoints` are those of which one gets the connection."""

    kind: OutcomeKind
    text: str
    endpoints: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the connection would come about, as far as the cluster has a say in it."""
        return self.kind in GOOD_OUTCOMES


class Finding(_Shown, frozen=True):
    """Something that people trip over: `title` and `meaning` are of its kind, `seen` and `change` of this case."""

    id: FindingId
    title: str
    seen: str
    meaning: str
    change: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""  # the field of the object
    place: str = ""  # FILE:LINE:COLUMN, where manifests are looked at


class Asked(_Shown, frozen=True):
    """One name that the client's resolver asks the DNS server for: what came for A and for AAAA."""

    name: str
    a: str
    aaaa: str


class EndpointRow(_Shown, frozen=True):
    """An endpoint, or a pod that could be one; `reason` says why connections do not go there."""

    address: str  # ADDRESS:PORT, or "" for a pod without a place
    pod: str
    node: str
    is_used: bool
    reason: str = ""
    connections: int | None = None  # open ones, where an agent is asked


class Client(_Shown, frozen=True):
    """Who asks, by one word of: pod, node, external."""

    kind: str
    name: str  # `default/web-1`, the node's name, or ""
    address: str
    node: str  # whose proxy its packets meet first, "" outside


class Question(_Shown, frozen=True):
    """What is asked; `port` 0 stands for a ping."""

    host: str
    port: int
    protocol: str


class Explanation(_Shown, frozen=True, tag_field="kind", tag="Explanation"):
    """The whole way of one connection."""

    question: Question
    client: Client
    steps: tuple[Step, ...]
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    service: str = ""  # NAMESPACE/NAME, if there is one on the way
    asked: tuple[Asked, ...] = ()
    endpoints: tuple[EndpointRow, ...] = ()
    api_version: str = API_VERSION

    @property
    def is_good(self) -> bool:
        """Whether the connection would come about."""
        return self.outcome.is_good


class ServiceRow(_Shown, frozen=True):
    """One way to a Service."""

    target: str  # ADDRESS:PORT or NAME:PORT
    kind: str  # name, ClusterIP, NodePort ...
    source: str  # from where: `a pod`, `outside`
    outcome: Outcome


class ServiceExplanation(_Shown, frozen=True, tag_field="kind", tag="ServiceExplanation"):
    """A Service with all its ports and addresses, and the whole way wherever it does not lead through."""

    service: str
    text: str  # what it is, in a line
    rows: tuple[ServiceRow, ...]
    details: tuple[Explanation, ...]
    findings: tuple[Finding, ...]
    api_version: str = API_VERSION

    @property
    def is_good(self) -> bool:
        """Whether all ways lead through."""
        return all(row.outcome.is_good for row in self.rows) and bool(self.rows)
