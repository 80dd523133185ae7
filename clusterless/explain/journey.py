"""Pure: gathers the steps of one way, and what is found on it, until it ends."""

from collections.abc import Iterable

import msgspec

from controlplane.objects import KubernetesObject, NamespacedName, Service

from .findingids import FindingId
from .findingtexts import FINDING_TEXTS
from .model import Asked, EndpointRow, Explanation, Finding, Mark, Outcome, OutcomeKind, Question, Step, Table
from .origin import Origin
from .world import World

_CAUSES = frozenset(
    {
        FindingId.SELECTOR_MATCHES_NOTHING,
        FindingId.PORT_NAME_MISMATCH,
        FindingId.TARGET_PORT_NOT_DECLARED,
        FindingId.PODS_NOT_READY,
        FindingId.PODS_NOT_RUNNING,
        FindingId.ENDPOINT_LOOPS,
        FindingId.NO_ENDPOINTS,
    }
)


class Journey:
    """One way under construction: each part adds its steps, and the last one calls `ends`."""

    def __init__(self, world: World, question: Question, origin: Origin) -> None:
        self.world = world
        self.question = question
        self.origin = origin
        self.steps: list[Step] = []
        self.asked: tuple[Asked, ...] = ()
        self.endpoints: tuple[EndpointRow, ...] = ()
        self.service = ""
        self._findings: dict[tuple[FindingId, str], Finding] = {}
        self._address = ""

    def goes_to(self, address: str) -> None:
        """The address that the client connects to."""
        self._address = address

    def step(self, name: str, mark: Mark, text: str, *because: str, table: Table | None = None) -> None:
        """One step more; empty reasons are left out."""
        self.steps.append(Step(name=name, mark=mark, text=text, because=tuple(filter(None, because)), table=table))

    def good(self, name: str, text: str, *because: str, table: Table | None = None) -> None:
        """A step that leads on."""
        self.step(name, Mark.GOOD, text, *because, table=table)

    def bad(self, name: str, text: str, *because: str, table: Table | None = None) -> None:
        """A step that does not."""
        self.step(name, Mark.BAD, text, *because, table=table)

    def note(self, name: str, text: str, *because: str, table: Table | None = None) -> None:
        """A step that is worth knowing."""
        self.step(name, Mark.NOTE, text, *because, table=table)

    def find(
        self, kind: FindingId, seen: str, change: str = "", about: KubernetesObject | None = None, path: str = ""
    ) -> None:
        """Something that people trip over, once for each object."""
        place = self.world.place(about.kind, about.key, path) if about else ""
        found = finding(kind, seen, change, about, path=path, place=place)
        self._findings.setdefault((kind, found.name), found)

    def find_cause(self, seen: str, service: Service) -> None:
        """No endpoints: a finding of its own only where no other says why there are none."""
        if not any(kind in _CAUSES for kind, _ in self._findings):
            self.find(FindingId.NO_ENDPOINTS, seen, about=service)

    def find_all(self, findings: Iterable[Finding]) -> None:
        """The same for findings that are made already."""
        for each in findings:
            place = self.world.place(each.kind, NamespacedName(each.namespace, each.name), each.path)
            self._findings.setdefault((each.id, each.name), msgspec.structs.replace(each, place=place))

    def find_placed(self, findings: Iterable[Finding]) -> None:
        """The same for findings that know their place."""
        for each in findings:
            self._findings.setdefault((each.id, each.name), each)

    def ends(self, kind: OutcomeKind, text: str, endpoints: Iterable[str] = ()) -> Explanation:
        """The explanation; its last step is the outcome.

        Of a way that does not lead through the finding that was made last comes first: it is the one that decided.
        """
        outcome = Outcome(kind=kind, text=text, endpoints=tuple(endpoints))
        findings = tuple(self._findings.values())
        self.step("outcome", Mark.GOOD if outcome.is_good else Mark.BAD, text)
        return Explanation(
            question=self.question,
            client=self.origin.shown(self._address),
            steps=tuple(self.steps),
            outcome=outcome,
            findings=findings if outcome.is_good else findings[::-1],
            service=self.service,
            asked=self.asked,
            endpoints=self.endpoints,
        )


def finding(
    kind: FindingId,
    seen: str,
    change: str = "",
    about: KubernetesObject | None = None,
    *,
    path: str = "",
    place: str = "",
) -> Finding:
    """A finding about an object's field; without a `change` of its own it has the one of its kind."""
    text = FINDING_TEXTS[kind]
    return Finding(
        id=kind,
        title=text.title,
        seen=seen,
        meaning=text.meaning,
        change=change or text.change,
        kind=about.kind if about else "",
        namespace=about.metadata.namespace if about else "",
        name=about.metadata.name if about else "",
        path=path,
        place=place,
    )
