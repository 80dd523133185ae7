"""Says when manifests may have changed: watches folders rather than files, and looks again now and then anyway."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

# A file that is written in several steps settles within a few milliseconds; the promise is 0.3 s from its close.
SETTLE_MS = 40
SETTLE_MOST_MS = 150
# Some file systems (network shares, Docker Desktop) report nothing.
LOOK_AGAIN_MS = 5000


class Watched(NamedTuple):
    """What to watch for some `-f` arguments."""

    trees: frozenset[Path] = frozenset()  # folders, with all that is below
    folders: frozenset[Path] = frozenset()  # alone: a home directory may hold a file of ours, and millions of others
    parents: frozenset[Path] = frozenset()  # of trees, alone: there a tree is replaced, or goes and comes back

    def concerns(self, paths: Iterable[str]) -> bool:
        """Whether a change of these paths may be one of ours: next to a tree, only the tree matters."""
        found = [Path(path) for path in paths]
        return any(path in self.trees or path.parent not in self.parents - self.folders for path in found)

    def holds(self, paths: Iterable[str]) -> bool:
        """Whether one of these is a folder of ours: if it came or went, another may be in its place by now."""
        return not (self.trees | self.folders).isdisjoint(map(Path, paths))


def watched(filenames: Iterable[str]) -> Watched:
    """What to watch, also where links lead to; a folder that does not exist has its nearest parent watched.

    There is nothing to watch for `-`, standard input.
    """
    trees: set[Path] = set()
    folders: set[Path] = set()
    for filename in filenames:
        if filename == "-":
            continue
        for path in {Path(filename).absolute(), Path(filename).resolve()}:
            if path.is_dir():
                trees.add(path)
            else:
                folders.add(next(parent for parent in path.parents if parent.is_dir()))
    return Watched(frozenset(trees), frozenset(folders), frozenset(tree.parent for tree in trees))


class _Round:
    """The watching of some folders, until `stop` or until there are others to watch."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self.is_over = False

    def is_set(self) -> bool:
        return self.is_over or self._stop.is_set()


class _Asked:
    """The stop event of one watcher, which asks for it while it watches, and not before: that tells when it began."""

    def __init__(self, current: _Round, on_first: Callable[[], object]) -> None:
        self._current = current
        self._on_first = on_first
        self._was_asked = False

    def is_set(self) -> bool:
        if not self._was_asked:
            self._was_asked = True
            self._on_first()
        return self._current.is_set()


async def watch(
    filenames: Iterable[str], on_watching: Callable[[], None], on_change: Callable[[], None], stop: asyncio.Event
) -> None:
    """Call `on_change` when something may have changed, at least every five seconds, until `stop`.

    `on_watching` is called as soon as no change is missed any more.
    """
    names = tuple(filenames)
    while not stop.is_set():
        places = watched(names)
        current = _Round(stop)
        kinds = [kind for kind in ((places.trees, True), (places.folders | places.parents, False)) if kind[0]]
        if not kinds:
            on_watching()
            await stop.wait()
            return

        def changed(is_other: bool, places: Watched = places, current: _Round = current) -> None:
            current.is_over |= is_other or watched(names) != places
            on_change()

        told = _from_thread(changed)
        begun = [asyncio.Event() for _ in kinds]
        asked = [_Asked(current, _from_thread(each.set)) for each in begun]
        threads = [
            asyncio.to_thread(_follow, *kind, places, each, told) for kind, each in zip(kinds, asked, strict=True)
        ]
        try:
            await asyncio.gather(_when_all(begun, on_watching), *threads)
        finally:
            current.is_over = True  # for threads that nobody waits for any more


async def _when_all(events: Iterable[asyncio.Event], then: Callable[[], None]) -> None:
    for each in events:
        await each.wait()
    then()


def _from_thread(function: Callable[..., None]) -> Callable[..., object]:
    return partial(asyncio.get_running_loop().call_soon_threadsafe, function)


def _follow(
    folders: Iterable[Path], is_recursive: bool, places: Watched, asked: _Asked, told: Callable[[bool], object]
) -> None:
    """In a thread of its own: wait for changes until the round is over; tell whether a folder came or went."""
    from watchfiles import Change  # noqa: PLC0415  a native module that only watching needs
    from watchfiles import watch as changes_of  # noqa: PLC0415

    rounds = changes_of(
        *sorted(folders),
        watch_filter=None,
        debounce=SETTLE_MOST_MS,
        step=SETTLE_MS,
        stop_event=asked,
        rust_timeout=LOOK_AGAIN_MS,
        yield_on_timeout=True,
        recursive=is_recursive,
        ignore_permission_denied=True,
    )
    try:
        for changes in rounds:
            if not changes or places.concerns(path for _, path in changes):
                told(places.holds(path for change, path in changes if change is not Change.modified))
    except FileNotFoundError:
        asked.is_set()  # it went between listing and watching: the other watcher, or the next look, will tell
