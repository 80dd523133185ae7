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
        if not _is_scaled_to_nothing(each, snapshot, documents)
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


def _is_scaled_to_nothing(found: Finding, snapshot: Snapshot, documents: Iterable[Document]) -> bool:
    """A selector that matches no pod, but those that a workload would make if it were to make any."""
    if found.id is not FindingId.SELECTOR_MATCHES_NOTHING:
        return False
    selector = snapshot.services[NamespacedName(found.namespace, found.name)].spec.selector
    return any(
        str(_metadata(each).get("namespace") or "default") == found.namespace and selector.items() <= labels.items()
        for each in documents
        if (labels := _template_labels(each))
    )


def _template_labels(document: Document) -> Mapping[str, object]:
    """The labels of the pods that a workload's document asks for."""
    value: object = document.raw
    for name in ("spec", "template", "metadata", "labels"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


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
