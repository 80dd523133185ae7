"""Pure: which document an object was written in, and where in it."""

from collections.abc import Iterable, Mapping

from controlplane.documents import Document
from controlplane.objects import KINDS, NamespacedName

Documents = Mapping[tuple[str, NamespacedName], Document]


def documents_of(documents: Iterable[Document]) -> dict[tuple[str, NamespacedName], Document]:
    """The documents by kind and name; the last of several about one object counts, as in `kubectl apply`."""
    found: dict[tuple[str, NamespacedName], Document] = {}
    for each in documents:
        metadata = each.raw.get("metadata")
        if each.kind in KINDS and isinstance(metadata, Mapping) and isinstance(name := metadata.get("name"), str):
            namespace = str(metadata.get("namespace") or "default") if KINDS[each.kind].namespaced else ""
            found[each.kind, NamespacedName(namespace, name)] = each
    return found


def position_of(document: Document | None, path: str) -> str:
    """FILE:LINE:COLUMN of a field, or `""`."""
    return "" if document is None else document.warning("", path=path).location
