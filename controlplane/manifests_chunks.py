"""A manifest file's text to its documents: split at `---` as kubectl splits it, items of Lists taken out.

Kubectl's rules are in apimachinery `util/yaml/decoder.go` (the separator) and `unstructured/helpers.go` (Lists). Each
chunk is read by itself, so that what is known of a chunk's text stays known when another chunk of the file changes.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b

import msgspec

from .jsontext import JsonValue, looks_like_json, read_json
from .manifests_yaml import MAX_DEPTH, Composition, compose
from .parsefailures import Failure, Stage, hinted
from .problems import Position

_SEPARATOR = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


class Chunk(msgspec.Struct, frozen=True):
    """The text between two separators; `line` is its first line's number in the file, `end` is behind its separator."""

    text: str
    line: int
    end: int
    next_line: int
    failure: Failure | None = None  # of the separator that ends it


class Locator(msgspec.Struct, frozen=True):
    """Finds fields of one document; `line_offset` is how far its text is from the file's top, `prefix` its own path."""

    text: str
    line_offset: int = 0
    prefix: str = ""

    def __call__(self, path: str) -> Position:
        """Where a field path such as `spec.ports[0].port` stands in the file; its nearest parent, if it is unset."""
        found = _place(_composition(self.text), self.prefix, path)
        return Position(found.line + self.line_offset, found.column) if found.line else found

    def lowered(self, lines: int) -> "Locator":
        """The same, where the text stands further down."""
        return Locator(self.text, self.line_offset + lines, self.prefix)


class Item(msgspec.Struct, frozen=True):
    """An object of a chunk: a document, or an item of a List. Lines count from 1 at the chunk's top."""

    raw: Mapping[str, object]
    digest: str
    line: int
    locator: Locator


class Parsed(msgspec.Struct, frozen=True):
    """What a chunk holds, and what is wrong with it."""

    items: tuple[Item, ...] = ()
    failures: tuple[Failure, ...] = ()


class _Root(msgspec.Struct, frozen=True):
    """A whole value of a chunk, with the text that it was read from."""

    data: object
    text: str
    line: int = 1
    line_offset: int = 0


def chunks_of(text: str, start: int = 0, line: int = 1) -> Iterator[Chunk]:
    """The chunks of a file, in order, from where one starts; a leading separator belongs to the first chunk."""
    for separator in _SEPARATOR.finditer(text, start):
        refused = _refused(separator.group())
        if separator.start() == start and not refused:
            continue
        separator_line = line + text.count("\n", start, separator.start())
        failure = Failure(refused, Position(separator_line, 1), hint="write it on the next line") if refused else None
        yield Chunk(text[start : separator.start()], line, separator.end(), separator_line + 1, failure)
        start, line = separator.end(), separator_line + 1
    if start < len(text):
        yield Chunk(text[start:], line, len(text), line + text.count("\n", start))


def _refused(separator: str) -> str:
    rest = separator[3:].strip()
    return f"invalid Yaml document separator: {rest}" if rest and not rest.startswith("#") else ""


def parse_chunk(text: str) -> Parsed:
    """The objects in a chunk. Positions and lines count from the chunk's top."""
    roots = _roots(text)
    if isinstance(roots, tuple):
        return Parsed(failures=tuple(hinted(failure, text) for failure in roots))
    items: list[Item] = []
    failures: list[Failure] = []
    for root in roots:
        _collect(root.data, Locator(root.text, root.line_offset), root, items, failures)
    return Parsed(tuple(items), tuple(hinted(failure, text) for failure in failures))


def _roots(text: str) -> list[_Root] | tuple[Failure, ...]:
    json = read_json(text, MAX_DEPTH) if looks_like_json(text) else None
    if json and json.values:  # a stream that began as JSON stays JSON
        return (json.failure,) if json.failure else [_json_root(value, text) for value in json.values]
    composition = compose(text)
    if composition.failures:
        return (json.failure,) if json and json.failure else composition.failures
    return [_Root(composition.data, text, composition.first.line or 1)]


def _json_root(value: JsonValue, text: str) -> _Root:
    offset = text.count("\n", 0, value.start)
    return _Root(value.data, text[value.start : value.end], offset + 1, offset)


def _collect(
    data: object,
    locator: Locator,
    root: _Root,
    items: list[Item],
    failures: list[Failure],
) -> None:
    if data is None:
        return
    if not isinstance(data, dict):
        position = locator("") if locator.prefix else Position(root.line, 1)
        failures.append(Failure("invalid object to validate", position, Stage.VALIDATING))
        return
    listed = _list_items(data)
    if listed is None:
        items.append(Item(data, _digest(data, locator), root.line, locator))
        return
    for index, item in enumerate(listed):
        prefix = f"{locator.prefix}.items[{index}]" if locator.prefix else f"items[{index}]"
        _collect(_typed(item, data), msgspec.structs.replace(locator, prefix=prefix), root, items, failures)


def _list_items(data: Mapping[str, object]) -> list[object] | None:
    kind, items = data.get("kind"), data.get("items")
    if not isinstance(kind, str) or not kind.endswith("List"):
        return None
    return items if isinstance(items, list) else [] if items is None else None


def _typed(item: object, listing: Mapping[str, object]) -> object:
    """An item with the kind that its List implies, as a `ServiceList` implies Service."""
    kind = str(listing["kind"]).removesuffix("List")
    if not isinstance(item, dict) or not kind or item.get("kind") or item.get("apiVersion"):
        return item
    return {"apiVersion": listing.get("apiVersion"), "kind": kind, **item}


def _digest(data: Mapping[str, object], locator: Locator) -> str:
    content = msgspec.json.encode(data) if locator.prefix else locator.text.encode()
    return blake2b(content, digest_size=16).hexdigest()


@lru_cache(maxsize=4)  # the fields of one document are asked for one after the other
def _composition(text: str) -> Composition:
    return compose(text, with_places=True)


def _place(composition: Composition, *paths: str) -> Position:
    node, place = composition.data, composition.first
    for step in (step for path in paths for step in _STEP.finditer(path)):
        places = composition.places.get(id(node))
        if isinstance(node, list) and isinstance(places, list):
            index = int(step[1]) if step[1] and step[1].isdecimal() else len(node)
            if index >= len(node):
                break
            node, place = node[index], places[index]
        elif isinstance(node, dict) and isinstance(places, dict):
            name = _spelled(node, step[1] or step[2] or "")
            if name is None:
                break
            node, place = node[name], places.get(name, place)
        else:
            break
    return place


def _spelled(node: Mapping[str, object], name: str) -> str | None:
    """The key as it is written: some of Kubernetes' field paths differ from the field's name in letters' case."""
    if name in node:
        return name
    return next((key for key in node if key.lower() == name.lower()), None)
