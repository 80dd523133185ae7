"""Pure: the EndpointSlices that somebody wrote, by the Service that they name; only groups with a change are remade."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from .objects import EndpointSlice, NamespacedName

Groups = Mapping[NamespacedName, tuple[EndpointSlice, ...]]


class HandWrittenSlices:
    """Groups one sequence of slices after the other."""

    def __init__(self) -> None:
        self._pieces: Sequence[EndpointSlice] = ()
        self._by_id: dict[int, EndpointSlice] = {}
        self._groups: dict[NamespacedName | None, tuple[EndpointSlice, ...]] = {}
        self._by_service: Groups = {}

    @property
    def loose(self) -> tuple[EndpointSlice, ...]:
        """The slices that name no Service, sorted."""
        return self._groups.get(None, ())

    def group(self, pieces: Sequence[EndpointSlice]) -> Groups:
        """Each Service's slices, sorted by name; the groups of last time, the same objects, where nothing changed."""
        if pieces is not self._pieces:
            before, now = self._by_id, dict(zip(map(id, pieces), pieces, strict=True))
            gone = [before[each] for each in before.keys() - now.keys()]
            fresh = [now[each] for each in now.keys() - before.keys()]
            if gone or fresh:
                self._regroup(gone, fresh)
            self._pieces, self._by_id = pieces, now
        return self._by_service

    def _regroup(self, gone: Iterable[EndpointSlice], fresh: Iterable[EndpointSlice]) -> None:
        changed: dict[NamespacedName | None, list[EndpointSlice]] = {}
        for piece in gone:
            _group_of(piece, changed, self._groups).remove(piece)
        for piece in fresh:
            _group_of(piece, changed, self._groups).append(piece)
        groups = dict(self._groups)
        for key, group in changed.items():
            if group:
                groups[key] = tuple(sorted(group, key=_name if key else _key))
            else:
                groups.pop(key, None)
        self._groups = groups
        self._by_service = {key: group for key, group in groups.items() if key is not None}


_key = attrgetter("key")


def _name(piece: EndpointSlice) -> str:
    return piece.metadata.name


def _group_of(
    piece: EndpointSlice,
    changed: dict[NamespacedName | None, list[EndpointSlice]],
    groups: Mapping[NamespacedName | None, Sequence[EndpointSlice]],
) -> list[EndpointSlice]:
    """The group that the piece belongs to, as it will be."""
    key = piece.service_key
    if key not in changed:
        changed[key] = list(groups.get(key, ()))
    return changed[key]
