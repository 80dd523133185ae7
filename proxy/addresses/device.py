"""A network device of ours that carries nothing: it holds foreign addresses, and swallows what is sent through it."""

import errno
import socket
from typing import Any

from pyroute2 import IPRoute, NetlinkError

from .marks import Mark

# a bridge without ports swallows as a dummy does, and kernels without dummy devices have it
_KINDS = ("dummy", "bridge")
_MISSING = (errno.EOPNOTSUPP, errno.EPERM)


def _find(name: str) -> int | None:
    try:
        return socket.if_nametoindex(name)
    except OSError:  # ENODEV is the only error it knows
        return None


def make_device(mark: Mark) -> int | None:
    """The index of our device, made and up; `None` where the kernel has no such devices or we may not make them."""
    present = _find(mark.device)
    if present is not None:
        return present
    with IPRoute() as route:
        for kind in _KINDS:
            if _add(route, mark.device, kind):
                index = socket.if_nametoindex(mark.device)
                # without ARP it never asks for a neighbour that cannot answer, which would end as "no route to host"
                route.link("set", index=index, arp=False, state="up")
                return index
    return None


def _add(route: Any, name: str, kind: str) -> bool:
    try:
        route.link("add", ifname=name, kind=kind)
    except NetlinkError as error:
        if error.code not in _MISSING:
            raise
        return False
    return True


def remove_device(mark: Mark) -> None:
    """Take our device away, and with it every route through it; nothing happens where there is none."""
    index = _find(mark.device)
    if index is not None:
        with IPRoute() as route:
            route.link("del", index=index)
