"""Pure: judges what is wanted against what was accepted before, as the API server judges create and update."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar, cast

import msgspec

from .allocation import Allocations, Refusal
from .clusterstate import StoredService
from .collect import Collected, Identity, Wanted
from .fielderrors import FieldError
from .invalidhints import hint_of, holder_hint, written_path
from .objects import AnyObject, NamespacedName, Service
from .options import ClusterOptions
from .problems import Problem, Reason
from .sortedmapping import SortedMapping
from .updates import carry_over, validate_update
from .validation import validate, warnings

_Object = TypeVar("_Object", bound=AnyObject)


class Judged(NamedTuple):
    """An accepted object, the document that it came from, and whether it was accepted with warnings."""

    object: AnyObject
    digest: str
    source: str
    warned: bool


class Registry:
    """The accepted objects. What is refused leaves the accepted object as it was; what is not wanted is gone."""

    def __init__(self, options: ClusterOptions, stored: Mapping[str, StoredService]) -> None:
        self._options = options
        self._allocations = Allocations(options)
        self._accepted: dict[Identity, Judged] = {}
        self._by_type: dict[type[object], dict[Identity, AnyObject]] = {}
        self._lists: dict[type[object], Sequence[AnyObject]] = {}  # of `accepted`, as long as they hold
        self._services: SortedMapping[NamespacedName, Service] = SortedMapping()
        self._stored: SortedMapping[str, StoredService] = SortedMapping()
        self._unsettled: frozenset[Identity] | None = None  # to be looked at again in any case; None: all
        for entry in stored.values():
            judged = Judged(entry.object, entry.digest, entry.source, warned=True)
            self._accept(Identity("Service", entry.object.key), judged)
            self._allocations.reserve(entry.object)

    def judge(self, collected: Collected, unreadable: frozenset[str] = frozenset()) -> list[Problem]:
        """Accept or refuse everything wanted; returns the problems found.

        `unreadable` are the sources that could not be read: the objects that came from them stay.
        """
        wanted = collected.wanted
        touched = self._touched(collected)
        for identity in touched:
            if identity not in wanted and identity not in collected.refused:
                self._forget(identity, unreadable)
        unjudged = {each: wanted[each] for each in touched if each in wanted and not self._is_settled(each, wanted)}
        self._make_way(unjudged)
        problems: list[Problem] = []
        for identity, entry in _in_order(unjudged, self._accepted):
            problems += self._judge_one(identity, entry)
        self._unsettled = frozenset(each for each in touched if not self._is_settled(each, wanted))
        return problems

    def accepted(self, struct: type[_Object]) -> Sequence[_Object]:
        """The accepted objects of a type; the same sequence as before while none of them changed."""
        found = self._lists.get(struct)
        if found is None:
            found = self._lists[struct] = tuple(self._by_type.get(struct, {}).values())
        return cast("Sequence[_Object]", found)

    def services(self) -> Mapping[NamespacedName, Service]:
        """The accepted Services, sorted; the same mapping as before while none changed."""
        return self._services.view()

    def stored(self) -> Mapping[str, StoredService]:
        """The accepted Services by name, to be kept over restarts; the same mapping as before while none changed."""
        return self._stored.view()

    def _touched(self, collected: Collected) -> frozenset[Identity]:
        """Whose document may be another one than was judged last time, and what has to be judged anew."""
        if collected.touched is None or self._unsettled is None:
            return frozenset(self._accepted.keys() | collected.wanted.keys())
        return collected.touched | self._unsettled

    def _is_settled(self, identity: Identity, wanted: Mapping[Identity, Wanted]) -> bool:
        """Whether it is accepted as it stands; warnings are given anew, since their places in the files move."""
        before, entry = self._accepted.get(identity), wanted.get(identity)
        if before is None or entry is None:
            return before is None and entry is None
        document = entry.document
        return before.digest == document.digest and before.source == document.source and not before.warned

    def _forget(self, identity: Identity, unreadable: frozenset[str]) -> None:
        before = self._accepted.get(identity)
        if before is not None and before.source not in unreadable:
            self._drop(identity)

    def _make_way(self, unjudged: Mapping[Identity, Wanted]) -> None:
        """What every cluster has, and what somebody writes in its place, are two objects: no update leads across."""
        for identity, wanted in unjudged.items():
            before = self._accepted.get(identity)
            if before is not None and bool(before.source) != bool(wanted.document.source):
                self._drop(identity)

    def _drop(self, identity: Identity) -> None:
        gone = self._accepted.pop(identity).object
        del self._by_type[type(gone)][identity]
        self._lists.pop(type(gone), None)
        if isinstance(gone, Service):
            self._allocations.release(gone)
            self._services.remove(identity.key)
            self._stored.remove(str(identity.key))

    def _judge_one(self, identity: Identity, wanted: Wanted) -> list[Problem]:
        """What was accepted as it stands is not judged as an update of itself: nobody has applied it again."""
        before = self._accepted.get(identity)
        document = wanted.document
        is_unchanged = before is not None and before.digest == document.digest
        judged = before.object if before and is_unchanged else self._admit(wanted, before.object if before else None)
        if isinstance(judged, list):
            return judged
        problems = [document.warning(warning.message, path=warning.path) for warning in warnings(wanted.object)]
        kept = before.object if before is not None and before.object == judged else judged
        self._accept(identity, Judged(kept, document.digest, document.source, warned=bool(problems)))
        return problems

    def _accept(self, identity: Identity, judged: Judged) -> None:
        self._accepted[identity] = judged
        accepted = judged.object
        of_its_type = self._by_type.setdefault(type(accepted), {})
        if of_its_type.get(identity) is not accepted:
            of_its_type[identity] = accepted
            self._lists.pop(type(accepted), None)
        if isinstance(accepted, Service):
            self._services.put(identity.key, accepted)
            self._stored.put(str(identity.key), StoredService(accepted, judged.source, judged.digest))

    def _admit(self, wanted: Wanted, before: AnyObject | None) -> AnyObject | list[Problem]:
        """The object as it is accepted, or why it is refused: allocation speaks first and alone."""
        if not isinstance(wanted.object, Service):
            return self._refusals(wanted, wanted.object, before) or wanted.object
        old = before if isinstance(before, Service) else None
        allocated = self._allocations.allocate(carry_over(wanted.object, old) if old else wanted.object, old)
        if isinstance(allocated, Refusal):
            if allocated.internal:
                return [wanted.document.problem(Reason.INTERNAL, allocated.internal)]
            return self._invalid(wanted, allocated.errors)
        if problems := self._refusals(wanted, allocated, old):
            self._allocations.release(allocated)
            if old is not None:
                self._allocations.reserve(old)
            return problems
        return allocated

    def _refusals(self, wanted: Wanted, new: AnyObject, old: AnyObject | None) -> list[Problem]:
        """What the API server has against the object: what may not change, and its fields."""
        errors = validate_update(new, old) if old is not None else []
        return self._invalid(wanted, [*errors, *validate(new, self._options)])

    def _invalid(self, wanted: Wanted, errors: Iterable[FieldError]) -> list[Problem]:
        """The errors as problems, each where the document has the mistake, with a hint where there is one to give."""
        document = wanted.document
        return [
            msgspec.structs.replace(
                document.problem(Reason.INVALID, error.message, path=written_path(error.path, document.raw)),
                path=error.path,
                hint=hint_of(error) or holder_hint(error, self._services.view().values()),
            )
            for error in errors
        ]


def _in_order(wanted: Mapping[Identity, Wanted], accepted: Mapping[Identity, Judged]) -> list[tuple[Identity, Wanted]]:
    """What exists first, then what asks for particular numbers, in document order, then the rest by name.

    So no Service is given by the allocator what another one asks for, and the outcome does not depend on which file
    a Service without wishes stands in.
    """

    def rank(item: tuple[Identity, Wanted]) -> tuple[int, tuple[object, ...]]:
        identity, entry = item
        if identity in accepted:
            return (0, entry.document.order)
        if _asks_for_numbers(entry.object):
            return (1, entry.document.order)
        return (2, identity.key)

    return sorted(wanted.items(), key=rank)


def _asks_for_numbers(wanted: AnyObject) -> bool:
    if not isinstance(wanted, Service):
        return False
    spec = wanted.spec
    numbers = [spec.health_check_node_port, *(port.node_port for port in spec.ports)]
    return bool(spec.cluster_ip or spec.cluster_ips or any(numbers))
