"""YAML text to the plain data that kubectl would make of it, read by libyaml, with the place of every field on demand.

Data is built from parser events with a stack of our own: PyYAML's C composer recurses without a bound (100,000 open
brackets end the process), and go-yaml's words about aliases need the anchors' names. Texts and their line numbers are
those of go-yaml v2, which is libyaml in Go: it counts a parser's line from 0, says none for the first line, and never
tells what it was doing at the time. Where we differ on purpose: a key that stands twice is an error, as in
sigs.k8s.io/yaml's strict mode, and 100 levels are deep enough.
"""

import math
from collections.abc import Callable
from sys import intern
from typing import Any, TypeAlias

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .parsefailures import Failure
from .problems import Position
from .yamlscalars import go_syntax, integral, key_text, resolve_plain, resolve_tagged

MAX_DEPTH = 100  # of nested lists and mappings; a Pod nests about 15
_CONVERTING = "error converting YAML to JSON: "
_MANY_NODES, _FEW_ALIASED = 1_000, 100  # below these, aliases are never too many (go-yaml `decode.go`)
_RATIO_FALLS_FROM, _RATIO_FALLS_TO = 400_000, 4_000_000

Places: TypeAlias = dict[int, "dict[str, Position] | list[Position]"]


class Composition(msgspec.Struct, frozen=True):
    """One document. `places` has the id of each container in `data`, and where its fields or items begin."""

    data: object
    failures: tuple[Failure, ...] = ()
    places: Places = {}
    first: Position = Position()  # of the document's first node


class _StopError(Exception):
    """The rest of the text cannot be read."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def compose(text: str, *, with_places: bool = False) -> Composition:
    """The first document of a text; `data` is None if there is none, or if there are failures."""
    builder = _Builder({} if with_places else None)
    try:
        builder.run(yaml.CSafeLoader(text))
    except _StopError as stop:
        builder.failures.append(stop.failure)
    except yaml.MarkedYAMLError as error:
        builder.failures.append(_failure_of(error))
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="ignore")
        position = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        builder.failures.append(_failure(f"yaml: {error.reason}", position))
    data = None if builder.failures else builder.root
    return Composition(data, tuple(builder.failures), builder.places or {}, builder.first)


def _failure(message: str, position: Position) -> Failure:
    return Failure(_CONVERTING + message, position)


def _failure_of(error: yaml.MarkedYAMLError) -> Failure:
    """go-yaml's `parser.fail`: a scanner's line counts from 1, a parser's from 0, and line 0 is not said."""
    mark = error.problem_mark or error.context_mark
    position = Position(mark.line + 1, mark.column + 1) if mark else Position()
    line = 0
    if error.problem_mark and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark:
        line = error.context_mark.line
    where = f"line {line}: " if line else ""
    return _failure(f"yaml: {where}{error.problem}", position)


def _position(event: NodeEvent) -> Position:
    mark = event.start_mark
    assert mark is not None  # libyaml marks every event
    return Position(mark.line + 1, mark.column + 1)


class _Anchored(msgspec.Struct):
    """What an anchor names: its value, and how many nodes that is when written out; None while it is being read."""

    value: object
    size: int | None = None


class _Builder:
    """Follows the parser's events; `frames` are the containers that are open, the document's own first."""

    def __init__(self, places: Places | None) -> None:
        self.places = places
        self.failures: list[Failure] = []
        self.first = Position()
        self._frames: list[_Frame] = [_Frame(None, 0)]
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._aliased = 0

    @property
    def root(self) -> object:
        values = self._frames[0].items
        return values[0] if values else None

    def run(self, parser: yaml.CSafeLoader) -> None:
        """Read up to the end of the first document."""
        next_event: Callable[[], Any] = parser.get_event  # the kind tells the type, cheaper than isinstance
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, kind)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentEndEvent:
                return

    def _scalar(self, event: ScalarEvent) -> None:
        self._nodes += 1
        text = event.value
        value: object
        if event.tag is None:
            value = resolve_plain(text) if event.implicit[0] else text
        else:
            try:
                value = resolve_tagged(event.tag, text)
            except ValueError as error:
                raise _StopError(_failure(f"yaml: {error}", _position(event))) from None
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, 1)
        self._put(value, event)

    def _open(self, event: MappingStartEvent | SequenceStartEvent, kind: type) -> None:
        self._nodes += 1
        if len(self._frames) > MAX_DEPTH:
            raise _StopError(_failure(f"yaml: exceeded max depth of {MAX_DEPTH}", _position(event)))
        if len(self._frames) == 1:
            self.first = _position(event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(None)
        self._frames.append(_Mapping(event, self._nodes) if kind is MappingStartEvent else _Frame(event, self._nodes))

    def _close(self) -> None:
        frame = self._frames.pop()
        event = frame.event
        assert event is not None
        if self.places is not None:
            self.places[id(frame.value)] = frame.places
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(frame.value, self._nodes - frame.nodes_before + 1)
        self._put(frame.value, event)

    def _alias(self, event: AliasEvent) -> None:
        name = event.anchor
        anchored = self._anchors.get(name or "")
        if anchored is None:
            raise _StopError(_failure(f"yaml: unknown anchor '{name}' referenced", _position(event)))
        if anchored.size is None:
            raise _StopError(_failure(f"yaml: anchor '{name}' value contains itself", _position(event)))
        self._nodes += anchored.size + 1
        self._aliased += anchored.size
        if self._aliased > _FEW_ALIASED and self._nodes > _MANY_NODES and self._aliased > self._may_be_aliased():
            raise _StopError(_failure("yaml: document contains excessive aliasing", _position(event)))
        self._put(anchored.value, event)

    def _may_be_aliased(self) -> float:
        """How many of the nodes may come from aliases: 99 % of few, 10 % of very many (go-yaml `decode.go`)."""
        beyond = (self._nodes - _RATIO_FALLS_FROM) / (_RATIO_FALLS_TO - _RATIO_FALLS_FROM)
        return self._nodes * (0.99 - 0.89 * min(max(beyond, 0.0), 1.0))

    def _put(self, value: object, event: NodeEvent) -> None:
        if type(value) is float:
            value = self._json_number(value, event)
        failure = self._frames[-1].put(value, event, with_places=self.places is not None)
        if failure is not None:
            self.failures.append(failure)

    def _json_number(self, value: float, event: NodeEvent) -> float:
        if math.isfinite(value):
            return value if self._frames[-1].takes_key else integral(value)
        text = {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
        self.failures.append(_failure(f"json: unsupported value: {text}", _position(event)))
        return 0


class _Frame:
    """An open list, or the document itself."""

    def __init__(self, event: NodeEvent | None, nodes_before: int) -> None:
        self.event = event
        self.nodes_before = nodes_before
        self.items: list[object] = []
        self.places: dict[str, Position] | list[Position] = []

    @property
    def value(self) -> object:
        return self.items

    @property
    def takes_key(self) -> bool:
        """Whether the next scalar is a key."""
        return False

    def put(self, value: object, event: NodeEvent, *, with_places: bool) -> Failure | None:
        """Take the next item, which began with `event`."""
        self.items.append(value)
        if with_places and isinstance(self.places, list):
            self.places.append(_position(event))
        return None


_NO_KEY = object()


class _Mapping(_Frame):
    """An open mapping: keys and values come in turn."""

    def __init__(self, event: NodeEvent, nodes_before: int) -> None:
        super().__init__(event, nodes_before)
        self.fields: dict[str, object] = {}
        self.key: object = _NO_KEY
        self.key_event: NodeEvent = event
        self.merged: set[str] = set()  # keys that a merge brought: they may be written again
        self.places = {}

    @property
    def takes_key(self) -> bool:
        return self.key is _NO_KEY

    @property
    def value(self) -> object:
        return self.fields

    def put(self, value: object, event: NodeEvent, *, with_places: bool) -> Failure | None:
        """Take the next key or the next value, which began with `event`."""
        if self.key is _NO_KEY:
            self.key, self.key_event = value, event
            return None
        key, self.key = self.key, _NO_KEY
        if key == "<<" and isinstance(self.key_event, ScalarEvent) and self.key_event.implicit[0]:
            return self._merge(value, event)
        return self._set(key, value, event, with_places=with_places)

    def _set(self, key: object, value: object, event: NodeEvent, *, with_places: bool) -> Failure | None:
        name = intern(key) if type(key) is str else self._key_text(key)
        if name is None:
            return self._no_key(key, value)
        if name in self.fields:
            if name not in self.merged:
                text = f'line {_position(event).line}: key "{name}" already set in map'
                return _failure(f"yaml: unmarshal errors:\n  {text}", _position(self.key_event))
            self.merged.discard(name)
        self.fields[name] = value
        if with_places and isinstance(self.places, dict):
            self.places[name] = _position(self.key_event)
        return None

    @staticmethod
    def _key_text(key: object) -> str | None:
        return None if isinstance(key, dict | list) else key_text(key)  # type: ignore[arg-type]

    def _no_key(self, key: object, value: object) -> Failure:
        place = _position(self.key_event)
        if isinstance(key, dict | list):
            return _failure(f"yaml: invalid map key: {go_syntax(key)}", place)
        kind, shown = ("%!s(<nil>)", "<nil>") if key is None else ("uint64", f"{key:#x}")
        return _failure(f"unsupported map key of type: {kind}, key: {shown}, value: {go_syntax(value)}", place)

    def _merge(self, value: object, event: NodeEvent) -> Failure | None:
        """The mappings' keys, the first mapping's before the second's; what was written earlier here is replaced."""
        sources = value if isinstance(value, list) and not isinstance(event, AliasEvent) else [value]
        for source in reversed(sources):
            if not isinstance(source, dict):
                text = "yaml: map merge requires map or sequence of maps as the value"
                return _failure(text, _position(self.key_event))
            self.merged.update(source)
            self.fields.update(source)
        return None
