"""I/O: what is measured of relays of datagrams."""

from collections.abc import Iterator

from .contestants import Contestant
from .generators import datagrams
from .model import OURS, Sample
from .relays import NGINX, NOBODY
from .rounds import Workload
from .world import CLIENTS, ECHO_PORT, FLOW_PORT

DATAGRAMS, FLOWS = "UDP round trips, 16 flows", "UDP, new flows"
_SECONDS = 1.0


def relayed(*, quick: bool) -> Iterator[Workload]:
    """Datagrams through one flow table, there and back, and new flows."""
    yield Workload(DATAGRAMS, "1/s", _kept, (NOBODY, NGINX, OURS), work_unit="1,000 datagrams")
    if not quick:
        yield Workload(FLOWS, "1/s", _new, (NOBODY, NGINX, OURS), work_unit="1,000 flows")


def _kept(each: Contestant) -> Sample:
    sample = datagrams("kept", each.bulk(), ECHO_PORT, "16", 16, _SECONDS)
    return sample._replace(work=sample.work / 1000)


def _new(each: Contestant) -> Sample:
    sample = datagrams("new", each.bulk(), FLOW_PORT, CLIENTS, 128, _SECONDS)
    return sample._replace(work=sample.work / 1000)
