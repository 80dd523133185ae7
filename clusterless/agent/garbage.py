"""Spares the garbage collector what an agent makes of its manifests: nearly all of it stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def spared() -> Iterator[None]:
    """The collector rests in the block, and never looks at what has been made by its end.

    With 10,000 Services that is nearly a million objects: to look at them again and again costs a third of the start,
    and holds everybody up for a fifth of a second at some later change. They are freed as ever when nobody refers to
    them any more. To collect once more before it ends would take half a second, to find what importing left behind.
    """
    with resting():
        try:
            yield
        finally:
            gc.freeze()


@contextmanager
def resting() -> Iterator[None]:
    """The collector rests in the block; it may stand in another one.

    To read ten thousand documents and build on them makes many objects and no garbage that only it could find: to look
    for some over and over takes as long as the work itself.
    """
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
