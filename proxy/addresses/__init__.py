"""Addresses and sockets of this host, and the privilege to have them.

`open_sockets` is called once, first of all. With a capability it forks the privileged helper and returns
`HelperSockets`; without, `LocalSockets`, which manage with what everybody may do (a range inside 127.0.0.0/8).

The program's side: `starting` chooses, `client` and `helperlink` ask the helper, `unprivileged` needs none,
`privilege` gives capabilities up, `hostnetwork` reads addresses and gateways.
The helper's side: `helper` is the process, `service` its work, `addressbook` the claimed addresses and ranges,
`routes` and `device` what pyroute2 makes of them, `instancelock` keeps a second program away.
Both: `messages` and `channel` between the two, `netlink` and `rtnetlink` to the kernel, `listening` opens sockets,
`sourcefilter` and `drop` filter packets, `marks` tell ours from others', `ranges` and `refusals` say no.
"""

from .client import HelperSockets
from .helper import HelperSettings
from .instancelock import AlreadyRunningError
from .marks import Marks
from .starting import open_sockets
from .unprivileged import LocalSockets

__all__ = ["AlreadyRunningError", "HelperSettings", "HelperSockets", "LocalSockets", "Marks", "open_sockets"]
