"""Pure: what the kernel's error numbers mean for the choice of an endpoint."""

import errno

from .counters import DialOutcome

# The errnos that say "not now" rather than "never": trio's ACCEPT_CAPACITY_ERRNOS.
EXHAUSTION = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# What `connect` and SO_ERROR say, and for UDP also `send` and `recv`, which hear of earlier datagrams.
OUTCOMES = {
    errno.ECONNREFUSED: DialOutcome.REFUSED,
    errno.ECONNRESET: DialOutcome.REFUSED,
    errno.EPIPE: DialOutcome.REFUSED,  # a reset after its FIN: it took the connection, and was gone before it was used
    errno.ECONNABORTED: DialOutcome.REFUSED,  # likewise, where the kernel has told the reset before
    errno.ETIMEDOUT: DialOutcome.TIMED_OUT,
    errno.EHOSTUNREACH: DialOutcome.UNREACHABLE,
    errno.ENETUNREACH: DialOutcome.UNREACHABLE,
    errno.EHOSTDOWN: DialOutcome.UNREACHABLE,
    errno.ENETDOWN: DialOutcome.UNREACHABLE,
    errno.ENONET: DialOutcome.UNREACHABLE,
    errno.EAFNOSUPPORT: DialOutcome.UNREACHABLE,  # this host has no IPv6
    errno.EINVAL: DialOutcome.UNREACHABLE,  # a link-local address without a scope
    errno.ENOPROTOOPT: DialOutcome.UNREACHABLE,
    errno.EOPNOTSUPP: DialOutcome.UNREACHABLE,
    errno.EPROTO: DialOutcome.UNREACHABLE,
    errno.EACCES: DialOutcome.PROHIBITED,
    errno.EPERM: DialOutcome.PROHIBITED,
    errno.EADDRNOTAVAIL: DialOutcome.NO_PORTS,
    errno.EAGAIN: DialOutcome.NO_PORTS,
    **dict.fromkeys(EXHAUSTION, DialOutcome.NO_DESCRIPTORS),
}

OURS = frozenset({DialOutcome.NO_PORTS, DialOutcome.NO_DESCRIPTORS})  # the endpoint is not to blame


def known_errno(error: OSError) -> int:
    """The error's number, if `OUTCOMES` knows what it means; the error is raised again otherwise."""
    if error.errno not in OUTCOMES:
        raise error
    return error.errno
