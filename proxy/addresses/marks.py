"""Pure: the marks by which each program of ours knows its own routes and devices again, also after a crash."""

from enum import Enum
from typing import NamedTuple


class Mark(NamedTuple):
    """What a route, a device and the lock of one program bear; two programs with different marks do not collide."""

    protocol: int  # of routes (rtm_protocol); see `ip route show table all proto NUMBER`
    device: str  # at most 15 characters, IFNAMSIZ


class Marks(Enum):
    """One mark for each program that may run beside another in one network namespace.

    The numbers are free in iproute2's `rt_protos`, where the well-known routing daemons are listed.
    """

    NODE = Mark(196, "clusterless")
    DNS = Mark(197, "clusterless-dns")
    LOAD_BALANCER = Mark(198, "clusterless-lb")


OUR_DEVICES = frozenset(each.value.device for each in Marks)
OUR_PROTOCOLS = frozenset(each.value.protocol for each in Marks)
