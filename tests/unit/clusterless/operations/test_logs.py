"""One line an event; repetitions are left out and counted; nobody waits for a reader."""

import json
import logging
import os
import subprocess
import sys
import time

import pytest

from clusterless.operations.logs import JsonFormatter, KlogFormatter
from clusterless.operations.repeats import BURST, MOST_KINDS, WINDOW_SECONDS, Repeats

KV = {"service": 'shop/"web"', "count": 3, "is_ready": True, "text": "two\nlines"}


def record(level: int = logging.WARNING, message: str = "something happened", **more: object) -> logging.LogRecord:
    made = logging.LogRecord("proxy.listener", level, "", 0, message, None, more.pop("exc_info", None))
    made.kv = more
    return made


def test_text_is_klogs():
    line = KlogFormatter().format(record(**KV))
    assert line.startswith("W")
    head, _, text = line.partition("] ")
    assert head.split()[2:] == [str(os.getpid()), "proxy.listener"]
    assert text == r'"something happened" service="shop/\"web\"" count=3 is_ready=true text="two\nlines"'


def test_json_is_an_object_with_an_event():
    entry = json.loads(JsonFormatter().format(record(**KV)))
    assert entry.pop("ts") > 1e9
    assert entry == {"level": "warning", "logger": "proxy.listener", "event": "something happened", **KV}


@pytest.mark.parametrize("formatter", [KlogFormatter(), JsonFormatter()])
def test_an_exception_stays_on_the_line(formatter: logging.Formatter):
    try:
        raise RuntimeError("a bug")
    except RuntimeError:
        line = formatter.format(record(exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "RuntimeError: a bug" in line


def test_of_repetitions_some_pass_and_the_others_are_counted():
    repeats: Repeats[str] = Repeats()
    assert [repeats.admit("a", 0.0) for _ in range(BURST + 3)] == [0] * BURST + [None] * 3
    assert repeats.admit("b", 0.0) == 0
    assert repeats.admit("a", WINDOW_SECONDS) == 3
    assert repeats.admit("a", WINDOW_SECONDS) == 0


def test_what_was_left_out_is_told_when_no_more_of_it_comes():
    repeats: Repeats[str] = Repeats()
    for _ in range(BURST + 2):
        repeats.admit("a", 0.0)
    repeats.admit("b", 1.0)
    assert list(repeats.overdue(WINDOW_SECONDS - 1)) == []
    assert list(repeats.overdue(WINDOW_SECONDS + 1)) == [("a", 2)]
    assert len(repeats) == 0


def test_what_is_remembered_has_a_bound():
    repeats: Repeats[int] = Repeats()
    for number in range(MOST_KINDS + 10):
        repeats.admit(number, 0.0)
    assert len(repeats) == MOST_KINDS


def output(program: str, **options: object) -> str:
    """What a program that logs writes to standard error; nothing goes to standard output."""
    head = "import logging\nfrom clusterless.operations import logs\nlogs.set_up(json=True, verbosity=0)\n"
    head += "log = logging.getLogger('x')\n"
    done = subprocess.run(
        [sys.executable, "-c", head + program], capture_output=True, text=True, timeout=20, check=True, **options
    )
    assert done.stdout == ""
    return done.stderr


def events(text: str) -> list[str]:
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_repeated_warnings_are_left_out_and_what_is_no_warning_is_not():
    text = output(
        "for _ in range(100): log.warning('again', extra={'kv': {'service': 'a'}})\n"
        "log.warning('again', extra={'kv': {'service': 'b'}})\n"
        "for _ in range(20): log.info('event')\n"
        "assert logs.left_out()['repeated'] == 100 - 5, logs.left_out()\n"
    )
    assert events(text) == ["again"] * (BURST + 1) + ["event"] * 20


def test_a_thread_writes_all_of_it_in_order():
    text = output(
        "logs.detach()\nfor number in range(500): log.info('event %d', number)\nlogs.attach()\nlog.info('end')"
    )
    assert events(text) == [*(f"event {number}" for number in range(500)), "end"]


def test_in_a_child_the_log_goes_on():
    text = output(
        "import os\nlogs.detach()\nlog.info('parent')\nlogs.attach()\nlogs.detach()\n"
        "pid = os.fork()\n"
        "if not pid:\n    log.info('child')\n    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "logs.attach()\n"
    )
    assert events(text) == ["parent", "child"]


@pytest.mark.reliability(53)
def test_a_reader_who_sleeps_holds_up_nobody_and_is_given_up_on_at_the_end():
    reading, writing = os.pipe()
    started = time.monotonic()
    program = (
        "from clusterless.operations import logs\n"
        "import logging, sys\nlogs.set_up(json=True, verbosity=0)\nlogs.detach()\n"
        "for number in range(20_000): logging.info('event', extra={'kv': {'filling': 'x' * 100}})\n"
        "assert logs.left_out()['blocked'] > 0\n"
        "logs.attach()\nprint('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=writing, text=True, timeout=20, check=True
    )
    assert done.stdout == "done\n"
    assert time.monotonic() - started < 15
    os.close(reading)
    os.close(writing)


@pytest.mark.reliability(53)
@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full", "0<&- 2>&-"])
def test_a_log_that_cannot_be_written_is_lost_and_counted(closing: str):
    program = (
        "from clusterless.operations import logs\n"
        "import logging, os, socket, sys\nlogs.set_up(json=True, verbosity=0)\n"
        "with socket.socket() as sock:\n"
        "    assert sock.fileno() > 2, 'the log would go to a client'\n"
        "logging.info('event')\n"
        "print('done', logs.left_out()['blocked'])\n"
    )
    command = ["sh", "-c", f'exec "$0" "$@" {closing}', sys.executable, "-c", program]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=20, check=True)
    assert done.stdout.startswith("done")
    assert done.stdout.split()[1] == ("1" if "full" in closing else "0")
