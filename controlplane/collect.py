"""Pure: documents to defaulted objects by kind, each document decoded once however often it is seen."""

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

import msgspec

from .decode import Decoded, decode
from .defaults import with_defaults
from .documents import Document
from .objects import KINDS, AnyObject, NamespacedName
from .problems import Problem


class Identity(NamedTuple):
    """What makes two documents the same object. Deployments and StatefulSets of one name are two."""

    kind: str
    key: NamespacedName


class Wanted(NamedTuple):
    """An object that a document asks for, with its defaults, not yet judged."""

    document: Document
    object: AnyObject


class Collected(msgspec.Struct, frozen=True):
    """All that the documents ask for."""

    wanted: dict[Identity, Wanted]
    refused: frozenset[Identity]  # could not be decoded: what was accepted before stays
    problems: tuple[Problem, ...]
    passed_over: dict[str, int]


class _Known(NamedTuple):
    """What a document text decoded to, and the object that it asks for, if it asks for one of ours."""

    decoded: Decoded
    identity: Identity | None
    wanted: Wanted | None


class Collector:
    """Remembers what each document text decoded to; only documents without problems are remembered.

    A problem carries its place in the file, which moves when lines above it come and go, so that a document with
    problems is decoded again.
    """

    def __init__(self) -> None:
        self._memo: dict[str, _Known] = {}

    def collect(self, documents: Iterable[Document]) -> Collected:
        """Decode, default and sort by identity; the last of several documents of one object counts, as in apply."""
        memo: dict[str, _Known] = {}
        wanted: dict[Identity, Wanted] = {}
        refused: set[Identity] = set()
        problems: list[Problem] = []
        passed_over: dict[str, int] = {}
        for document in _in_order(documents):
            decoded, identity, asked = self._known(document, memo)
            problems += decoded.problems
            if asked is not None and identity is not None:
                if identity in wanted:
                    problems.append(_written_twice(wanted.pop(identity).document, document, identity))
                wanted[identity] = asked
            elif decoded.passed_over:
                passed_over[decoded.passed_over] = passed_over.get(decoded.passed_over, 0) + 1
            elif identity is not None:
                refused.add(identity)
        self._memo = memo
        return Collected(wanted, frozenset(refused - wanted.keys()), tuple(problems), passed_over)

    def _known(self, document: Document, memo: dict[str, _Known]) -> _Known:
        """What the document holds, from last time if it can be, and kept in `memo` for the next."""
        known = self._memo.get(document.digest)
        if known is None:
            known = _read(document)
        elif known.wanted is not None and known.wanted.document is not document:
            known = known._replace(wanted=known.wanted._replace(document=document))
        if not known.decoded.problems:
            memo[document.digest] = known
        return known


def _in_order(documents: Iterable[Document]) -> list[Document]:
    """The order of `Document.order`, found without making a key for each."""
    return sorted(sorted(documents, key=attrgetter("index")), key=attrgetter("source"))


def _read(document: Document) -> _Known:
    decoded = decode(document)
    if decoded.object is None:
        return _Known(decoded, None if decoded.passed_over else _identity_of(document), None)
    whole = with_defaults(decoded.object)
    return _Known(decoded, Identity(whole.kind, whole.key), Wanted(document, whole))


def _identity_of(document: Document) -> Identity | None:
    """Whose document this is, as far as it can be told of one that does not decode."""
    kind = KINDS.get(document.kind)
    metadata = document.raw.get("metadata")
    if kind is None or not isinstance(metadata, dict) or not isinstance(name := metadata.get("name"), str):
        return None
    namespace = metadata.get("namespace") or "default"
    if not isinstance(namespace, str):
        return None
    return Identity(document.kind, NamespacedName(namespace if kind.namespaced else "", name))


def _written_twice(first: Document, second: Document, identity: Identity) -> Problem:
    return second.warning(
        f'{identity.kind} "{identity.key.name}" in namespace "{identity.key.namespace}" is written twice: '
        f"this document replaces the one at {first.source}:{first.line}",
        path="metadata.name",
    )
