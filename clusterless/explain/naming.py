"""Pure: the step from a name to addresses, with every question that the client's resolver asks."""

from collections.abc import Sequence
from typing import NamedTuple

from controlplane.hints import nearest_name
from controlplane.objects import NamespacedName, Service
from dns.model import Labels, RecordType
from dns.names import from_text, to_text
from dns.pipeline import Pipeline

from .findingids import FindingId
from .journey import Journey
from .lookups import Said, said, service_name
from .model import Asked, Mark, Table
from .origin import OriginKind
from .problemsof import refusals
from .searchlist import SearchList, search_list_of

_PLAIN = ("", "no such Service", "no such namespace")
_IN_VAIN = 3  # names asked before the right one that are worth a word


class Resolved(NamedTuple):
    """What a name came to: the Service that it is about, the CNAMEs; `is_foreign` is for others to answer."""

    addresses: tuple[str, ...] = ()
    service: Service | None = None
    aliases: tuple[Labels, ...] = ()
    is_foreign: bool = False
    is_endpoint: bool = False  # the name of one endpoint, below the Service's own


class _Tried(NamedTuple):
    """One name of the search list with its two answers."""

    name: Labels
    a: Said
    aaaa: Said

    @property
    def addresses(self) -> tuple[str, ...]:
        return (*self.a.addresses, *self.aaaa.addresses)

    @property
    def aliases(self) -> tuple[Labels, ...]:
        return self.a.aliases or self.aaaa.aliases


def resolve(journey: Journey) -> Resolved:
    """Ask as the client's resolver would, and tell; nothing is known of what upstreams would say."""
    search = search_list_of(journey.world.snapshot, journey.origin)
    try:
        names = search.names(journey.question.host)
    except ValueError:
        journey.bad("name", f"{journey.question.host} is not a domain name")
        return Resolved()
    if not search.asks_cluster:
        return _asks_others(journey, search, names)
    pipeline = journey.world.pipeline()
    tried = _ask(pipeline, names, journey.origin.address_for(""))
    journey.asked = tuple(Asked(name=to_text(each.name), a=each.a.text, aaaa=each.aaaa.text) for each in tried)
    return _judge(journey, search, tried, pipeline)


def _ask(pipeline: Pipeline, names: Sequence[Labels], client: str) -> list[_Tried]:
    """Name after name until one has an address, or is known to others only and the last."""
    tried: list[_Tried] = []
    for name in names:
        answers = [said(pipeline, name, qtype, client) for qtype in (RecordType.A, RecordType.AAAA)]
        tried.append(_Tried(name, *answers))
        if tried[-1].addresses or tried[-1].aliases:
            break
    return tried


def _judge(journey: Journey, search: SearchList, tried: Sequence[_Tried], pipeline: Pipeline) -> Resolved:
    last = tried[-1]
    service = _service_of(journey, pipeline, tried)
    if last.addresses or last.aliases:
        asked = service_name(pipeline, last.name)
        _told(journey, search, tried, Mark.GOOD, _found_text(journey, last))
        _note_detours(journey, tried)
        return Resolved(
            last.addresses, service, last.aliases, not last.addresses, is_endpoint=bool(asked and asked.is_below)
        )
    if last.a.is_unknown and service is None and len(last.name) > 1:
        upstreams = ", ".join(last.a.upstreams)
        _told(
            journey, search, tried, Mark.NOTE, f"{to_text(last.name)} is no name of the cluster: {upstreams} would know"
        )
        _note_detours(journey, tried)
        return Resolved(is_foreign=True)
    _told(journey, search, tried, Mark.BAD, f"{journey.question.host}: could not resolve host", *_reasons(tried))
    _find_missing(journey, tried, service, pipeline)
    return Resolved(service=service)


def _found_text(journey: Journey, found: _Tried) -> str:
    chain = " → ".join([to_text(found.name), *map(to_text, found.aliases)])
    types = [kind for kind, answer in (("A", found.a), ("AAAA", found.aaaa)) if answer.addresses]
    if not types:
        return f"{journey.question.host} → {chain}"
    return f"{journey.question.host} → {chain} → {', '.join(found.addresses)} ({' and '.join(types)})"


def _reasons(tried: Sequence[_Tried]) -> list[str]:
    """What the server says about its refusals, each once."""
    said_of_all = dict.fromkeys(each.a.explanation for each in tried)
    return [each for each in said_of_all if each not in _PLAIN]


def _told(journey: Journey, search: SearchList, tried: Sequence[_Tried], mark: Mark, text: str, *because: str) -> None:
    table = Table(
        heading=("ASKED", "A", "AAAA"),
        rows=tuple((to_text(each.name), each.a.text, each.aaaa.text) for each in tried),
        marks=tuple(Mark.GOOD if each.addresses or each.aliases else Mark.BAD for each in tried),
    )
    domains = " ".join(to_text(each).rstrip(".") for each in search.search) or "(none)"
    policy = f"dnsPolicy {search.policy}: search {domains}, ndots:{search.ndots}"
    journey.step("name", mark, text, policy, *because, table=table)


def _service_of(journey: Journey, pipeline: Pipeline, tried: Sequence[_Tried]) -> Service | None:
    """The Service that the last name is about that is about any that there is."""
    for each in reversed(tried):
        asked = service_name(pipeline, each.name)
        if asked is not None:
            key = NamespacedName(asked.namespace, asked.service)
            if (service := journey.world.snapshot.services.get(key)) is not None:
                return service
    return None


def _note_detours(journey: Journey, tried: Sequence[_Tried]) -> None:
    if len(tried) > _IN_VAIN:
        seen = f"{2 * (len(tried) - 1)} questions for {journey.question.host} come to nothing before the right one"
        journey.find(FindingId.SEARCH_LIST_EXPLOSION, seen, f"write {journey.question.host}. with the dot at its end")


def _find_missing(journey: Journey, tried: Sequence[_Tried], service: Service | None, pipeline: Pipeline) -> None:
    """Why there is no address: an alias to an address, a Service elsewhere, or nothing of that name."""
    host = journey.question.host
    if service is not None:
        if service.spec.type == "ExternalName":
            seen = f"externalName of {service.key} is {service.spec.external_name}"
            journey.find(FindingId.EXTERNAL_NAME_IS_AN_ADDRESS, seen, about=service, path="spec.externalName")
        return
    asked = next((found for each in tried if (found := service_name(pipeline, each.name))), None)
    if asked is None:
        return
    services = journey.world.snapshot.services
    if refusals(journey.world.snapshot.problems, NamespacedName(asked.namespace, asked.service)):
        return  # which is told later
    elsewhere = sorted(key for key in services if key.name == asked.service and key.namespace != asked.namespace)
    if elsewhere:
        seen = f"{host} is looked for in namespace {asked.namespace}; there is {', '.join(map(str, elsewhere))}"
        journey.find(FindingId.NAME_IN_OTHER_NAMESPACE, seen, f"call it {elsewhere[0].name}.{elsewhere[0].namespace}")
        return
    here = frozenset(key.name for key in services if key.namespace == asked.namespace)
    meant = nearest_name(asked.service, here)
    change = f'did you mean "{meant}"?' if meant else ""
    journey.find(FindingId.NO_SUCH_NAME, f"there is no Service {asked.namespace}/{asked.service}", change)


def _asks_others(journey: Journey, search: SearchList, names: Sequence[Labels]) -> Resolved:
    """A client with other name servers than the cluster's: whether the cluster would know the name."""
    pipeline = journey.world.pipeline()
    cluster = from_text(f"svc.{journey.world.snapshot.options.cluster_domain}")
    namespace = (journey.origin.namespace or "default").encode()
    likely = (*names, (*names[-1], namespace, *cluster), (*names[-1], *cluster))
    in_cluster = any(said(pipeline, each, RecordType.A, "").addresses for each in likely)
    host = journey.question.host
    if not in_cluster and len(names[-1]) > 1:
        journey.note("name", f"{host} is asked of the client's own name servers")
        return Resolved(is_foreign=True)
    who = {
        OriginKind.POD: f"a pod with dnsPolicy {search.policy}",
        OriginKind.NODE: "a process of a node",
        OriginKind.EXTERNAL: "a client outside",
    }[journey.origin.kind]
    journey.bad("name", f"{host}: could not resolve host", f"{who} does not ask the cluster's DNS server")
    journey.find(FindingId.NOT_THE_CLUSTER_DNS, f"{who} asks other name servers, which know no {host}")
    return Resolved()
