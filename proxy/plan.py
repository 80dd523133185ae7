"""Pure: the way from what is applied to what is desired, as steps in the one order that never collides.

What goes is freed before anything new is claimed: first sockets, then their addresses; then come new addresses, and
last the sockets on them. Frontends that stay have their reference replaced in between; no socket is touched for it.
"""

from collections.abc import Collection
from typing import NamedTuple

from .desired import Desired
from .model import Frontend, FrontendKey, FrontendState, FrontendStatus, Protocol, ServicePortName


class Plan(NamedTuple):
    """The fields are the steps, in their order; `gone` are the service ports that nothing may be remembered of."""

    close: tuple[FrontendKey, ...]
    update: tuple[Frontend, ...]
    release: frozenset[str]
    claim: frozenset[str]
    open: tuple[Frontend, ...]
    gone: frozenset[ServicePortName] = frozenset()


def plan(applied: Desired, desired: Desired, protocols: Collection[Protocol]) -> Plan:
    """What to do; `protocols` are those that can be proxied. A frontend that refuses everybody has no socket."""
    before, after = applied.frontends, desired.frontends
    vanished = [key for key in before if key not in after]
    close = [key for key in vanished if wants_socket(before[key], protocols)]
    update: list[Frontend] = []
    opened: list[Frontend] = []
    for frontend in [each for key, each in after.items() if before.get(key) is not each]:
        key = frontend.key
        old = before.get(key)
        match old is not None and wants_socket(old, protocols), wants_socket(frontend, protocols):
            case True, True if old != frontend:
                update.append(frontend)
            case True, False:
                close.append(key)
            case False, True:
                opened.append(frontend)
    gone = _gone(applied, desired, vanished, update)
    return Plan(
        tuple(sorted(close)),
        tuple(update),
        applied.claims - desired.claims,
        desired.claims - applied.claims,
        tuple(opened),
        gone,
    )


def _gone(
    applied: Desired, desired: Desired, vanished: Collection[FrontendKey], updated: Collection[Frontend]
) -> frozenset[ServicePortName]:
    """The service ports without any frontend left: some key of theirs vanished, or went to another Service."""
    suspects = {applied.frontends[key].service for key in vanished}
    suspects |= {before.service for new in updated if (before := applied.frontends[new.key]).service != new.service}
    if not suspects:
        return frozenset()
    return frozenset(suspects - {frontend.service for frontend in desired.frontends.values()})


def wants_socket(frontend: Frontend, protocols: Collection[Protocol]) -> bool:
    """Whether a socket should be open for the frontend."""
    return frontend.key.protocol in protocols and not frontend.is_rejected


def is_dropped(frontend: Frontend) -> bool:
    """Whether nobody is served and everybody times out."""
    return not frontend.internal and not frontend.external and not frontend.is_rejected


def status_when_open(frontend: Frontend, protocols: Collection[Protocol], *, is_limited: bool = True) -> FrontendStatus:
    """The status of a frontend for which all went well.

    `is_limited` says that the kernel drops the packets of those who may not come in, as far as there are any.
    """
    if frontend.key.protocol not in protocols:
        return FrontendStatus(FrontendState.UNSUPPORTED, f"{frontend.key.protocol} is not proxied")
    if frontend.is_rejected:
        return FrontendStatus(FrontendState.REJECTING, "no endpoints: connections are refused")
    if is_dropped(frontend):
        return FrontendStatus(FrontendState.DROPPING, "no endpoint on this node: connections time out")
    shut_out = _shut_out(frontend)
    if not shut_out:
        return FrontendStatus(FrontendState.SERVING)
    times_out = is_limited or frontend.key.protocol is not Protocol.TCP  # a UDP listener discards by itself
    fate = "time out" if times_out else "are reset: to drop their packets takes CAP_NET_ADMIN"
    return FrontendStatus(FrontendState.SERVING, f"{shut_out} {fate}")


def _shut_out(frontend: Frontend) -> str:
    """Who is not served where others are."""
    if not frontend.external:
        return "no endpoint on this node: clients from outside the cluster"
    return "clients outside loadBalancerSourceRanges" if frontend.source_ranges else ""
