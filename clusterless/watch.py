"""Says when manifests may have changed: watches folders rather than files, and looks again now and then anyway."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

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


async def watch(
    filenames: Iterable[str], on_watching: Callable[[], None], on_change: Callable[[], None], stop: asyncio.Event
) -> None:
    """Call `on_change` when something may have changed, at least every five seconds, until `stop`.

    `on_watching` is called as soon as no change is missed any more.
    """
    names = tuple(filenames)
    while not stop.is_set():
        places = watched(names)
        notifiers = _notifiers(places)
        on_watching()
        if not notifiers:
            await stop.wait()
            return
        current = _Round(stop)

        def changed(places: Watched = places, current: _Round = current) -> None:
            current.is_over = watched(names) != places
            on_change()

        told = _from_thread(changed)
        await asyncio.gather(*(asyncio.to_thread(_follow, each, places, current, told) for each in notifiers))


def _notifiers(places: Watched) -> "list[RustNotify]":
    from watchfiles._rust_notify import RustNotify  # noqa: PLC0415  a native module that only watching needs

    found = []
    for folders, is_recursive in ((places.trees, True), (places.folders | places.parents, False)):
        try:
            paths = sorted(map(str, folders))
            found += [RustNotify(paths, False, False, 0, is_recursive, True)] if paths else []  # noqa: FBT003
        except FileNotFoundError:
            continue  # it went between listing and watching: the other notifier, or the next look, will tell
    return found


def _from_thread(function: Callable[[], None]) -> Callable[[], object]:
    loop = asyncio.get_running_loop()
    return lambda: loop.call_soon_threadsafe(function)


def _follow(notifier: "RustNotify", places: Watched, current: _Round, told: Callable[[], object]) -> None:
    """In a thread of its own: wait for changes until the round is over."""
    with notifier:
        while not current.is_set():
            changes = notifier.watch(SETTLE_MOST_MS, SETTLE_MS, LOOK_AGAIN_MS, current)
            if changes == "timeout" or (isinstance(changes, set) and places.concerns(path for _, path in changes)):
                told()
