"""Pure: what a lookup in the cluster's records may come to."""

from typing import NamedTuple, TypeAlias

from .model import Labels


class Hit(NamedTuple):
    """One address behind a name, and the name, relative to the zone, that an SRV record points at."""

    owner: Labels
    address: str
    port: int


class Found(NamedTuple):
    """The name exists; without hits it is a branch of the tree only, or `is_empty` for now."""

    hits: tuple[Hit, ...] = ()
    is_empty: bool = False


class Alias(NamedTuple):
    """An ExternalName Service."""

    target: Labels


class Missing(NamedTuple):
    """The name does not exist; the explanation says why, where there is more to say than that."""

    explanation: str = ""


Lookup: TypeAlias = Found | Alias | Missing
