"""What this process may do, and how it gives that up for good: Linux capabilities, through libc."""

import ctypes
import errno
import os
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_NAME = 15
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_DEFAULT_UNPRIVILEGED_PORT_START = 1024


class Capability(IntEnum):
    """The capabilities that this program can use (capabilities(7))."""

    NET_BIND_SERVICE = 10
    NET_ADMIN = 12


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def has_capability(capability: Capability) -> bool:
    """Whether this thread's permitted set holds the capability."""
    return bool(_permitted() >> capability & 1)


def unprivileged_port_start() -> int:
    """The first port that needs no CAP_NET_BIND_SERVICE here (ip(7))."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except FileNotFoundError:  # no /proc, or another network namespace's view of it is hidden
        return _DEFAULT_UNPRIVILEGED_PORT_START


def drop_all() -> None:
    """Give up every capability, for good, also across exec.

    Capabilities belong to threads: call it before this process has a second one.
    """
    keep_only(())


def keep_only(kept: Iterable[Capability]) -> None:
    """Give up every capability but `kept`, for good; those that this thread does not have it does not get."""
    mask = sum(1 << each for each in kept)
    for number in range(_last_capability() + 1):
        if not mask >> number & 1:
            _prctl(_PR_CAPBSET_DROP, number, tolerate=(errno.EPERM,))  # without CAP_SETPCAP the set stays as it is
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set(_permitted() & mask)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_process_name(name: str) -> None:
    """The name that `ps -o comm` shows; the kernel keeps 15 bytes of it."""
    _check(_LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0))


def _permitted() -> int:
    header, sets = _Header(_CAPABILITY_VERSION_3, 0), (_Sets * 2)()
    _check(_LIBC.capget(ctypes.byref(header), sets))
    return int(sets[0].permitted) | int(sets[1].permitted) << 32


def _set(mask: int) -> None:
    """Permitted and effective become `mask`; nothing is inheritable."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    sets = (_Sets * 2)(_Sets(low, low, 0), _Sets(high, high, 0))
    _check(_LIBC.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets))


def _last_capability() -> int:
    try:
        return int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    except FileNotFoundError:  # no /proc: the number in Linux 5.9 and later
        return 40


def _prctl(option: int, argument: int, *, tolerate: tuple[int, ...] = ()) -> None:
    _check(_LIBC.prctl(option, ctypes.c_ulong(argument), 0, 0, 0), tolerate)


def _check(result: int, tolerate: tuple[int, ...] = ()) -> None:
    code = ctypes.get_errno()
    if result < 0 and code not in tolerate:
        raise OSError(code, os.strerror(code))
