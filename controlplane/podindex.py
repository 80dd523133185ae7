"""Pure: finds the Pods that a selector matches without looking at the others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from .objects import Pod

_Label: TypeAlias = tuple[str, str]


class Question(NamedTuple):
    """Which Pods of a namespace have all of these labels."""

    namespace: str
    labels: frozenset[_Label]


def question_of(namespace: str, selector: Mapping[str, str]) -> Question:
    """What a selector asks."""
    return Question(namespace, frozenset(selector.items()))


class PodIndex:
    """Pods by namespace and label; what was asked is remembered until a Pod that it is about changes."""

    def __init__(self, pods: Iterable[Pod]) -> None:
        self._namespaces: defaultdict[str, _Namespace] = defaultdict(_Namespace)
        for pod in pods:
            self._namespaces[pod.metadata.namespace].add(pod)

    def matching(self, namespace: str, selector: Mapping[str, str]) -> tuple[Pod, ...]:
        """The Pods of the namespace that have all the selector's labels, sorted by name; none for an empty selector.

        Equal questions get the same tuple.
        """
        return self.answer(question_of(namespace, selector))

    def answer(self, question: Question) -> tuple[Pod, ...]:
        """As `matching`."""
        return self._namespaces[question.namespace].answer(question.labels)

    def amend(self, gone: Iterable[Pod], come: Iterable[Pod]) -> set[Question]:
        """Take Pods out, and others in; returns the questions whose answers that may change."""
        touched: set[Question] = set()
        for pod in gone:
            namespace = pod.metadata.namespace
            touched.update(Question(namespace, each) for each in self._namespaces[namespace].remove(pod))
        for pod in come:
            namespace = pod.metadata.namespace
            touched.update(Question(namespace, each) for each in self._namespaces[namespace].add(pod))
        return touched


class _Namespace:
    """The Pods of one namespace; each question waits at one of its labels, the rarest, for Pods that have it."""

    def __init__(self) -> None:
        self._pods: dict[str, Pod] = {}
        self._names: defaultdict[_Label, set[str]] = defaultdict(set)
        self._answers: dict[frozenset[_Label], tuple[Pod, ...]] = {}
        self._waiting: defaultdict[_Label, list[frozenset[_Label]]] = defaultdict(list)

    def add(self, pod: Pod) -> list[frozenset[_Label]]:
        """A Pod comes; returns the questions that have to be answered anew."""
        name = pod.metadata.name
        self._pods[name] = pod
        for label in pod.metadata.labels.items():
            self._names[label].add(name)
        return self._forget(pod)

    def remove(self, pod: Pod) -> list[frozenset[_Label]]:
        """A Pod, which must be there, goes; returns the questions that have to be answered anew."""
        name = pod.metadata.name
        del self._pods[name]
        for label in pod.metadata.labels.items():
            names = self._names[label]
            names.discard(name)
            if not names:
                del self._names[label]
        return self._forget(pod)

    def answer(self, labels: frozenset[_Label]) -> tuple[Pod, ...]:
        """The Pods with all of these labels, sorted by name."""
        found = self._answers.get(labels)
        if found is None:
            found = self._answers[labels] = self._search(labels)
        return found

    def _search(self, labels: frozenset[_Label]) -> tuple[Pod, ...]:
        if not labels:
            return ()
        rarest, *others = sorted(labels, key=lambda label: len(self._names.get(label, ())))
        self._waiting[rarest].append(labels)
        names = self._names.get(rarest, set()).intersection(*(self._names.get(each, ()) for each in others))
        return tuple(self._pods[name] for name in sorted(names))

    def _forget(self, pod: Pod) -> list[frozenset[_Label]]:
        """Forget the answers that the Pod is part of."""
        forgotten: list[frozenset[_Label]] = []
        if not self._waiting:
            return forgotten
        own = pod.metadata.labels.items()
        for label in own:
            waiting = self._waiting.get(label, [])
            if concerned := [each for each in waiting if each <= own]:
                waiting[:] = [each for each in waiting if each not in concerned]
                forgotten += concerned
            if not waiting:
                self._waiting.pop(label, None)
        for each in forgotten:
            del self._answers[each]
        return forgotten
