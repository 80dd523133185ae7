"""Whatever holds up the event loop for more than 50 ms is named in the log: a callback, a task, a reader, a timer."""

import asyncio
import logging
import socket
import subprocess
import sys
import time

import pytest
import uvloop

from clusterless.operations.timedloop import SLOW_SECONDS, TimedLoop

SLOW = SLOW_SECONDS * 1.5


class OfAsyncio(TimedLoop, asyncio.SelectorEventLoop):
    pass


class OfUvloop(TimedLoop, uvloop.Loop):
    pass


def dawdle(*_: object) -> None:
    time.sleep(SLOW)  # what must not be done in a loop is what is tested


async def by_call_soon(loop: TimedLoop) -> None:
    loop.call_soon(dawdle, 1)
    await asyncio.sleep(0)


async def by_call_later(loop: TimedLoop) -> None:
    done = loop.create_future()
    loop.call_later(0.001, lambda: (dawdle(), done.set_result(None)))
    await done


async def by_call_at(loop: TimedLoop) -> None:
    done = loop.create_future()
    loop.call_at(loop.time() + 0.001, lambda: (dawdle(), done.set_result(None)))
    await done


async def by_another_thread(loop: TimedLoop) -> None:
    done = loop.create_future()
    await asyncio.to_thread(loop.call_soon_threadsafe, lambda: (dawdle(), done.set_result(None)))
    await done


async def by_a_reader(loop: TimedLoop) -> None:
    ours, theirs = socket.socketpair()
    done = loop.create_future()

    def read() -> None:
        dawdle()
        loop.remove_reader(ours.fileno())
        done.set_result(None)

    with ours, theirs:
        loop.add_reader(ours.fileno(), read)
        theirs.send(b"x")
        await done


async def by_a_task(loop: TimedLoop) -> None:
    async def works_too_long() -> None:
        await asyncio.sleep(0)
        dawdle()

    await loop.create_task(works_too_long(), name="some task")


@pytest.mark.reliability(55)
@pytest.mark.parametrize("loop_class", [OfAsyncio, OfUvloop])
@pytest.mark.parametrize(
    ("hold_up", "name"),
    [
        (by_call_soon, "dawdle"),
        (by_call_later, "by_call_later.<locals>.<lambda>"),
        (by_call_at, "by_call_at.<locals>.<lambda>"),
        (by_another_thread, "by_another_thread.<locals>.<lambda>"),
        (by_a_reader, "by_a_reader.<locals>.read"),
        (by_a_task, "some task (by_a_task.<locals>.works_too_long)"),
    ],
)
def test_what_holds_up_the_loop_is_named(loop_class, hold_up, name: str, caplog: pytest.LogCaptureFixture):
    loop = loop_class()
    try:
        loop.run_until_complete(hold_up(loop))
    finally:
        loop.close()
    told = {record.kv["task"]: record.kv["seconds"] for record in caplog.records if record.levelno == logging.WARNING}
    assert told[name] >= SLOW_SECONDS  # on a busy machine others may be told as well
    assert loop.slow_callbacks >= 1
    assert loop.longest_seconds >= SLOW


WITHOUT_A_LOG = f"""
import asyncio, time
from clusterless.operations.timedloop import TimedLoop

class Loop(TimedLoop, asyncio.SelectorEventLoop):
    pass

loop = Loop()
loop.call_soon(time.sleep, {SLOW})
loop.call_later({SLOW}, loop.stop)
loop.run_forever()
loop.close()
print(loop.slow_callbacks > 0)
"""


def test_a_command_without_a_log_says_nothing_of_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_LOG], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize("loop_class", [OfAsyncio, OfUvloop])
def test_a_callback_that_fails_is_handled_as_ever(loop_class):
    loop = loop_class()
    seen: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: seen.append(context))

    async def fail() -> None:
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)

    try:
        loop.run_until_complete(fail())
    finally:
        loop.close()
    assert [type(each["exception"]) for each in seen] == [ZeroDivisionError]
