"""Pure: judges what is wanted against what was accepted before, as the API server judges create and update."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from .allocation import Allocations, Refusal
from .clusterstate import StoredService
from .collect import Collected, Identity, Wanted
from .fielderrors import FieldError
from .objects import AnyObject, Service
from .options import ClusterOptions
from .problems import Problem, Reason
from .updates import carry_over, validate_update
from .validation import admission, validate, warnings

_Object = TypeVar("_Object", bound=AnyObject)


class Judged(NamedTuple):
    """An accepted object, the document text it came from, and the warnings about it."""

    object: AnyObject
    digest: str
    warned: bool


class Registry:
    """The accepted objects. What is refused leaves the accepted object as it was; what is not wanted is gone."""

    def __init__(self, options: ClusterOptions, stored: Mapping[str, StoredService]) -> None:
        self._options = options
        self._allocations = Allocations(options)
        self._accepted: dict[Identity, Judged] = {}
        self._sources: dict[Identity, str] = {}
        self._by_type: dict[type[object], list[AnyObject]] = {}
        for entry in stored.values():
            identity = Identity("Service", entry.object.key)
            self._accepted[identity] = Judged(entry.object, "", warned=True)
            self._sources[identity] = entry.source
            self._allocations.reserve(entry.object)

    def judge(self, collected: Collected, unreadable: frozenset[str] = frozenset()) -> list[Problem]:
        """Accept or refuse everything wanted; returns the problems found.

        `unreadable` are the sources that could not be read: the objects that came from them stay.
        """
        self._forget(collected, unreadable)
        problems: list[Problem] = []
        for identity, wanted in _in_order(collected.wanted, self._accepted):
            problems += self._judge_one(identity, wanted)
        self._by_type = _grouped(judged.object for judged in self._accepted.values())
        return problems

    def accepted(self, *structs: type[_Object]) -> list[_Object]:
        """The accepted objects of some types."""
        return [item for struct in structs for item in self._by_type.get(struct, ()) if isinstance(item, struct)]

    def stored(self) -> dict[str, StoredService]:
        """The accepted Services, to be kept over restarts."""
        return {
            str(identity.key): StoredService(judged.object, self._sources.get(identity, ""))
            for identity, judged in sorted(self._accepted.items())
            if isinstance(judged.object, Service)
        }

    def _forget(self, collected: Collected, unreadable: frozenset[str]) -> None:
        for identity in self._accepted.keys() - collected.wanted.keys() - collected.refused:
            if self._sources.get(identity) in unreadable:
                continue
            judged = self._accepted.pop(identity)
            self._sources.pop(identity, None)
            if isinstance(judged.object, Service):
                self._allocations.release(judged.object)

    def _judge_one(self, identity: Identity, wanted: Wanted) -> list[Problem]:
        before = self._accepted.get(identity)
        digest = wanted.document.digest
        if before is not None and before.digest == digest and not before.warned:
            return []
        judged = self._admit(wanted, before.object if before else None)
        if isinstance(judged, list):
            return judged
        problems = [wanted.document.warning(warning.message, path=warning.path) for warning in warnings(wanted.object)]
        same = before is not None and before.object == judged
        kept = before.object if before is not None and same else judged
        self._accepted[identity] = Judged(kept, digest, warned=bool(problems))
        self._sources[identity] = wanted.document.source
        return problems

    def _admit(self, wanted: Wanted, before: AnyObject | None) -> AnyObject | list[Problem]:
        """The object as it is accepted, or why it is refused: allocation speaks first and alone, policy last."""
        if not isinstance(wanted.object, Service):
            return self._refusals(wanted, wanted.object, before) or wanted.object
        old = before if isinstance(before, Service) else None
        allocated = self._allocations.allocate(carry_over(wanted.object, old) if old else wanted.object, old)
        if isinstance(allocated, Refusal):
            return _refused(wanted, allocated)
        if problems := self._refusals(wanted, allocated, old):
            self._allocations.release(allocated)
            if old is not None:
                self._allocations.reserve(old)
            return problems
        return allocated

    def _refusals(self, wanted: Wanted, new: AnyObject, old: AnyObject | None) -> list[Problem]:
        errors = validate_update(new, old) if old is not None else []
        errors += validate(new, self._options)
        if errors:
            return _invalid(wanted, errors)
        forbidden = admission(new, self._options, old)
        return [wanted.document.problem(Reason.FORBIDDEN, forbidden)] if forbidden else []


def _grouped(objects: Iterable[AnyObject]) -> dict[type[object], list[AnyObject]]:
    groups: dict[type[object], list[AnyObject]] = {}
    for item in objects:
        groups.setdefault(type(item), []).append(item)
    return groups


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


def _invalid(wanted: Wanted, errors: Iterable[FieldError]) -> list[Problem]:
    return [wanted.document.problem(Reason.INVALID, error.message, path=error.path) for error in errors]


def _refused(wanted: Wanted, refusal: Refusal) -> list[Problem]:
    if refusal.internal:
        return [wanted.document.problem(Reason.INTERNAL, refusal.internal)]
    return _invalid(wanted, refusal.errors)
