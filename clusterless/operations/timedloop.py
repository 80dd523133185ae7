"""An event loop that names in the log whatever holds it up: no client is served meanwhile, and no question answered."""

import asyncio
import logging
import time
from asyncio import Handle, TimerHandle
from collections.abc import Callable, Iterator
from contextvars import Context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

log = logging.getLogger(__name__)

SLOW_SECONDS = 0.05
SHOWN_CALLS = 3


class TimedLoop(asyncio.AbstractEventLoop):
    """To be mixed into a loop: `class Loop(TimedLoop, uvloop.Loop)`. What is ignored are types that bind the arguments.

    asyncio's own `slow_callback_duration` works in debug mode alone, which makes everything slow. Here a callback costs
    two looks at the clock; the data plane has one callback a turn, however many connections it serves in it.
    """

    slow_callbacks = 0
    longest_seconds = 0.0

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Handle:  # type: ignore[override]
        """As any loop's."""
        return super().call_soon(self._timed, callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """As any loop's."""
        return super().call_soon_threadsafe(self._timed, callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """As any loop's, which may call `call_at`."""
        if callback == self._timed:
            return super().call_later(delay, callback, *args, context=context)
        return super().call_later(delay, self._timed, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """As any loop's, which may call `call_later`."""
        if callback == self._timed:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, self._timed, callback, *args, context=context)

    def add_reader(self, fd: "FileDescriptorLike", callback: Callable[..., object], *args: Any) -> None:  # type: ignore[override]
        """As any loop's."""
        super().add_reader(fd, self._timed, callback, *args)

    def _timed(self, callback: Callable[..., object], *args: Any) -> None:
        started = time.monotonic()
        try:
            callback(*args)
        finally:
            seconds = time.monotonic() - started
            if seconds > SLOW_SECONDS:
                self._tell(callback, seconds)

    def _tell(self, callback: Callable[..., object], seconds: float) -> None:
        self.slow_callbacks += 1
        self.longest_seconds = max(self.longest_seconds, seconds)
        if not log.hasHandlers():  # a command without a log: its standard error is for what its user is to know
            return
        details = {"task": name_of(callback), "seconds": round(seconds, 3)}
        log.warning("the event loop was held up", extra={"kv": details})


def name_of(callback: Callable[..., object]) -> str:
    """A task's name and the innermost calls in which its code stands now, or the callback's own name."""
    owner = getattr(callback, "__self__", None)
    if not isinstance(owner, asyncio.Task):
        return str(getattr(callback, "__qualname__", callback))
    calls = list(_calls(owner.get_coro()))
    return f"{owner.get_name()} ({' > '.join(calls[-SHOWN_CALLS:])})"


def _calls(awaited: object) -> Iterator[str]:
    """A coroutine, what it waits for, what that waits for, and so on."""
    while (name := getattr(awaited, "__qualname__", None)) is not None:
        yield name
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
