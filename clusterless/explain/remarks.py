"""Pure: findings about manifests as problems with a place: what `check` adds to what the API server would say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from controlplane.documents import Document
from controlplane.endpointslices import SERVICE_NAME
from controlplane.objects import NamespacedName
from controlplane.problems import Problem
from controlplane.snapshot import Snapshot

from .findingids import FindingId
from .findingtexts import FINDING_TEXTS
from .lint import findings
from .model import Finding
from .places import Documents, documents_of


class Remark(NamedTuple):
    """A problem, and the finding that it is; `None` for what the API server says itself."""

    problem: Problem
    id: FindingId | None = None


def remarks(snapshot: Snapshot, documents: Sequence[Document], load_balancer_ranges: Sequence[str]) -> list[Remark]:
    """Everything that there is to say, file by file and document by document."""
    by_object = documents_of(documents)
    said = [Remark(problem) for problem in snapshot.problems]
    found = [
        _remark(document, each, path)
        for each in findings(snapshot, load_balancer_ranges)
        for document, path in _where(each, by_object, documents)
    ]
    return sorted([*said, *found, *_unlabelled(documents)], key=_place)


def _place(remark: Remark) -> tuple[str, int]:
    return remark.problem.source, remark.problem.document


def _remark(document: Document, found: Finding, path: str) -> Remark:
    text = FINDING_TEXTS[found.id]
    return Remark(document.warning(f"{text.title}: {found.seen}", path=path, hint=found.change), found.id)


def _where(found: Finding, by_object: Documents, documents: Iterable[Document]) -> Iterator[tuple[Document, str]]:
    """The object's document; of a namespace that nobody wrote, the first in it; none of what every cluster has."""
    document = by_object.get((found.kind, NamespacedName(found.namespace, found.name)))
    if document is not None:
        yield document, found.path
    elif found.kind == "Namespace":
        inside = (each for each in documents if _metadata(each).get("namespace") == found.name)
        yield from ((each, "metadata.namespace") for each in [next(inside, None)] if each is not None)


def _unlabelled(documents: Iterable[Document]) -> Iterator[Remark]:
    """EndpointSlices that name no Service: nothing is made of them."""
    for document in documents:
        labels = _metadata(document).get("labels")
        if document.kind == "EndpointSlice" and not (isinstance(labels, Mapping) and labels.get(SERVICE_NAME)):
            text = FINDING_TEXTS[FindingId.SLICE_WITHOUT_SERVICE]
            message = f"{text.title}: it has no label {SERVICE_NAME}"
            yield Remark(
                document.warning(message, path="metadata.labels", hint=text.change), FindingId.SLICE_WITHOUT_SERVICE
            )


def _metadata(document: Document) -> Mapping[str, object]:
    metadata = document.raw.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
