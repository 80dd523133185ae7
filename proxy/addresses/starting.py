"""Chooses at the program's start how it comes by its sockets, and gives up every capability."""

from collections.abc import Callable

from .client import HelperSockets
from .helper import HelperSettings, start_helper
from .privilege import Capability, drop_all, has_capability
from .unprivileged import LocalSockets


def open_sockets(settings: HelperSettings, on_exit: Callable[[], None] = lambda: None) -> HelperSockets | LocalSockets:
    """Start the privileged helper where this process may have one; afterwards it holds no capability either way.

    Call it first of all, before the process has an event loop or a second thread. `on_exit` is called from the event
    loop when the helper ends by itself. Raises `AlreadyRunningError` when the same program runs in this network
    namespace.
    """
    helper = start_helper(settings) if any(has_capability(each) for each in Capability) else None
    drop_all()
    return HelperSockets(helper, on_exit) if helper else LocalSockets()
