"""Pure: objects as the tables that kubectl asks the API server for (`Accept: application/json;as=Table`).

Source: apiserver `pkg/endpoints/handlers/response.go`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clusterless.kubectl.printers.printer import Printer, Showing
from clusterless.kubectl.printers.table import PRINTERS

from .ledger import Entry
from .resources import Resource
from .shapes import Shape, unclosed

_META = "meta.k8s.io/v1"


def wants_table(accept: str) -> bool:
    """Whether the first kind of answer that a client accepts is a table."""
    return "as=Table" in accept.split(",", 1)[0]


def table(resource: Resource, query: Mapping[str, str], now: Callable[[], datetime]) -> Shape:
    """Tables with all columns; `now` is what ages are counted to. `includeObject` says what stands beside the cells."""
    printer = PRINTERS[resource]
    head = {"kind": "Table", "apiVersion": _META}
    columns = _columns(printer)
    include = query.get("includeObject", "Metadata")

    def opening(version: int) -> bytes:
        return unclosed({**head, "metadata": _version(version), "columnDefinitions": columns}, "rows")

    def row(entry: Entry) -> dict[str, Any]:
        cells = printer.row(entry.complete, Showing(now(), is_wide=True))
        return {"cells": cells, "object": _shown(entry, include)}

    def one(entry: Entry) -> dict[str, Any]:
        return {**head, "metadata": _version(entry.version), "columnDefinitions": columns, "rows": [row(entry)]}

    return Shape(opening, row, b"]}\n", one)


def _columns(printer: Printer) -> list[dict[str, Any]]:
    """A column that `-o wide` alone shows has a priority above 0; kubectl makes the headings upper case by itself."""
    return [
        {
            "name": column.heading.title(),
            "type": "string",
            "format": "name" if column.heading == "NAME" else "",
            "description": "",
            "priority": int(column.is_wide),
        }
        for column in printer.columns
    ]


def _shown(entry: Entry, include: str) -> dict[str, Any] | None:
    match include:
        case "None":
            return None
        case "Object":
            return entry.encoded()
        case _:
            return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": entry.encoded()["metadata"]}


def _version(version: int) -> dict[str, str]:
    return {"resourceVersion": str(version)}
