"""Pure: which objects arguments name: `svc`, `svc,po`, `svc web db`, `svc/web po/web-0`, `all`.

Source: cli-runtime `pkg/resource/builder.go`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clusterless.introspection.resources import PODS, RESOURCES, SERVICES, Resource
from controlplane.hints import name_hint

ALL = (PODS, SERVICES)  # of the kinds that kubectl has in the category `all`, those that are here


class Wanted(NamedTuple):
    """One resource; the objects of these names, or all of them where there is none."""

    resource: Resource
    names: tuple[str, ...] = ()


class Request(NamedTuple):
    """What is wanted, in its order; `several_types` means that a name alone would not say what it is."""

    wanted: tuple[Wanted, ...]
    several_types: bool = False

    @property
    def names_one(self) -> bool:
        """Whether one object is asked for by its name, so that no list is printed."""
        return len(self.wanted) == 1 and len(self.wanted[0].names) == 1


class ArgumentError(Exception):
    """What kubectl says of arguments that name nothing."""


def request(arguments: Sequence[str]) -> Request:
    """What the arguments ask for. Raises ArgumentError."""
    if not arguments:
        raise ArgumentError(
            "Required resource not specified: one of "
            + ", ".join(f"{each.name}{_short(each)}" for each in RESOURCES)
            + ", or all"
        )
    if any("/" in argument for argument in arguments):
        return _by_pairs(arguments)
    resources = tuple(found for word in arguments[0].split(",") for found in _resources(word))
    several = len(set(resources)) > 1 or arguments[0] == "all"
    return Request(tuple(Wanted(each, tuple(arguments[1:])) for each in dict.fromkeys(resources)), several)


def resource_named(word: str) -> Resource:
    """The resource that a word means: plural, singular, kind or short name, with or without its group.

    Raises ArgumentError.
    """
    name, _, group = word.lower().partition(".")
    for each in RESOURCES:
        if name in (each.name, each.singular, *each.short_names) and group in ("", each.group, f"v1.{each.group}"):
            return each
    # Words of two letters are all near to each other: who asks for `rs` does not mean `ns`.
    names = (text for each in RESOURCES for text in (each.name, each.singular, *each.short_names))
    known = frozenset(text for text in names if len(text) > 2)
    hint = name_hint(name, known) or f"there are {', '.join(sorted(each.name for each in RESOURCES))}"
    raise ArgumentError(f'the server doesn\'t have a resource type "{word}"\n    hint: {hint}')


def completions(incomplete: str) -> Iterable[str]:
    """The words that name a resource and begin so."""
    words = {word for each in RESOURCES for word in (each.name, *each.short_names)} | {"all"}
    return sorted(word for word in words if word.startswith(incomplete))


def _resources(word: str) -> tuple[Resource, ...]:
    return ALL if word == "all" else (resource_named(word),)


def _by_pairs(arguments: Sequence[str]) -> Request:
    names: dict[Resource, list[str]] = {}
    for argument in arguments:
        word, slash, name = argument.partition("/")
        if not slash:
            raise ArgumentError(
                "there is no need to specify a resource type as a separate argument when passing arguments in "
                "resource/name form (e.g. 'get resource/<resource_name>' instead of 'get resource "
                "resource/<resource_name>')"
            )
        if not word or not name or "/" in name:
            raise ArgumentError("arguments in resource/name form must have a single resource and name")
        names.setdefault(resource_named(word), []).append(name)
    return Request(tuple(Wanted(each, tuple(dict.fromkeys(found))) for each, found in names.items()), len(names) > 1)


def _short(resource: Resource) -> str:
    return f" ({resource.short_names[0]})" if resource.short_names else ""
