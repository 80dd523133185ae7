"""Pure: the one value that everything downstream is a function of."""

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

import msgspec

from .objects import Endpoints, EndpointSlice, Namespace, NamespacedName, Node, Pod, Service
from .options import ClusterOptions
from .problems import Problem, Severity
from .writtencorefile import WrittenCorefile

_EMPTY: Mapping[object, object] = MappingProxyType({})


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster at one moment. Objects that did not change keep their identity from one snapshot to the next."""

    generation: int
    options: ClusterOptions
    namespaces: Mapping[str, Namespace]
    nodes: Mapping[str, Node]
    pods: Mapping[NamespacedName, Pod]
    services: Mapping[NamespacedName, Service]
    slices: Mapping[NamespacedName, tuple[EndpointSlice, ...]]  # by the Service that they belong to
    loose_slices: tuple[EndpointSlice, ...] = ()  # those that name no Service: there to be seen, of no effect
    endpoints: Mapping[NamespacedName, Endpoints] = msgspec.field(default_factory=dict)  # those that are written
    problems: tuple[Problem, ...] = ()
    passed_over: Mapping[str, int] = msgspec.field(default_factory=dict)  # kind to the count of documents not read
    serial: int = 0  # seconds since 1970 of the last change that a DNS client could see
    corefile: WrittenCorefile | None = None  # of the ConfigMap `coredns`, if the manifests bring it

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which the API server would refuse something."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    def all_slices(self) -> Iterator[EndpointSlice]:
        """The EndpointSlices of all Services, and those that belong to none."""
        return chain(chain.from_iterable(self.slices.values()), self.loose_slices)

    def slices_of(self, service: NamespacedName) -> tuple[EndpointSlice, ...]:
        """The EndpointSlices of a Service, sorted by name."""
        return self.slices.get(service, ())
