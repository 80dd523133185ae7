"""Reads and writes the file that configures kube-proxy: strictly; where only that fails, leniently, with a warning."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from controlplane.manifests_yaml import Composition, compose
from controlplane.problems import Position

from .godurations import is_duration
from .kubeproxyconfig import API_VERSION, KIND, ConfigError, KubeProxyConfiguration
from .kubeproxyvalidation import mistakes

# What kube-proxy logs when it goes on with a file that has fields that do not exist (cmd/kube-proxy/app/options.go).
LENIENT = "Using lenient decoding as strict decoding failed"

_Path = tuple[str | int, ...]
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `(\w+)`")
_GOT = {"int": "number", "float": "number", "str": "string"}
_GO_TYPES = {"str": "string", "int": "int32", "bool": "bool", "array": "[]string", "object": "object"}


class _Text(NamedTuple):
    """The file, and where its fields stand."""

    name: str
    composed: Composition
    data: Mapping[str, object]

    def at(self, path: _Path) -> str:
        """`FILE:LINE:COLUMN` of a field, or of the nearest one around it; the file alone if it was read leniently."""
        found, node = self.composed.first, self.composed.data
        if node is None:
            return self.name
        for step in path:
            places = self.composed.places.get(id(node))
            place = _entry(places, step)
            if place is None:
                break
            found, node = place, _entry(node, step)
        return f"{self.name}:{found.line}:{found.column}" if found.line else self.name


def load(path: Path) -> tuple[KubeProxyConfiguration, list[str]]:
    """The configuration in a file, and why it was read leniently.

    Raises ConfigError where kube-proxy would not start.
    """
    text, warnings = _read(path)
    if text.data.get("kind") != KIND or text.data.get("apiVersion") != API_VERSION:
        raise ConfigError(f"{path}: no kind {KIND} in {API_VERSION}")
    present = {key: value for key, value in text.data.items() if value is not None}
    strangers = _unknown(present, KubeProxyConfiguration)
    unknown = [f'{text.at(each)}: unknown field "{_dotted(each)}"' for each in strangers]
    config = _converted(text, present)
    if wrong := [*_no_durations(text, present), *_invalid(text, config)]:
        raise ConfigError("\n".join(wrong))
    return config, [*warnings, *unknown]


def written(configuration: KubeProxyConfiguration) -> str:
    """The file that this is read from again; what says nothing new is left out."""
    return yaml.safe_dump(_said(configuration), default_flow_style=False)


def _read(path: Path) -> tuple[_Text, list[str]]:
    """The file's mapping; that a field stands twice is a warning, and the last one holds."""
    try:
        content = path.read_text()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    composed = compose(content, with_places=True)
    failures = [f"{_at(path, each.position)}: {each.message}" for each in composed.failures]
    data = composed.data
    if failures and all("already set in map" in each for each in failures):
        data = yaml.load(content, Loader=yaml.CSafeLoader)
    elif failures:
        raise ConfigError("\n".join(failures))
    return _Text(str(path), composed, data if isinstance(data, Mapping) else {}), failures


def _converted(text: _Text, present: Mapping[str, object]) -> KubeProxyConfiguration:
    try:
        return msgspec.convert(present, KubeProxyConfiguration)
    except msgspec.ValidationError as error:
        path = _path_of(str(error))
        raise ConfigError(f"{text.at(path)}: failed to decode: {_in_go_words(str(error), path)}") from error


def _in_go_words(message: str, path: _Path) -> str:
    """What encoding/json says of a value of the wrong type."""
    types = _EXPECTED.search(message)
    if types is None:
        return message
    expected = _GO_TYPES.get(types[1].partition(" | ")[0], types[1])
    got = _GOT.get(types[2], types[2])
    return f"json: cannot unmarshal {got} into Go struct field {KIND}.{_dotted(path)} of type {expected}"


def _path_of(message: str) -> _Path:
    """The path at the end of msgspec's sentence, ``… - at `$.conntrack.min` ``."""
    _, _, place = message.rpartition("`$")
    return tuple(name or int(index) for name, index in _STEP.findall(place))


def _dotted(path: _Path) -> str:
    return ".".join(str(step) for step in path)


def _unknown(raw: Mapping[str, object], struct: type[msgspec.Struct], above: _Path = ()) -> Iterator[_Path]:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in raw.items():
        inner = fields.get(key)
        if inner is None:
            yield (*above, key)
        elif isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from _unknown(value, inner, (*above, key))


def _no_durations(text: _Text, raw: Mapping[str, object], above: _Path = ()) -> Iterator[str]:
    """Fields that end in `Timeout` or `Period` are durations."""
    for key, value in raw.items():
        path = (*above, key)
        if isinstance(value, Mapping):
            yield from _no_durations(text, value, path)
        elif isinstance(value, str) and value and key.endswith(("Timeout", "Period")) and not is_duration(value):
            yield f'{text.at(path)}: {_dotted(path)}: time: invalid duration "{value}"'


def _invalid(text: _Text, config: KubeProxyConfiguration) -> Iterator[str]:
    for error in mistakes(config):
        yield f"{text.at(_json_path(error.path))}: {error.message}"


def _json_path(path: str) -> _Path:
    """The file's name of a field that validation gives Go's name; the first step is the object itself."""
    steps: list[str | int] = []
    for name, index in _STEP.findall(f".{path}"):
        steps.append(_json_name(name) if name else int(index))
    return tuple(steps[1:])


def _json_name(name: str) -> str:
    known = {"KubeConntrackConfiguration": "conntrack", "ProxyMode": "mode", "ClusterCIDR": "clusterCIDR"}
    for capitals in ("IPTables", "IPVS", "TCP", "UDP", "OOM"):
        if name.startswith(capitals):
            return capitals.lower() + name.removeprefix(capitals)
    return known.get(name) or name[:1].lower() + name[1:]


def _entry(container: Any, step: str | int) -> Any:
    """What a mapping or list has there; `None` for nothing."""
    if isinstance(container, Mapping):
        return container.get(step)
    if isinstance(container, Sequence) and isinstance(step, int) and step < len(container):
        return container[step]
    return None


def _at(path: Path, position: Position) -> str:
    return f"{path}:{position.line}:{position.column}" if position.line else str(path)


def _said(struct: msgspec.Struct) -> dict[str, object]:
    """The fields that are not as they are without being said."""
    said: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if value == field.default:
            continue
        said[field.encode_name] = _said(value) if isinstance(value, msgspec.Struct) else msgspec.to_builtins(value)
    return said
