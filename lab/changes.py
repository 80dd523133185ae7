"""Pure: how a lab gets from one topology to the next, keeping whatever can stay."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from controlplane.objects import NamespacedName

from .topology import Host, Topology


class Changes(NamedTuple):
    """In the order in which they are made."""

    gone: tuple[Host, ...] = ()  # what hangs on a router before the router
    come: tuple[Host, ...] = ()  # routers before what hangs on them
    rerouted: tuple[tuple[Host, Host], ...] = ()  # as it was and as it is: behind it is something else
    restarted: tuple[Host, ...] = ()  # it stays where it is, and runs something else


def changes(before: Topology, after: Topology, other: AbstractSet[NamespacedName] = frozenset()) -> Changes:
    """What to do; `other` are pods that are not what they were although their hosts look the same."""
    old = {host.name: host for host in before.hosts}
    moved = _moved(old, after.hosts)
    stays = [(old[host.name], host) for host in after.hosts if host.name in old and host.name not in moved]
    names = {host.name for host in after.hosts}
    return Changes(
        gone=tuple(host for host in reversed(before.hosts) if host.name not in names or host.name in moved),
        come=tuple(host for host in after.hosts if host.name not in old or host.name in moved),
        rerouted=tuple((one, two) for one, two in stays if one.routes != two.routes),
        restarted=tuple(two for one, two in stays if _runs_other(one, two) or two.pod in other),
    )


def _moved(old: dict[str, Host], hosts: Iterable[Host]) -> set[str]:
    """The hosts that need a new place, be it because what they hang on has one; routers come first among the hosts."""
    moved: set[str] = set()
    for host in hosts:
        before = old.get(host.name)
        below = {host.router, host.in_network_of}
        if before is not None and (_place(before) != _place(host) or below & moved):
            moved.add(host.name)
    return moved


def _place(host: Host) -> tuple[object, ...]:
    return host.role, host.addresses, host.router, host.gateways, host.in_network_of


def _runs_other(one: Host, two: Host) -> bool:
    return (one.hostname, one.ports, one.node, one.pod) != (two.hostname, two.ports, two.node, two.pod)
