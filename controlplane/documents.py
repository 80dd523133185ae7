"""Pure: one manifest document as read, before anything is known of its kind."""

from collections.abc import Callable, Mapping

import msgspec

from .problems import Position, Problem, Reason, Severity


def _nowhere(_path: str) -> Position:
    return Position()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a source, or an item of a `List` in one; `raw` is plain data as JSON would hold it."""

    source: str
    raw: Mapping[str, object]
    digest: str  # a hash of the content: equal digests, equal `raw`
    index: int = 0  # which document of the source, from 0; the items of a List count on
    line: int = 1  # of the document's first line in the source
    locate: Callable[[str], Position] = _nowhere  # the field path's place in the source, the nearest parent's if unset

    @property
    def order(self) -> tuple[str, int]:
        """The order in which `kubectl apply -f` would come to it."""
        return (self.source, self.index)

    @property
    def kind(self) -> str:
        """`kind`, or `""`."""
        return _text(self.raw.get("kind"))

    @property
    def api_version(self) -> str:
        """`apiVersion`, or `""`."""
        return _text(self.raw.get("apiVersion"))

    def problem(
        self,
        reason: Reason,
        message: str,
        *,
        path: str = "",
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """A problem at `path` of this document."""
        metadata = self.raw.get("metadata")
        names: Mapping[str, object] = metadata if isinstance(metadata, Mapping) else {}
        position = self.locate(path)
        return Problem(
            severity=severity,
            reason=reason,
            message=message,
            source=self.source,
            document=self.index,
            line=position.line or self.line,
            column=position.column,
            kind=self.kind,
            namespace=_text(names.get("namespace")),
            name=_text(names.get("name")),
            path=path,
            hint=hint,
        )

    def warning(self, message: str, *, path: str = "", hint: str = "") -> Problem:
        """What the API server would take, with a word of warning."""
        return self.problem(Reason.WARNING, message, path=path, hint=hint, severity=Severity.WARNING)


class Reading(msgspec.Struct, frozen=True):
    """All documents, in the order in which `kubectl apply` would come to them, and what could not be read."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def unreadable(self) -> frozenset[str]:
        """The sources that hold something that could not be read."""
        return frozenset(problem.source for problem in self.problems)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
