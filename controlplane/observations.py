"""Pure: what controllers would remark about objects that the API server took: warnings, each at its field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .collect import Collected, Identity
from .documents import Document
from .implied import namespace_not_found, pods_of_unknown_nodes
from .mirroring import mirroring_warnings, orphan_endpoints_warnings
from .objects import Endpoints, EndpointSlice, NamespacedName, Node, Pod, Service
from .problems import Problem


class Observed(NamedTuple):
    """What the remarks are about."""

    services: Mapping[NamespacedName, Service]
    slices: Mapping[NamespacedName, tuple[EndpointSlice, ...]]
    pods: Mapping[NamespacedName, Pod]
    nodes: Mapping[str, Node]
    endpoints: Sequence[Endpoints]
    implied_namespaces: Iterable[str]


def observations(collected: Collected, observed: Observed) -> list[Problem]:
    """The warnings; one about an object that no manifest holds, as a Pod that a workload makes, is left out."""
    return [
        *_namespaces(collected, observed.implied_namespaces),
        *_said(collected, "Pod", "spec.nodeName", pods_of_unknown_nodes(observed.pods.values(), observed.nodes)),
        *_said(
            collected,
            "Endpoints",
            "metadata.name",
            orphan_endpoints_warnings(observed.endpoints, observed.services, observed.slices),
        ),
        *_said(
            collected,
            "Endpoints",
            "subsets",
            ((each.key, text, "") for each in observed.endpoints for text in mirroring_warnings(each)),
        ),
    ]


def _said(
    collected: Collected, kind: str, path: str, remarks: Iterable[tuple[NamespacedName, str, str]]
) -> Iterable[Problem]:
    for key, text, hint in remarks:
        wanted = collected.wanted.get(Identity(kind, key))
        if wanted is not None:
            yield wanted.document.warning(text, path=path, hint=hint)


def _namespaces(collected: Collected, implied: Iterable[str]) -> Iterable[Problem]:
    """One warning a namespace, at the first object in it."""
    missing = frozenset(implied)
    if not missing:
        return
    first: dict[str, Document] = {}
    for identity, (document, _) in collected.wanted.items():
        namespace = identity.key.namespace
        if namespace in missing and (namespace not in first or document.order < first[namespace].order):
            first[namespace] = document
    for namespace, document in first.items():
        text, hint = namespace_not_found(namespace)
        yield document.warning(text, path="metadata.namespace", hint=hint)
