"""I/O: what is measured of relays of datagrams."""

from collections.abc import Iterator

from .contestants import Contestant
from .generators import datagrams
from .model import Sample
from .rounds import Workload
from .titles import DATAGRAMS, FLOWS, NGINX, NOBODY, OURS
from .world import CLIENTS, ECHO_PORT, FLOW_PORT

_SECONDS = 1.0


def relayed(*, quick: bool) -> Iterator[Workload]:
    """Datagrams through one flow table, there and back, and new flows."""
    yield Workload(DATAGRAMS, "1/s", _kept, (NOBODY, NGINX, OURS), work_unit="1,000 datagrams")
    if not quick:
        yield Workload(FLOWS, "1/s", _new, (NOBODY, NGINX, OURS), work_unit="1,000 flows")


def _kept(each: Contestant) -> Sample:
    sample = datagrams("kept", each.bulk(), ECHO_PORT, what="16", window=16, seconds=_SECONDS)
    return sample._replace(work=sample.work / 1000)


def _new(each: Contestant) -> Sample:
    sample = datagrams("new", each.bulk(), FLOW_PORT, what=CLIENTS, window=128, seconds=_SECONDS)
    return sample._replace(work=sample.work / 1000)
