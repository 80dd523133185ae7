"""Pure: who gets a series of its own in the metrics: as many as the bound allows, and the others share one."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

_Name = TypeVar("_Name", bound=Hashable)

# A scrape of that many takes some tens of milliseconds, and Prometheus keeps each series for weeks.
MOST_SERVICE_PORTS = 1000
MOST_ENDPOINTS = 1000
OTHER = "other"


class SeriesBound(Generic[_Name]):
    """First come, first served: a name keeps its series while it exists, and one that shares goes on sharing.

    If a name could leave what is shared, the others' sum would fall, and Prometheus would take that for a restart.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._own: set[_Name] = set()
        self._sharing: set[_Name] = set()

    def keep(self, names: Collection[_Name]) -> None:
        """These exist now, in the order of their coming; others are forgotten."""
        self._own.intersection_update(names)
        self._sharing.intersection_update(names)
        for name in names:
            if name in self._own or name in self._sharing:
                continue
            (self._own if len(self._own) < self._most else self._sharing).add(name)

    def has_own(self, name: _Name) -> bool:
        """Whether it has a series of its own."""
        return name in self._own

    @property
    def sharing(self) -> int:
        """How many share one."""
        return len(self._sharing)
