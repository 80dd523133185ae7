"""Pure: the Corefile that the manifests bring: the ConfigMap `coredns` in `kube-system`, as kubeadm keeps it there."""

from collections.abc import Iterable, Mapping

import msgspec

from .documents import Document
from .problems import Problem

KEY = "Corefile"
_KIND, _NAMESPACE, _NAME = "ConfigMap", "kube-system", "coredns"


class WrittenCorefile(msgspec.Struct, frozen=True):
    """The text, and the file of the manifest that holds it with the line of the key."""

    text: str
    source: str
    line: int


def is_corefile(document: Document) -> bool:
    """Whether the document is the ConfigMap that CoreDNS would mount."""
    metadata = document.raw.get("metadata")
    return (
        document.kind == _KIND
        and document.api_version == "v1"
        and isinstance(metadata, Mapping)
        and (metadata.get("namespace"), metadata.get("name")) == (_NAMESPACE, _NAME)
    )


def corefile_problem(document: Document) -> Problem | None:
    """What is wrong with the ConfigMap: without the key, CoreDNS would have no Corefile."""
    if _text(document) is not None:
        return None
    return document.warning(f"the ConfigMap has no Corefile under '{KEY}': it is as if it were not there", path="data")


def written_corefile(documents: Iterable[Document]) -> WrittenCorefile | None:
    """The Corefile that the documents hold; of several the last, as in apply."""
    found = None
    for document in documents:
        if document.kind == _KIND and is_corefile(document):
            text = _text(document)
            if text is not None:
                found = WrittenCorefile(text, document.source, document.locate(f"data.{KEY}").line or document.line)
    return found


def _text(document: Document) -> str | None:
    data = document.raw.get("data")
    text = data.get(KEY) if isinstance(data, Mapping) else None
    return text if isinstance(text, str) else None
