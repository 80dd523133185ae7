"""The one place that starts asyncio tasks: each is named, kept until it ends, and its failure is told to somebody."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_running: set[asyncio.Task[Any]] = set()


def spawn(
    coroutine: Coroutine[Any, Any, Any], name: str, *, on_failure: Callable[[BaseException], None] | None = None
) -> asyncio.Task[Any]:
    """Start a task. Its exception goes to `on_failure`, else to the loop's exception handler, never unseen."""
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    _running.add(task)

    def ended(done: asyncio.Task[Any]) -> None:
        _running.discard(done)
        if done.cancelled() or (error := done.exception()) is None:
            return
        if on_failure is not None:
            on_failure(error)
        else:
            context = {"message": f"task {name} failed", "exception": error, "task": done}
            done.get_loop().call_exception_handler(context)

    task.add_done_callback(ended)
    return task
