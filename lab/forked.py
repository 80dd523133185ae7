"""I/O: forked processes that run one function: they end with what it returns, and run nothing of the caller's."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Never


def fork(child: Callable[[], int]) -> int:
    """Run a function in a forked process; returns the process id."""
    sys.stdout.flush()  # what waits there would be written twice
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _end_with(child)
    return pid


def exit_code(status: int) -> int:
    """What a shell calls the status of a process that has ended: 128 + n when signal n ended it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _end_with(function: Callable[[], int]) -> Never:
    code = 1
    try:
        code = function()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BrokenPipeError:  # who read our output has seen enough
        code = 128 + signal.SIGPIPE
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # the process ends here, and the reason must be seen
        traceback.print_exc()
    finally:
        os._exit(code)
