"""Pure: documents to defaulted objects by kind, each document decoded once however often it is seen."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from .decode import Decoded, decode
from .defaults import with_defaults
from .differences import same_items
from .documents import Document
from .objects import KINDS, AnyObject, NamespacedName
from .problems import Problem
from .writtencorefile import is_corefile


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
    touched: frozenset[Identity] | None = None  # whose document is another than last time, or gone; None: of any
    corefiles: tuple[Document, ...] = ()  # the ConfigMaps that CoreDNS would mount

    @property
    def is_plain(self) -> bool:
        """Whether nothing of it depends on how the documents stand to each other, or where."""
        return not self.problems and not self.refused


class _Known(NamedTuple):
    """What is to be said of a document text, and the object that it asks for, if it asks for one of ours."""

    decoded: Decoded
    identity: Identity | None
    wanted: Wanted | None


class Collector:
    """Remembers what each document text decoded to; only documents without problems are remembered.

    A problem carries its place in the file, which moves when lines above it come and go, so that a document with
    problems is decoded again. As long as there is none, only documents that were not there last time are looked at.
    """

    def __init__(self) -> None:
        self._memo: dict[str, _Known] = {}
        self._seen: Sequence[Document] = ()  # those of last time
        self._documents: Mapping[int, Document] = {}  # the same by their id
        self._last: Collected | None = None

    def collect(self, documents: Sequence[Document]) -> Collected:
        """Decode, default and sort by identity; the last of several documents of one object counts, as in apply."""
        if self._last is not None and self._last.is_plain and same_items(documents, self._seen):
            self._last = msgspec.structs.replace(self._last, touched=frozenset())
            return self._last
        self._seen = documents
        before, self._documents = self._documents, dict(zip(map(id, documents), documents, strict=True))
        amended = None
        if self._last is not None and self._last.is_plain and len(self._documents) == len(documents):
            amended = self._amend(self._last, before)
        self._last = amended or self._collect_all(documents)
        return self._last

    def _amend(self, last: Collected, before: Mapping[int, Document]) -> Collected | None:
        """What was collected last time with what changed; None if that is not plain."""
        now = self._documents
        gone = [before[each] for each in before.keys() - now.keys()]
        fresh = [now[each] for each in now.keys() - before.keys()]
        amended = _Amended(last)
        moved, gone, fresh = _told_apart(gone, fresh)
        for document, after in moved:
            amended.move(document, after, self._memo.get(document.digest) or _read(document))
        for document in gone:
            amended.take(document, self._memo.get(document.digest) or _read(document))
        for document in _in_order(fresh):
            known = self._known(document, self._memo)
            if known.decoded.problems or known.identity in amended.wanted:
                return None
            amended.add(document, known)
        for digest in {each.digest for each in gone} - {each.digest for each in fresh}:
            self._memo.pop(digest, None)  # of two with the same text the other one is read again in its time
        return amended.collected()

    def _collect_all(self, documents: Iterable[Document]) -> Collected:
        memo: dict[str, _Known] = {}
        wanted: dict[Identity, Wanted] = {}
        refused: set[Identity] = set()
        problems: list[Problem] = []
        passed_over: dict[str, int] = {}
        corefiles: list[Document] = []
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
            elif is_corefile(document):
                corefiles.append(document)
        self._memo = memo
        return Collected(
            wanted, frozenset(refused - wanted.keys()), tuple(problems), passed_over, corefiles=tuple(corefiles)
        )

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


class _Amended:
    """What was collected last time while documents are taken out and others come in."""

    def __init__(self, last: Collected) -> None:
        self.wanted = dict(last.wanted)
        self._passed_over = Counter(last.passed_over)
        self._corefiles = list(last.corefiles)
        self._touched: set[Identity] = set()

    def move(self, document: Document, after: Document, known: _Known) -> None:
        """The document stands elsewhere in its file, which changes nothing about what it asks for."""
        if known.identity is not None and known.wanted is not None:
            self.wanted[known.identity] = Wanted(after, known.wanted.object)
        elif not known.decoded.passed_over:
            self._corefiles[self._corefiles.index(document)] = after

    def take(self, document: Document, known: _Known) -> None:
        """The document is gone."""
        if known.identity is not None:
            self._touched.add(known.identity)
            del self.wanted[known.identity]
        elif known.decoded.passed_over:
            self._passed_over[known.decoded.passed_over] -= 1
        else:
            self._corefiles.remove(document)

    def add(self, document: Document, known: _Known) -> None:
        """The document has come, and nothing is wrong with it."""
        if known.identity is not None and known.wanted is not None:
            self._touched.add(known.identity)
            self.wanted[known.identity] = known.wanted
        elif known.decoded.passed_over:
            self._passed_over[known.decoded.passed_over] += 1
        else:
            self._corefiles.append(document)

    def collected(self) -> Collected:
        """What there is now."""
        return Collected(
            self.wanted,
            frozenset(),
            (),
            {kind: count for kind, count in self._passed_over.items() if count},
            frozenset(self._touched),
            tuple(_in_order(self._corefiles)),
        )


def _told_apart(
    gone: list[Document], fresh: list[Document]
) -> tuple[list[tuple[Document, Document]], list[Document], list[Document]]:
    """Documents that only moved, for lines above them came or went, each as it was and is; and the others of both."""
    doubles = {document.digest: document for document in fresh}
    if len(doubles) < len(fresh):
        return [], gone, fresh
    moved: list[tuple[Document, Document]] = []
    left: list[Document] = []
    for document in gone:
        double = doubles.get(document.digest)
        if double is not None and double.source == document.source:
            moved.append((document, doubles.pop(document.digest)))
        else:
            left.append(document)
    return moved, left, list(doubles.values())


def _in_order(documents: Iterable[Document]) -> list[Document]:
    """The order of `Document.order`, found without making a key for each."""
    return sorted(sorted(documents, key=attrgetter("index")), key=attrgetter("source"))


_GOOD = Decoded()  # what was decoded is kept with its defaults alone


def _read(document: Document) -> _Known:
    decoded = decode(document)
    if decoded.object is None:
        return _Known(decoded, None if decoded.passed_over else _identity_of(document), None)
    whole = with_defaults(decoded.object)
    return _Known(_GOOD, Identity(whole.kind, whole.key), Wanted(document, whole))


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
