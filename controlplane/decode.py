"""Pure: a document to an object of its kind, or all that keeps the API server from decoding it.

A field that does not exist is an error, as with `kubectl apply` (`--validate=strict` is its default): Kubernetes'
`apiserver/pkg/endpoints/handlers/create.go` has the sentence around the decoder's own words. The API server says
only the first wrong type, and lists unknown fields in one message; here each mistake is a problem of its own.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from .documents import Document
from .fieldtypes import Field, Mistake
from .hints import name_hint, value_hint
from .objects import KINDS, AnyObject, Kind
from .parsefailures import not_an_object, spoken
from .problems import Problem, Reason
from .structtypes import StructType, type_of_kind
from .writtencorefile import corefile_problem, is_corefile

DEFAULT_NAMESPACE = "default"
_MAPPED_PORTS = re.compile(r"\d+:\d+")  # as Docker maps ports
_Object = TypeVar("_Object", bound=AnyObject)


class Decoded(msgspec.Struct, frozen=True):
    """An object, or problems, or the kind of a document that is none of ours: one of the three is set."""

    object: AnyObject | None = None
    problems: tuple[Problem, ...] = ()
    passed_over: str = ""


def decode(document: Document) -> Decoded:
    """The object in a document. A namespaced object without a namespace is in `default`."""
    if untyped := _untyped(document):
        return Decoded(problems=(untyped,))
    kind = KINDS.get(document.kind)
    if is_corefile(document):
        problem = corefile_problem(document)
        return Decoded(problems=(problem,) if problem else ())
    if kind is None:
        return Decoded(passed_over=document.kind)
    if document.api_version != kind.api_version:
        if not _is_of_kubernetes(document.api_version, kind):
            return Decoded(passed_over=document.kind)
        return Decoded(problems=(_no_match(document, kind),))
    decoded = _object(document, kind)
    if isinstance(decoded, tuple):
        return Decoded(problems=decoded)
    if unnamed := _unnamed(document, decoded):
        return Decoded(problems=(unnamed,))
    return Decoded(_placed(decoded, kind))


def _untyped(document: Document) -> Problem | None:
    """An object says what it is (kubectl `pkg/validation`)."""
    mistakes = []
    for name in ("apiVersion", "kind"):
        value = document.raw.get(name)
        if value is None or value == "":
            mistakes.append(f"{name} not set")
        elif not isinstance(value, str):
            mistakes.append(f"{name} isn't string type")
    if not mistakes:
        return None
    return document.problem(Reason.PARSE, not_an_object(document.source, mistakes))


def _is_of_kubernetes(api_version: str, kind: Kind) -> bool:
    """Whether only Kubernetes itself could have this kind in this group; other groups' kinds are their own."""
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io") or group == kind.api_version.rpartition("/")[0]


def _no_match(document: Document, kind: Kind) -> Problem:
    metadata = document.raw.get("metadata")
    names: Mapping[str, object] = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = (str(names.get(key) or "") for key in ("name", "namespace"))
    message = (
        f'resource mapping not found for name: "{name}" namespace: "{namespace}" from "{spoken(document.source)}": '
        f'no matches for kind "{document.kind}" in version "{document.api_version}"\nensure CRDs are installed first'
    )
    hint = f'{document.kind} is in "{kind.api_version}"'
    return document.problem(Reason.NO_MATCH, message, path="apiVersion", hint=hint)


def _object(document: Document, kind: Kind) -> AnyObject | tuple[Problem, ...]:
    schema = type_of_kind(document.kind)
    if schema.fits(document.raw):
        try:
            return msgspec.convert(document.raw, kind.struct)
        except msgspec.ValidationError:
            pass  # `check` below says it in Go's words, or takes away what is null
    mistakes: list[Mistake] = []
    cleaned = schema.check(document.raw, Field("", "", ""), mistakes)
    if mistakes:
        return tuple(_problem(document, mistake, schema) for mistake in mistakes)
    return msgspec.convert(cleaned, kind.struct)


def _problem(document: Document, mistake: Mistake, schema: StructType) -> Problem:
    version = document.api_version.rpartition("/")[2]
    heading = f'{document.kind} in version "{version}" cannot be handled as a {document.kind}: '
    hints = (_hint(mistake, schema), value_hint(mistake.value))
    return document.problem(
        Reason.BAD_REQUEST, heading + mistake.message, path=mistake.path, hint="; ".join(filter(None, hints))
    )


def _hint(mistake: Mistake, schema: StructType) -> str:
    if mistake.known is not None:
        return _name_hint(mistake.path.rpartition(".")[2], mistake.known, schema)
    match mistake.value, mistake.wanted:
        case str(text), "int32" | "int64" if text.lstrip("-").isdecimal():
            return f"a number stands without quotes: {text}"
        case str(text), "int32" if _MAPPED_PORTS.fullmatch(text):
            return "one number stands here: port, targetPort and nodePort are fields of their own"
        case str(text), "bool":
            return "write true or false, without quotes"
        case ((bool() | int() | float()), "string"):
            return "quote it, so that it is a string"
        case _:
            return ""


def _name_hint(name: str, known: frozenset[str], schema: StructType) -> str:
    """A misspelt name, or one that stands at the wrong depth: both happen, the indentation being what it is."""
    if name.lower() not in {field.lower() for field in known} and (place := next(schema.places_of(name), "")):
        return f'the field is "{place}": check the indentation'
    return name_hint(name, known)


def _unnamed(document: Document, decoded: AnyObject) -> Problem | None:
    """Applied again, such an object would be another one (kubectl `pkg/cmd/apply`)."""
    generated = decoded.metadata.generate_name
    if decoded.metadata.name or not generated:
        return None
    message = f"from {generated}: cannot use generate name with apply"
    return document.problem(Reason.PARSE, message, path="metadata.generateName", hint="give it a name")


def _placed(decoded: _Object, kind: Kind) -> _Object:
    """The object in the namespace that kubectl would put it in; cluster-scoped objects are in none."""
    metadata = decoded.metadata
    namespace = (metadata.namespace or DEFAULT_NAMESPACE) if kind.namespaced else ""
    if namespace == metadata.namespace:
        return decoded
    return msgspec.structs.replace(decoded, metadata=msgspec.structs.replace(metadata, namespace=namespace))
