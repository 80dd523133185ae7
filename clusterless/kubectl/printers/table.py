"""Pure: objects of one kind as kubectl's table, with the columns that flags add.

Source: cli-runtime `pkg/printers/tableprinter.go`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
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

    is_wide: bool = False
    with_kind: bool = False  # `service/web` for a name, where several kinds are shown
    with_namespace: bool = False
    headings: bool = True
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    with_change: bool = False  # a first column says what happened to the object


class Table:
    """The table of one resource; rows that come later keep the columns of those before, and get no headings."""

    def __init__(self, resource: Resource, options: TableOptions) -> None:
        self._resource = resource
        self._options = options
        self._columns = Columns()
        self._printer = PRINTERS[resource]
        self._headings = [self._headings_row()] if options.headings else []

    def lines(self, objects: Iterable[KubernetesObject], now: datetime, change: str = "") -> list[str]:
        """A line an object, below the headings if there have been none; `change` is what happened to them."""
        showing = Showing(now, self._options.is_wide)
        rows = [*self._headings, *(self._row(obj, showing, change) for obj in objects)]
        self._headings = []
        return self._columns.lines(rows)

    def _headings_row(self) -> tuple[str, ...]:
        options = self._options
        return (
            *(("EVENT",) if options.with_change else ()),
            *(("NAMESPACE",) if options.with_namespace and self._resource.namespaced else ()),
            *self._printer.headings(is_wide=options.is_wide),
            *(label.rpartition("/")[2].upper() for label in options.label_columns),
            *(("LABELS",) if options.show_labels else ()),
        )

    def _row(self, obj: KubernetesObject, showing: Showing, change: str) -> tuple[str, ...]:
        options, metadata = self._options, obj.metadata
        cells = self._printer.row(obj, showing)
        return (
            *((change,) if options.with_change else ()),
            *((metadata.namespace,) if options.with_namespace and self._resource.namespaced else ()),
            *(self._named(cells) if options.with_kind else cells),
            *(metadata.labels.get(label, "") for label in options.label_columns),
            *((format_labels(metadata.labels),) if options.show_labels else ()),
        )

    def _named(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """The cells with the kind before the name, where there is a column for it."""
        headings = self._printer.headings(is_wide=self._options.is_wide)
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
