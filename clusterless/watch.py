"""Says when manifests may have changed: watches folders rather than files, and looks again now and then anyway."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

# A file that is written in several steps settles within a few milliseconds; the promise is 0.3 s from its close.
SETTLE_MS = 20
SETTLE_MOST_MS = 150
# Some file systems (network shares, Docker Desktop) report nothing, and ConfigMap volumes swap a link unseen.
LOOK_AGAIN_MS = 5000


def folders_of(filenames: Iterable[str]) -> list[Path]:
    """The folders to watch for some `-f` arguments: a file's own, and that of what a link points to.

    A folder that does not exist is stood in for by its nearest parent that does.
    """
    folders: set[Path] = set()
    for filename in filenames:
        if filename == "-":
            continue
        for path in {Path(filename).absolute(), Path(filename).resolve()}:
            folder = path if path.is_dir() else path.parent
            while not folder.is_dir():
                folder = folder.parent
            folders.add(folder)
    return sorted(folders)


async def changes(filenames: Iterable[str], stop: asyncio.Event) -> AsyncIterator[None]:
    """Yields when something below the folders may have changed, at least every five seconds; ends with `stop`."""
    from watchfiles import awatch  # noqa: PLC0415  a native module that only watching needs

    names = list(filenames)
    while not stop.is_set():
        folders = folders_of(names)
        if not folders:
            await stop.wait()
            return
        try:
            async for _ in awatch(
                *folders,
                watch_filter=None,
                debounce=SETTLE_MOST_MS,
                step=SETTLE_MS,
                stop_event=stop,
                rust_timeout=LOOK_AGAIN_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
                recursive=True,
            ):
                yield
                if folders_of(names) != folders:
                    break  # a folder came or went: watch the right ones
        except FileNotFoundError:
            yield  # a folder went between listing and watching
