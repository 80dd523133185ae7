"""Pure: objects of one kind as kubectl's table, and the row of one of them when it changes.

Source: cli-runtime `pkg/printers/tableprinter.go`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from clusterless.introspection.resources import (
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    SLICES,
    Resource,
)
from controlplane.objects import KubernetesObject

from . import cluster, endpoints, events, pods, services
from .printer import Printer, Showing
from .tabs import Columns
from .texts import format_labels

PRINTERS: Mapping[Resource, Printer] = {
    SERVICES: services.SERVICES,
    SLICES: endpoints.SLICES,
    ENDPOINTS: endpoints.ENDPOINTS,
    PODS: pods.PODS,
    NODES: cluster.NODES,
    NAMESPACES: cluster.NAMESPACES,
    EVENTS: events.EVENTS,
}


class TableOptions(NamedTuple):
    """What the flags of `get` say of its tables."""

    showing: Showing
    with_kind: bool = False  # `service/web` for a name, where several kinds are shown
    with_namespace: bool = False
    headings: bool = True
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    change: bool = False  # a first column says what happened to the object


class Table:
    """The table of one resource; rows that come later keep the columns of those before."""

    def __init__(self, resource: Resource, options: TableOptions) -> None:
        self._resource = resource
        self._options = options
        self._columns = Columns()
        self._printer = PRINTERS[resource]

    def lines(self, objects: Iterable[KubernetesObject], change: str = "") -> list[str]:
        """All rows below the headings, if they are wanted."""
        rows = [self._row(obj, change) for obj in objects]
        return self._columns.lines([self._headings(), *rows] if self._options.headings else rows)

    def row(self, obj: KubernetesObject, change: str = "") -> str:
        """The row of an object that is new, or other than it was."""
        return self._columns.lines([self._row(obj, change)])[0]

    def _headings(self) -> tuple[str, ...]:
        options = self._options
        return (
            *(("EVENT",) if options.change else ()),
            *(("NAMESPACE",) if options.with_namespace else ()),
            *self._printer.headings(is_wide=options.showing.is_wide),
            *(label.rpartition("/")[2].upper() for label in options.label_columns),
            *(("LABELS",) if options.show_labels else ()),
        )

    def _row(self, obj: KubernetesObject, change: str) -> tuple[str, ...]:
        options, metadata = self._options, obj.metadata
        cells = self._printer.row(obj, options.showing)
        if options.with_kind:
            cells = self._named(cells)
        return (
            *((change,) if options.change else ()),
            *((metadata.namespace,) if options.with_namespace else ()),
            *cells,
            *(metadata.labels.get(label, "") for label in options.label_columns),
            *((format_labels(metadata.labels),) if options.show_labels else ()),
        )

    def _named(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """The cells with the kind before the name, where there is a column for it."""
        headings = self._printer.headings(is_wide=self._options.showing.is_wide)
        return tuple(
            f"{type_name(self._resource)}/{cell}" if heading == "NAME" else cell
            for heading, cell in zip(headings, cells, strict=True)
        )


def type_name(resource: Resource) -> str:
    """A kind before an object's name: `service`, `endpointslice.discovery.k8s.io`."""
    kind = resource.kind.lower()
    return f"{kind}.{resource.group}" if resource.group else kind


def named(resource: Resource, obj: Any) -> str:
    """`-o name`: `service/web`."""
    return f"{type_name(resource)}/{obj.metadata.name}"
