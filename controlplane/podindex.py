"""Pure: finds the Pods that a selector matches without looking at the others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .objects import Pod

_Label: TypeAlias = tuple[str, str]
_ByLabel: TypeAlias = defaultdict[_Label, set[int]]


class PodIndex:
    """Pods by namespace and label. It is built once for a set of Pods and never changes."""

    def __init__(self, pods: Iterable[Pod]) -> None:
        self._pods = sorted(pods, key=lambda pod: (pod.metadata.namespace, pod.metadata.name))
        self._positions: defaultdict[str, _ByLabel] = defaultdict(lambda: defaultdict(set))
        self._found: dict[tuple[str, frozenset[_Label]], tuple[Pod, ...]] = {}
        for position, pod in enumerate(self._pods):
            by_label = self._positions[pod.metadata.namespace]
            for label in pod.metadata.labels.items():
                by_label[label].add(position)

    def matching(self, namespace: str, selector: Mapping[str, str]) -> tuple[Pod, ...]:
        """The Pods of the namespace that have all the selector's labels, sorted by name; none for an empty selector.

        Equal questions get the same tuple.
        """
        question = (namespace, frozenset(selector.items()))
        found = self._found.get(question)
        if found is None:
            found = self._found[question] = self._search(*question)
        return found

    def _search(self, namespace: str, labels: frozenset[_Label]) -> tuple[Pod, ...]:
        by_label = self._positions.get(namespace)
        if by_label is None or not labels:
            return ()
        sets = sorted((by_label.get(label, set()) for label in labels), key=len)
        return tuple(self._pods[position] for position in sorted(sets[0].intersection(*sets[1:])))
